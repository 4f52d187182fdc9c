import * as vscode from 'vscode';
import type { Hunk } from '../core/hunks.ts';
import type { RewindStep } from '../core/rewindPlan.ts';
import { counted, oneLine } from '../core/timelineWords.ts';
import { baseName, type WorkspacePath } from '../model/workspacePath.ts';
import type { SessionFolder } from '../services/sessions.ts';
import { absoluteUri } from './fileActions.ts';
import { pastFileUri } from './pastFiles.ts';
import type { Choice, Prompts } from './prompts.ts';
import { shownPath } from './shownPath.ts';

/**
 * Looking at what a step of a plan would do to a file, and choosing from it, change by change. The editor's own diff shows
 * the file as it is and as it would be; it goes again when the plan is decided.
 */
export class StepViewer {
  readonly #folders: readonly SessionFolder[];
  readonly #shown = new Map<WorkspacePath, vscode.Uri>();

  constructor(folders: readonly SessionFolder[]) {
    this.#folders = folders;
  }

  /** Shows the step, at that hunk; the focus stays where it is. */
  async show(step: RewindStep, hunk?: Hunk): Promise<void> {
    const { t } = vscode.l10n;
    const now = absoluteUri(this.#folders, step.path);
    const left = step.from === undefined || now === undefined ? pastFileUri(step.path, step.from?.hash, 'now', now) : now;
    const right = pastFileUri(step.path, step.to?.hash, t('after'), now);
    this.#shown.set(step.path, right);
    const selection = hunk === undefined ? undefined : new vscode.Range(hunk.toAt, 0, hunk.toAt + Math.max(0, hunk.added.length - 1), 0);
    await vscode.commands.executeCommand('vscode.diff', left, right, t('{0} (now ↔ after)', baseName(step.path)), {
      preview: true,
      preserveFocus: true,
      ...(selection === undefined ? {} : { selection }),
    });
  }

  /** Closes what it showed. */
  async close(): Promise<void> {
    const uris = new Set([...this.#shown.values()].map(String));
    const tabs = vscode.window.tabGroups.all
      .flatMap((group) => group.tabs)
      .filter(({ input }) => input instanceof vscode.TabInputTextDiff && uris.has(input.modified.toString()));
    if (tabs.length > 0) await vscode.window.tabGroups.close(tabs, true);
    this.#shown.clear();
  }
}

/** Lets the user tick single changes of a text. Undefined: turned away. */
export async function chooseHunks(
  step: RewindStep,
  hunks: readonly Hunk[],
  taken: ReadonlySet<number>,
  prompts: Prompts,
  viewer: StepViewer,
): Promise<ReadonlySet<number> | undefined> {
  const { t } = vscode.l10n;
  const choices = hunks.map((hunk, index) => hunkChoice(hunk, index));
  await viewer.show(step, hunks[0]);
  const ticked = await prompts.tick(
    t('Changes in {0}', shownPath(step.path)),
    [
      { heading: t('taken'), isTicked: true, choices: choices.filter(({ value }) => taken.has(value)) },
      { heading: t('left as they are'), isTicked: false, choices: choices.filter(({ value }) => !taken.has(value)) },
    ],
    t('Untick what is to stay as it is in this file'),
    { hasBack: true, onActive: (index) => void viewer.show(step, hunks[index]) },
  );
  return ticked && new Set(ticked);
}

function hunkChoice({ at, removed, added }: Hunk, index: number): Choice<number> {
  const { t } = vscode.l10n;
  const first = [...added, ...removed].find((line) => line.trim() !== '') ?? '';
  return {
    label: oneLine(first, 80) === '' ? t('Empty lines') : oneLine(first, 80),
    icon: removed.length === 0 ? 'diff-added' : added.length === 0 ? 'diff-removed' : 'diff-modified',
    description: `${t('line {0}', at + 1)}  +${added.length} −${removed.length}`,
    value: index,
  };
}

/** How much of a file is taken, in words. */
export function takenWords(taken: number, of: number): string {
  return vscode.l10n.t('{0} of {1}', taken, counted(of, 'change'));
}
