import * as vscode from 'vscode';
import type { Choice, TickExtras, TickGroup } from './choice.ts';
import { pickLive, plain, type FindOptions } from './livePick.ts';
import { pickTicked } from './tickPick.ts';

export type { Choice, TickExtras, TickGroup } from './choice.ts';

export interface Confirmation {
  readonly message: string;
  /** Shown smaller, below: what would happen, file by file. */
  readonly detail: string;
  /** The button that acts; the other one is VS Code's own Cancel. */
  readonly action: string;
  /** A second way to act. */
  readonly otherAction?: string;
}

/**
 * Everything that asks the user goes through here, so that tests in the extension host, where VS Code refuses dialogs,
 * can answer in the user's place. Undefined always means that the user turned away.
 */
export interface Prompts {
  input(options: {
    readonly title: string;
    readonly prompt?: string;
    readonly placeholder?: string;
    readonly value?: string;
    readonly isRequired?: boolean;
    readonly maxLength?: number;
    /** What stands in the box, at each change: all there is of it when it is closed by Escape. */
    readonly onType?: (text: string) => void;
    /** Looked at while it is typed: a problem keeps it from being accepted, a note stands below it. */
    readonly check?: (text: string) => { readonly problem: string } | { readonly note: string };
  }): Promise<string | undefined>;
  /** `onActive`: the user looks at this one, for as long as the list is open. */
  pick<T>(
    title: string,
    choices: readonly Choice<T>[],
    placeholder?: string,
    extras?: { readonly onActive: (value: T) => void },
  ): Promise<T | undefined>;
  /** From a list that is looked up while the user types. Undefined when turned away. */
  find<T>(options: FindOptions<T>): Promise<T | undefined>;
  /** Several, ticked or not, under headings. Undefined when turned away. */
  tick<T>(title: string, groups: readonly TickGroup<T>[], placeholder: string, extras?: TickExtras<T>): Promise<readonly T[] | undefined>;
  confirm(confirmation: Confirmation): Promise<'action' | 'otherAction' | undefined>;
  inform(message: string, ...actions: readonly string[]): Promise<string | undefined>;
  warn(message: string, ...actions: readonly string[]): Promise<string | undefined>;
  fail(message: string, ...actions: readonly string[]): Promise<string | undefined>;
}

const labelOf = ({ label, icon }: Choice<unknown>): string => (icon === undefined ? plain(label) : `$(${icon}) ${plain(label)}`);

export const vscodePrompts: Prompts = {
  async input({ title, prompt, placeholder, value, isRequired = false, maxLength, onType, check }) {
    return vscode.window.showInputBox({
      title,
      ignoreFocusOut: true,
      ...(prompt === undefined ? {} : { prompt }),
      ...(placeholder === undefined ? {} : { placeHolder: placeholder }),
      ...(value === undefined ? {} : { value }),
      validateInput: (text) => {
        onType?.(text);
        if (isRequired && text.trim() === '')
          return { message: vscode.l10n.t('Write a few words, or press Escape.'), severity: vscode.InputBoxValidationSeverity.Info };
        if (maxLength !== undefined && text.length > maxLength) return vscode.l10n.t('At most {0} characters.', maxLength);
        const found = check?.(text);
        if (found === undefined) return undefined;
        return 'problem' in found ? found.problem : { message: found.note, severity: vscode.InputBoxValidationSeverity.Info };
      },
    });
  },
  async pick(title, choices, placeholder, extras) {
    let group: string | undefined;
    const items = choices.flatMap((choice) => {
      const heading =
        choice.group === undefined || choice.group === group ? [] : [{ label: choice.group, kind: vscode.QuickPickItemKind.Separator }];
      group = choice.group;
      const item = {
        label: labelOf(choice),
        ...(choice.description === undefined ? {} : { description: choice.description }),
        ...(choice.detail === undefined ? {} : { detail: choice.detail }),
        choice,
      };
      return [...heading, item];
    });
    const picked = await vscode.window.showQuickPick(items, {
      title,
      matchOnDescription: true,
      matchOnDetail: true,
      ...(placeholder === undefined ? {} : { placeHolder: placeholder }),
      ...(extras !== undefined && {
        // What is shown beside it takes the focus for a moment.
        ignoreFocusOut: true,
        onDidSelectItem: (item: vscode.QuickPickItem | string) => {
          const active = items.find((one) => one === item);
          if (active !== undefined && 'choice' in active) extras.onActive(active.choice.value);
        },
      }),
    });
    return picked !== undefined && 'choice' in picked ? picked.choice.value : undefined;
  },
  find: pickLive,
  tick: pickTicked,
  async confirm({ message, detail, action, otherAction }) {
    const actions = otherAction === undefined ? [action] : [action, otherAction];
    const answer = await vscode.window.showWarningMessage(message, { modal: true, detail }, ...actions);
    if (answer === undefined) return undefined;
    return answer === action ? 'action' : 'otherAction';
  },
  inform: async (message, ...actions) => vscode.window.showInformationMessage(message, ...actions),
  warn: async (message, ...actions) => vscode.window.showWarningMessage(message, ...actions),
  fail: async (message, ...actions) => vscode.window.showErrorMessage(message, ...actions),
};
