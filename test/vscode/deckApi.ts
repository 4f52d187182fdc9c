import path from 'node:path';
import * as vscode from 'vscode';
import type { TapedeckApi } from '../../src/extension.ts';
import type { Choice, Prompts, TickGroup } from '../../src/host/prompts.ts';

export async function openApi(): Promise<TapedeckApi> {
  const api = (await vscode.extensions.getExtension('tapedeck.tapedeck')!.activate()) as TapedeckApi;
  await api.whenReady;
  // From here on the files are known and watched.
  await api.deck().recorder?.whenReady;
  return api;
}

export function pathInWorkspace(relative: string): string {
  return path.join(vscode.workspace.workspaceFolders![0]!.uri.fsPath, relative);
}

/** What the user will say, in order; each question takes one. */
export interface Answers {
  input?: (string | undefined)[];
  confirm?: ('action' | 'otherAction' | undefined)[];
  /** The label of the entry to choose, or what finds it. */
  pick?: (string | ((choice: Choice<unknown>) => boolean))[];
  /** The choices that were offered last, filled in here. */
  picked?: readonly Choice<unknown>[];
  /** What to do about an agent at work: wait, interrupt. */
  whileAtWork?: string | undefined;
  /** How that was asked last, filled in here. */
  atWork?: string;
  /** Buttons to press in the next lists to tick, each `label: button`. */
  press?: string[];
  /** Labels to leave unticked in the next list. */
  untick?: string[];
  /** Texts to search for; the first that is found is taken. */
  find?: string[];
  /** The lines that were found last, filled in here. */
  found?: string[];
  /** What the user was told, filled in here. */
  told?: string[];
  /** What was given to tick last, filled in here. */
  ticked?: readonly TickGroup<unknown>[];
}

/** Answers in the user's place. A question without an answer at hand is turned away. */
export function answering(answers: Answers): Prompts {
  return {
    input: async () => answers.input?.shift(),
    pick: async (title, choices) => {
      // An agent that is at work is let work on, unless something else is said.
      const goOn = choices.find(({ value }) => value === 'anyway');
      if (goOn !== undefined && / at work/.test(title)) {
        answers.atWork = title;
        return (answers.whileAtWork === undefined ? goOn : choices.find(({ value }) => value === answers.whileAtWork))?.value;
      }
      answers.picked = choices;
      const wanted = answers.pick?.shift();
      return choices.find((choice) => (typeof wanted === 'function' ? wanted(choice) : choice.label === wanted))?.value;
    },
    // Ticks everything that can be ticked, conflicts too, but what is to be left.
    tick: async (_title, groups, _placeholder, extras) => {
      const choices = groups.flatMap((group) => group.choices);
      for (const choice of choices)
        for (const { id } of choice.buttons ?? []) {
          const index = answers.press?.indexOf(`${choice.label}: ${id}`) ?? -1;
          if (index < 0) continue;
          answers.press!.splice(index, 1);
          await extras?.onButton?.(choice.value, id);
        }
      answers.ticked = groups;
      const left = answers.untick ?? [];
      answers.untick = [];
      return choices.filter(({ label }) => !left.includes(label)).map(({ value }) => value);
    },
    // Types the text, waits until all is found, and takes the first.
    async find({ look }) {
      const text = answers.find?.shift();
      if (text === undefined) return undefined;
      let first;
      for await (const { items } of look({ text, on: new Set(['sessions']), count: 50, signal: new AbortController().signal })) {
        answers.found = items.map(({ line }) => line);
        first = items[0]?.value;
      }
      return first;
    },
    confirm: async () => answers.confirm?.shift(),
    inform: async (message, ...actions) => tell(answers, 'inform', [message, ...actions].join(' | ')),
    warn: async (message) => tell(answers, 'warn', message),
    fail: async (message) => tell(answers, 'fail', message),
  };
}

function tell(answers: Answers, how: 'inform' | 'warn' | 'fail', message: string): undefined {
  answers.told?.push(`${how}: ${message}`);
}

/** Waits until `look` finds something. */
export async function eventually<T>(look: () => Promise<T | undefined>, limitMs = 20_000): Promise<T> {
  const end = Date.now() + limitMs;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > end) throw new Error('It did not happen in time.');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
