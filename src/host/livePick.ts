import * as vscode from 'vscode';
import { Delayer } from '../base/delayer.ts';
import { DisposableStore } from '../base/disposable.ts';

/** What is looked for while the user types. */
export interface FindRequest {
  readonly text: string;
  /** The ids of the toggles that are on. */
  readonly on: ReadonlySet<string>;
  /** At most so many. */
  readonly count: number;
  readonly signal: AbortSignal;
}

/** One thing that was found. */
export interface FoundItem<T> {
  /** One line in which the text stands. */
  readonly line: string;
  readonly description: string;
  readonly icon: string;
  readonly value: T;
}

export interface FoundItems<T> {
  /** In the order in which they are shown. */
  readonly items: readonly FoundItem<T>[];
  readonly hasMore: boolean;
  /** How much was looked through, 0 to 1. */
  readonly share: number;
}

export interface FindOptions<T> {
  readonly title: (on: ReadonlySet<string>, share: number | undefined) => string;
  readonly placeholder: string;
  readonly toggles: readonly {
    readonly id: string;
    readonly icon: string;
    readonly isOn: boolean;
    readonly tooltip: (isOn: boolean) => string;
  }[];
  /** Everything found so far, again and again, until all is. */
  readonly look: (request: FindRequest) => AsyncIterable<FoundItems<T>>;
  /** What is said when nothing is found, and the toggle that Enter then turns. */
  readonly ifNothing: (on: ReadonlySet<string>) => { readonly label: string; readonly detail?: string; readonly toggle?: string };
  readonly onFailed: (error: unknown) => void;
  /** Looks for everything, too, while nothing is typed. */
  readonly looksForAll?: boolean;
}

type Item<T> = vscode.QuickPickItem & { readonly found?: FoundItem<T>; readonly isMore?: boolean; readonly toggle?: string };

const pauseMs = 120;
const longestPauseMs = 400;
const pageChoices = 50;

/**
 * A quick pick whose list is looked up anew while the user types. The order is that of the answer: VS Code sorts by where a
 * label matches, so what can match stands in the detail, where VS Code marks it.
 */
export function pickLive<T>({
  title,
  placeholder,
  toggles,
  look,
  ifNothing,
  onFailed,
  looksForAll = false,
}: FindOptions<T>): Promise<T | undefined> {
  const disposables = new DisposableStore();
  const pick = disposables.add(vscode.window.createQuickPick<Item<T>>());
  const on = new Set(toggles.filter(({ isOn }) => isOn).map(({ id }) => id));
  let count = pageChoices;
  let running = new AbortController();

  const show = ({ items: found, hasMore }: FoundItems<T>): void => {
    const items: Item<T>[] = found.map((item) => ({
      label: `$(${item.icon})`,
      description: plain(item.description),
      detail: plain(item.line),
      alwaysShow: true,
      found: item,
    }));
    if (hasMore) items.push({ label: `$(ellipsis) ${vscode.l10n.t('Show more')}`, alwaysShow: true, isMore: true });
    const active = keyOf(pick.activeItems[0]);
    pick.keepScrollPosition = count > pageChoices;
    pick.items = items;
    // What was chosen while results came in stays chosen.
    const same = items.find((item) => active !== undefined && keyOf(item) === active);
    if (same !== undefined) pick.activeItems = [same];
  };

  const refresh = async (): Promise<void> => {
    running.abort();
    const own = new AbortController();
    running = own;
    const text = pick.value;
    if (text === '' && !looksForAll) {
      pick.busy = false;
      pick.title = title(on, undefined);
      pick.items = [];
      return;
    }
    pick.busy = true;
    try {
      for await (const found of look({ text, on, count, signal: own.signal })) {
        if (own.signal.aborted) return;
        pick.title = title(on, found.share);
        show(found);
      }
    } catch (error) {
      if (own.signal.aborted) return;
      onFailed(error);
      pick.items = [{ label: '$(error)', alwaysShow: true, detail: plain(error instanceof Error ? error.message : String(error)) }];
    }
    if (own.signal.aborted) return;
    pick.title = title(on, undefined);
    pick.busy = false;
    if (pick.items.length === 0) {
      const { label, detail, toggle } = ifNothing(on);
      pick.items = [
        {
          label: `$(info) ${label}`,
          alwaysShow: true,
          ...(detail === undefined ? {} : { detail }),
          ...(toggle === undefined ? {} : { toggle }),
        },
      ];
    }
  };
  const turn = (toggle: string): void => {
    if (!on.delete(toggle)) on.add(toggle);
    buttons();
    void refresh();
  };
  const soon = disposables.add(new Delayer(() => void refresh(), pauseMs, longestPauseMs));

  const buttons = (): void => {
    pick.title = title(on, undefined);
    pick.buttons = toggles.map(({ id, icon, tooltip }) => ({ iconPath: new vscode.ThemeIcon(icon), tooltip: tooltip(on.has(id)) }));
  };
  pick.placeholder = placeholder;
  pick.matchOnDetail = true;
  buttons();

  return new Promise((resolve) => {
    disposables.add(
      pick.onDidChangeValue(() => {
        count = pageChoices;
        // What is no longer wanted is not searched to its end.
        running.abort();
        soon.request();
      }),
    );
    disposables.add(
      pick.onDidTriggerButton((button) => {
        const toggle = toggles[pick.buttons.indexOf(button)];
        if (toggle !== undefined) turn(toggle.id);
      }),
    );
    disposables.add(
      pick.onDidAccept(() => {
        const item = pick.selectedItems[0] ?? pick.activeItems[0];
        if (item?.isMore === true) {
          count += pageChoices;
          void refresh();
        } else if (item?.toggle !== undefined) {
          turn(item.toggle);
        } else if (item?.found !== undefined) {
          resolve(item.found.value);
          pick.hide();
        }
      }),
    );
    disposables.add(
      pick.onDidHide(() => {
        resolve(undefined);
        running.abort();
        disposables.dispose();
      }),
    );
    pick.show();
    if (looksForAll) void refresh();
  });
}

/** The same thing that was found again is another object. */
const keyOf = (item: Item<unknown> | undefined): string | undefined =>
  item?.found === undefined ? undefined : JSON.stringify([item.found.description, item.found.line]);

/** A text of the log is no icon. */
export const plain = (text: string): string => text.replaceAll('$(', String.raw`\$(`);
