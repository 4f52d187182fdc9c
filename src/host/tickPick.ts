import * as vscode from 'vscode';
import { DisposableStore } from '../base/disposable.ts';
import type { Choice, TickExtras, TickGroup } from './choice.ts';
import { plain } from './livePick.ts';

type Item<T> = vscode.QuickPickItem & { readonly choice?: Choice<T> };

/**
 * A list in which several things are ticked. A button of an item acts while the list stays, or, where the list must make
 * room for another question, comes back when that is answered.
 */
export function pickTicked<T>(
  title: string,
  groups: readonly TickGroup<T>[],
  placeholder: string,
  { onActive, onButton, hasBack = false }: TickExtras<T> = {},
): Promise<readonly T[] | undefined> {
  const disposables = new DisposableStore();
  const pick = disposables.add(vscode.window.createQuickPick<Item<T>>());
  pick.title = title;
  pick.placeholder = placeholder;
  pick.canSelectMany = true;
  pick.matchOnDescription = true;
  pick.ignoreFocusOut = true;
  if (hasBack) pick.buttons = [vscode.QuickInputButtons.Back];
  const buttons = new Map<vscode.QuickInputButton, string>();
  const itemOf = (choice: Choice<T>): Item<T> => ({
    label: choice.icon === undefined ? plain(choice.label) : `$(${choice.icon}) ${plain(choice.label)}`,
    ...(choice.description === undefined ? {} : { description: plain(choice.description) }),
    ...(choice.detail === undefined ? {} : { detail: plain(choice.detail) }),
    buttons: (choice.buttons ?? []).map(({ id, icon, tooltip }) => {
      const button = { iconPath: new vscode.ThemeIcon(icon), tooltip };
      buttons.set(button, id);
      return button;
    }),
    choice,
  });
  const shown = groups.filter(({ choices }) => choices.length > 0);
  pick.items = shown.flatMap(({ heading, choices }): Item<T>[] => [
    { label: heading, kind: vscode.QuickPickItemKind.Separator },
    ...choices.map(itemOf),
  ]);
  const ticked = new Set(shown.filter(({ isTicked }) => isTicked).flatMap(({ choices }) => choices));
  pick.selectedItems = pick.items.filter(({ choice }) => choice !== undefined && ticked.has(choice));

  /** Puts a changed item in the old one's place; what was ticked stays so. */
  const replace = (old: Item<T>, { isTicked, ...change }: Partial<Choice<T>> & { readonly isTicked?: boolean }): void => {
    const next = itemOf({ ...old.choice!, ...change });
    const selected = pick.selectedItems.filter((item) => item !== old);
    const isSelected = isTicked ?? pick.selectedItems.includes(old);
    pick.items = pick.items.map((item) => (item === old ? next : item));
    pick.selectedItems = isSelected ? [...selected, next] : selected;
    pick.activeItems = [next];
  };

  return new Promise((resolve) => {
    let isAway = false;
    const end = (answer: readonly T[] | undefined): void => {
      resolve(answer);
      disposables.dispose();
    };
    if (onActive !== undefined)
      disposables.add(
        pick.onDidChangeActive(([item]) => {
          if (item?.choice !== undefined) onActive(item.choice.value);
        }),
      );
    disposables.add(
      pick.onDidTriggerItemButton(async ({ item, button }) => {
        const id = buttons.get(button);
        if (id === undefined || item.choice === undefined || onButton === undefined) return;
        const asks = item.choice.buttons?.find((one) => one.id === id)?.asks === true;
        if (asks) {
          isAway = true;
          pick.hide();
        }
        try {
          const change = await onButton(item.choice.value, id);
          if (change !== undefined) replace(item, change);
        } finally {
          isAway = false;
          if (asks) pick.show();
        }
      }),
    );
    disposables.add(pick.onDidTriggerButton(() => end(undefined)));
    disposables.add(pick.onDidAccept(() => end(pick.selectedItems.flatMap(({ choice }) => (choice === undefined ? [] : [choice.value])))));
    disposables.add(
      pick.onDidHide(() => {
        if (!isAway) end(undefined);
      }),
    );
    pick.show();
  });
}
