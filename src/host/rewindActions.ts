import * as vscode from 'vscode';
import { DisposableStore } from '../base/disposable.ts';
import { lastGreen } from '../core/lastGreen.ts';
import { eventId, type EventId } from '../model/ids.ts';
import type { WorkspacePath } from '../model/workspacePath.ts';
import type { Outcome } from '../protocol/messages.ts';
import type { Rewinder } from '../services/rewinder.ts';
import type { SessionFeed } from '../services/sessionFeed.ts';
import type { SessionFolder } from '../services/sessions.ts';
import type { ActionContext, Actions } from './actions.ts';
import { counted } from '../core/timelineWords.ts';
import { afterRewind } from './afterRewind.ts';
import { letAgentsFinish } from './agentsAtWork.ts';
import { formatTime } from './dateText.ts';
import { findUndoable, withRewinder } from './deckRewinder.ts';
import { scopePathOf, workspacePathOf } from './folderPaths.ts';
import { activeFile } from './openDocuments.ts';
import { done, Refusal, requireFeed, requireRecorder, turnedDown } from './outcome.ts';
import { pastFileOf } from './pastFiles.ts';
import { pickPoint } from './pointPicker.ts';
import { decideRewind } from './rewindDecision.ts';
import { nameFirst, reportRewind } from './rewindDialog.ts';
import { kindOf, wayBack, type RewindKind } from './rewindKind.ts';
import { shownPath } from './shownPath.ts';

export interface RewindOf {
  /** Undoes that rewind, whichever it is. */
  readonly undoOf: (rewind: string) => Promise<Outcome>;
}

/** Rewinding: the plan first, to tick; then a confirmation that names the files; then the act and its report. */
export function rewindActions(
  context: ActionContext,
): RewindOf & Pick<Actions, 'rewindTo' | 'rewindFileOf' | 'rewindFolderOf' | 'rewindAroundTurn' | 'rewindLastGreen' | 'undoRewind'> {
  const { deck, prompts, trace } = context;
  const { t } = vscode.l10n;

  const rewindTo: Actions['rewindTo'] = async (event, file, purpose) => {
    requireRecorder(deck());
    const feed = await requireFeed(deck());
    const target =
      event ??
      (await pickPoint(feed, prompts(), file === undefined ? t('Rewind to…') : t('Rewind {0} to…', shownFolder(file, deck().folders))));
    if (target === undefined || !(await letAgentsFinish(context))) return turnedDown;
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
      const decision = await decideRewind(context, rewinder, plan, {
        title: purpose === 'return' ? t('Return to {0}', when) : t('Rewind to {0}', when),
        message: (files) =>
          purpose === 'return' ? t('Return {0} to what was set aside at {1}?', files, when) : t('Rewind {0} to {1}?', files, when),
        note: t('What is there now is saved first: Undo Rewind gives it back. Git is not touched.'),
        action: purpose === 'return' ? t('Return') : t('Rewind'),
      });
      if (decision === undefined) return turnedDown;
      const result = await rewinder.apply(decision.plan, decision.choice);
      return reportRewind(
        { prompts, trace },
        result,
        result.ok ? t('Rewound {0} to {1}.', counted(result.written + result.deleted, 'file'), when) : '',
        wayBack('rewind'),
        file === undefined && purpose === undefined ? afterRewind(context, result.id, plan.targetAt) : [],
      );
    });
  };

  const undo = async (rewinder: Rewinder, rewind: string, kind: RewindKind): Promise<Outcome> => {
    const plan = await rewinder.planUndo(rewind);
    if (plan === undefined) throw new Refusal(t('There is no rewind to undo.'));
    if (plan.steps.length === 0) throw new Refusal(t('There is nothing to undo: all files are as they were before the rewind.'));
    const decision = await decideRewind(context, rewinder, plan, {
      title: wayBack(kind),
      message: (files) => undoQuestion(kind, files),
      note: t('Each gets back what was there before.'),
      action: wayBack(kind),
      listsConflictsOnly: true,
    });
    if (decision === undefined) return turnedDown;
    const result = await rewinder.apply(decision.plan, decision.choice);
    return reportRewind(
      { prompts, trace },
      result,
      !result.ok
        ? ''
        : kind === 'undo'
          ? t('What was undone is done again in {0}.', counted(result.written + result.deleted, 'file'))
          : kind === 'again'
            ? t('What was brought back is taken away again in {0}.', counted(result.written + result.deleted, 'file'))
            : t('The rewind is undone: {0} back.', counted(result.written + result.deleted, 'file')),
      // Undo Rewind would now take back an older one.
      undefined,
    );
  };

  function undoQuestion(kind: RewindKind, files: string): string {
    switch (kind) {
      case 'rewind':
        return t('Undo the rewind of {0}?', files);
      case 'undo':
        return t('Redo what was undone in {0}?', files);
      case 'again':
        return t('Take away again what was brought back in {0}?', files);
    }
  }

  return {
    rewindTo,
    async undoOf(rewind) {
      const feed = await requireFeed(deck());
      const branch = feed.state.branches.find(({ id }) => id === rewind);
      if (!(await letAgentsFinish(context))) return turnedDown;
      const kind = kindOf({ undid: branch?.undid, brought: branch?.brought });
      return withRewinder(deck(), feed, (rewinder) => undo(rewinder, rewind, kind));
    },
    async rewindFileOf(target) {
      const wanted = target ?? activeFile();
      if (wanted === undefined) throw new Refusal(t('Open a file first, or choose one in the Explorer.'));
      const file = pastFileOf(wanted) ?? workspacePathOf(deck().folders, wanted.fsPath);
      if (file === undefined)
        throw new Refusal(t('{0} is not in a folder that is recorded. Choose a file of this workspace.', wanted.fsPath));
      return rewindTo(undefined, file);
    },
    async rewindFolderOf(target) {
      const folder = target === undefined ? undefined : scopePathOf(deck().folders, target.fsPath);
      if (folder === undefined) throw new Refusal(t('Choose a folder of this workspace in the Explorer.'));
      return rewindTo(undefined, folder);
    },
    async rewindAroundTurn(ids, side) {
      const feed = await requireFeed(deck());
      const newest = ids.at(-1);
      if (newest === undefined) throw new Refusal(t('This is no turn of an agent. Rewind to a point before it instead.'));
      if (side === 'after') return rewindTo(newest);
      const first = await beginningOfTurn(feed, ids);
      if (first === undefined) throw new Refusal(t('This is no turn of an agent. Rewind to a point before it instead.'));
      return rewindTo(first);
    },
    async rewindLastGreen() {
      const green = lastGreen((await requireFeed(deck())).state);
      if (green === undefined) throw new Refusal(t('No test or build has been seen to pass yet. Run one in the terminal.'));
      return rewindTo(eventId(green.mark));
    },
    async undoRewind() {
      requireRecorder(deck());
      await requireFeed(deck());
      const disposables = new DisposableStore();
      try {
        const found = await findUndoable(deck(), disposables);
        if (found === undefined) throw new Refusal(t('There is no rewind to undo.'));
        if (!(await letAgentsFinish(context))) return turnedDown;
        return await withRewinder(deck(), found.session, (rewinder) => undo(rewinder, found.rewind, found.kind));
      } finally {
        disposables.dispose();
      }
    },
  };
}

/** The prompt that began the turn which these events are of: the moment it was asked, before anything was done. */
async function beginningOfTurn({ reader }: SessionFeed, ids: readonly EventId[]): Promise<EventId | undefined> {
  for (const id of ids) {
    const event = await reader.find(id);
    if (event === undefined || event.kind === 'foreign' || event.run === undefined || event.turn === undefined) continue;
    const { run, turn } = event;
    for await (const [first] of reader.batches({ filter: { kinds: ['prompt.submitted'], run, turn } }))
      if (first !== undefined) return eventId(first);
  }
  return undefined;
}

/** A file's or folder's name for people; the workspace's own folders go by their names. */
function shownFolder(path: WorkspacePath, folders: readonly SessionFolder[]): string {
  return path === '' ? (folders[0]?.name ?? '') : shownPath(path).replace(/\/$/, '');
}
