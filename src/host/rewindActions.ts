import path from 'node:path';
import * as vscode from 'vscode';
import { settleRewind, type RewindChoice, type RewindPlan, type RewindSkip, type RewindStep } from '../core/rewindPlan.ts';
import { authorWord, describeConflict, describeSkip, stepVerb } from '../core/rewindText.ts';
import { isInsideFolder, joinWorkspacePath, type WorkspacePath } from '../model/workspacePath.ts';
import { DisposableStore } from '../base/disposable.ts';
import type { Outcome } from '../protocol/messages.ts';
import type { Rewinder, RewindReport } from '../services/rewinder.ts';
import type { SessionFolder } from '../services/sessions.ts';
import type { ActionContext, Actions } from './actions.ts';
import { counted } from '../core/timelineWords.ts';
import { formatTime } from './dateText.ts';
import { findUndoable, withRewinder } from './deckRewinder.ts';
import { absoluteUri } from './fileActions.ts';
import { activeFile, isUnsavedElsewhere } from './openDocuments.ts';
import { done, Refusal, requireFeed, requireRecorder, turnedDown } from './outcome.ts';
import { pastFileOf } from './pastFiles.ts';
import { pickPoint } from './pointPicker.ts';
import type { Choice, Prompts } from './prompts.ts';
import { shownPath } from './shownPath.ts';

/** More files than this are counted in the confirmation, not named: a dialog taller than the screen hides its buttons. */
const filesNamed = 20;

/** Rewinding: the plan first, to tick; then a confirmation that names the files; then the act and its report. */
export function rewindActions({ deck, prompts, trace }: ActionContext): Pick<Actions, 'rewindTo' | 'rewindFileOf' | 'undoRewind'> {
  const { t } = vscode.l10n;

  const report = (result: RewindReport, what: string): Outcome => {
    if (!result.ok) {
      trace(`Rewind ${result.id} failed: ${JSON.stringify(result)}`);
      const left = result.left.map((file) => shownPath(file.path)).join(', ');
      const message = result.message.replace(/[.\s]+$/, '');
      if (!result.rolledBack)
        throw new Error(
          t(
            '{0}. These files are neither as before nor as wanted: {1}. They are put right when the window is loaded again.',
            message,
            left,
          ),
        );
      throw new Error(
        t('Nothing was changed. {0}. {1}', message, whatHelps(/\b(E[A-Z]{3,})\b/.exec(result.message)?.[1] ?? result.reason)),
      );
    }
    if (result.unrecorded !== undefined)
      void prompts().warn(
        t('The files are rewound, but the log could not take it yet. It is added when the window is loaded again. {0}', result.unrecorded),
      );
    const undo = t('Undo');
    void prompts()
      .inform(what, ...(result.event === undefined ? [] : [undo]))
      .then((answer) => (answer === undo ? vscode.commands.executeCommand('tapedeck.undoRewind') : undefined));
    return done;
  };

  const rewindTo: Actions['rewindTo'] = async (event, file) => {
    requireRecorder(deck());
    const feed = await requireFeed(deck());
    const target = event ?? (await pickPoint(feed, prompts(), file === undefined ? t('Rewind to…') : t('Rewind {0} to…', shownPath(file))));
    if (target === undefined) return turnedDown;
    return withRewinder(deck(), feed, async (rewinder) => {
      const plan = await rewinder.plan(target, file === undefined ? undefined : [file]);
      const when = formatTime(plan.targetAt);
      if (plan.steps.length === 0) {
        void prompts().inform(
          plan.skips.length === 0
            ? t('Nothing to rewind: the files are as they were at {0}.', when)
            : t('Nothing can be rewound. {0}', nameFirst(plan.skips)),
        );
        return done;
      }
      const choice = await choose(plan, prompts(), t('Rewind to {0}', when));
      if (choice === undefined) return turnedDown;
      const { steps, skips } = settleRewind(plan, choice);
      if (steps.length === 0) return turnedDown;
      refuseUnsaved(steps);
      const answer = await prompts().confirm({
        message:
          steps.length === 1
            ? t('Rewind {0} to {1}?', shownPath(steps[0]!.path), when)
            : t('Rewind {0} to {1}?', counted(steps.length, 'file'), when),
        detail: `${nameSteps(steps)}${nameSkips(skips)}\n\n${t('What is there now is saved first: Undo Rewind gives it back. Git is not touched.')}`,
        action: t('Rewind'),
      });
      if (answer === undefined) return turnedDown;
      const result = await rewinder.apply(plan, choice);
      return report(result, result.ok ? t('Rewound {0} to {1}.', counted(result.written + result.deleted, 'file'), when) : '');
    });
  };

  const undo = async (rewinder: Rewinder, rewind: string): Promise<Outcome> => {
    const plan = await rewinder.planUndo(rewind);
    if (plan === undefined) throw new Refusal(t('There is no rewind to undo.'));
    if (plan.steps.length === 0) throw new Refusal(t('There is nothing to undo: all files are as they were before the rewind.'));
    const conflicts = plan.steps.filter((step) => step.conflict !== undefined);
    const choice = conflicts.length === 0 ? {} : await choose(plan, prompts(), t('Undo Rewind'));
    if (choice === undefined) return turnedDown;
    const { steps, skips } = settleRewind(plan, choice);
    if (steps.length === 0) return turnedDown;
    refuseUnsaved(steps);
    const answer = await prompts().confirm({
      message: t('Undo the rewind of {0}?', steps.length === 1 ? shownPath(steps[0]!.path) : counted(steps.length, 'file')),
      detail: `${t('Each gets back what was there before.')}\n\n${nameSteps(steps)}${nameSkips(skips)}`,
      action: t('Undo Rewind'),
    });
    if (answer === undefined) return turnedDown;
    const result = await rewinder.apply(plan, choice);
    return report(result, result.ok ? t('The rewind is undone: {0} back.', counted(result.written + result.deleted, 'file')) : '');
  };

  /** What such an editor holds can't be saved first, so it would be lost. */
  const refuseUnsaved = (steps: readonly RewindStep[]): void => {
    const unsaved = steps.find(({ path: file }) => {
      const uri = absoluteUri(deck().folders, file);
      return uri !== undefined && isUnsavedElsewhere(uri.fsPath);
    });
    if (unsaved !== undefined)
      throw new Refusal(
        t('{0} has unsaved changes in its editor. Save it or revert it, or untick it, then rewind again.', shownPath(unsaved.path)),
      );
  };

  return {
    rewindTo,
    async rewindFileOf(target) {
      const wanted = target ?? activeFile();
      if (wanted === undefined) throw new Refusal(t('Open a file first, or choose one in the Explorer.'));
      const file = pastFileOf(wanted) ?? workspacePathOf(deck().folders, wanted.fsPath);
      if (file === undefined)
        throw new Refusal(t('{0} is not in a folder that is recorded. Choose a file of this workspace.', wanted.fsPath));
      return rewindTo(undefined, file);
    },
    async undoRewind() {
      requireRecorder(deck());
      await requireFeed(deck());
      const disposables = new DisposableStore();
      try {
        const found = await findUndoable(deck(), disposables);
        if (found === undefined) throw new Refusal(t('There is no rewind to undo.'));
        return await withRewinder(deck(), found.session, (rewinder) => undo(rewinder, found.rewind));
      } finally {
        disposables.dispose();
      }
    },
  };
}

/** What to do when a rewind did not happen, by the reason of its report. */
function whatHelps(reason: string): string {
  const { t } = vscode.l10n;
  switch (reason) {
    case 'busy':
      return t('Wait a moment and try again; if it stays so, reload the window.');
    case 'changed-meanwhile':
      return t('Something writes to these files right now: try again when it is done.');
    case 'ENOSPC':
    case 'EDQUOT':
      return t('Free some space on the disk, then try again.');
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
    case 'EBUSY':
      return t('Close what holds the file or allow writing to it, then try again, or untick it.');
    default:
      return t('Try again, or untick the file that stands in the way.');
  }
}

/** Shows the whole plan, to tick. Conflicts begin unticked. One single clear file needs no list: its confirmation names it. */
async function choose(plan: RewindPlan, prompts: Prompts, title: string): Promise<RewindChoice | undefined> {
  const { t } = vscode.l10n;
  if (plan.steps.length === 1 && plan.steps[0]!.conflict === undefined) return {};
  const item = (step: RewindStep): Choice<WorkspacePath> => ({
    label: shownPath(step.path),
    icon: icons[stepVerb(step)],
    description: [...(step.conflict === undefined ? [] : [describeConflict(step.conflict)]), ...new Set(step.authors.map(authorWord))].join(
      ' · ',
    ),
    value: step.path,
  });
  const clear = plan.steps.filter(({ conflict }) => conflict === undefined);
  const ticked = await prompts.tick(
    title,
    [
      { heading: t('write'), isTicked: true, choices: clear.filter(({ act }) => act === 'write').map(item) },
      { heading: t('delete'), isTicked: true, choices: clear.filter(({ act }) => act === 'delete').map(item) },
      {
        heading: t('conflicts: changed by someone else; what is there now is saved first'),
        isTicked: false,
        choices: plan.steps.filter(({ conflict }) => conflict !== undefined).map(item),
      },
    ],
    t('Untick what is to stay as it is'),
  );
  if (ticked === undefined) return undefined;
  const taken = new Set(ticked);
  return { files: new Map(plan.steps.map(({ path: file }) => [file, taken.has(file) ? 'take' : 'skip'])) };
}

const icons: Readonly<Record<ReturnType<typeof stepVerb>, string>> = {
  create: 'diff-added',
  change: 'diff-modified',
  delete: 'diff-removed',
  mode: 'diff-modified',
};

function nameSteps(steps: readonly RewindStep[]): string {
  const { t } = vscode.l10n;
  const words: Readonly<Record<ReturnType<typeof stepVerb>, string>> = {
    create: t('bring back'),
    change: t('write'),
    delete: t('delete'),
    mode: t('set mode of'),
  };
  const lines = steps
    .slice(0, filesNamed)
    .map(
      (step) =>
        `${words[stepVerb(step)]} ${shownPath(step.path)}${step.conflict === undefined ? '' : ` (${describeConflict(step.conflict)})`}`,
    );
  if (steps.length > filesNamed) lines.push(t('and {0} more', steps.length - filesNamed));
  return lines.join('\n');
}

function nameFirst(skips: readonly RewindSkip[]): string {
  const named = skips.slice(0, 3).map((skip) => `${shownPath(skip.path)}: ${describeSkip(skip)}`);
  if (skips.length > named.length) named.push(vscode.l10n.t('and {0} more', skips.length - named.length));
  return named.join('; ');
}

function nameSkips(skips: readonly RewindSkip[]): string {
  if (skips.length === 0) return '';
  const { t } = vscode.l10n;
  const lines = skips.slice(0, filesNamed).map((skip) => `${shownPath(skip.path)}: ${describeSkip(skip)}`);
  if (skips.length > filesNamed) lines.push(t('and {0} more', skips.length - filesNamed));
  return `\n\n${t('Left as they are:')}\n${lines.join('\n')}`;
}

/** How the log names a file of these folders; undefined when it lies in none of them. */
function workspacePathOf(folders: readonly SessionFolder[], absolutePath: string): WorkspacePath | undefined {
  for (const [index, folder] of folders.entries()) {
    const relative = path.relative(folder.path, absolutePath).split(path.sep).join('/');
    if (!path.isAbsolute(relative) && isInsideFolder(relative)) return joinWorkspacePath(index === 0 ? undefined : folder.name, relative);
  }
  return undefined;
}
