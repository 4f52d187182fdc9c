import * as vscode from 'vscode';
import { counted } from '../core/timelineWords.ts';
import { isFileEvent } from '../model/event.ts';
import { eventId, type EventId } from '../model/ids.ts';
import { rowEventLimit } from '../protocol/messages.ts';
import type { SessionFeed } from '../services/sessionFeed.ts';
import type { UndoneWork } from '../services/undoneWork.ts';
import type { ActionContext, Actions } from './actions.ts';
import { letAgentsFinish } from './agentsAtWork.ts';
import { withRewinder } from './deckRewinder.ts';
import { done, Refusal, requireFeed, requireRecorder, turnedDown } from './outcome.ts';
import { mergeOverlaps } from './mergeEditor.ts';
import { decideRewind } from './rewindDecision.ts';
import { nameFirst, reportRewind } from './rewindDialog.ts';
import { wayBack } from './rewindKind.ts';

/** Undoing one turn or some changes, while all that came after them is kept. */
export function undoActions(context: ActionContext): Pick<Actions, 'undoWork' | 'bringBack'> {
  const { deck, prompts, trace } = context;
  const { t } = vscode.l10n;
  return {
    async undoWork(ids, isTurn, file) {
      requireRecorder(deck());
      const feed = await requireFeed(deck());
      if (!(await letAgentsFinish(context))) return turnedDown;
      const work = isTurn ? await turnOf(feed, ids) : await changesOf(feed, ids, file);
      return withRewinder(deck(), feed, async (rewinder) => {
        const plan = await rewinder.planWithout(work, file === undefined ? undefined : [file]);
        if (plan === undefined) throw new Refusal(t('No recorded change of a file belongs to this.'));
        if (plan.steps.length === 0) {
          void prompts().inform(
            plan.skips.length === 0
              ? t('There is nothing to undo: these changes are no longer in the files.')
              : t('Nothing can be undone. {0}', nameFirst(plan.skips)),
          );
          return done;
        }
        const decision = await decideRewind(context, rewinder, plan, {
          title: t('Undo and Keep What Came After'),
          message: (files) => (isTurn ? t('Undo this turn in {0}?', files) : t('Undo this change in {0}?', files)),
          note: t(
            'What came after it is kept. What is there now is saved first: Redo, or the command Undo Rewind, gives it back. Git is not touched.',
          ),
          action: t('Undo'),
        });
        if (decision === undefined) return turnedDown;
        const result = await rewinder.apply(decision.plan, decision.choice);
        const merging = result.ok ? await mergeOverlaps(deck().folders, decision.steps) : 0;
        return reportRewind(
          { prompts, trace },
          result,
          !result.ok
            ? ''
            : merging > 0
              ? t(
                  'Undone in {0}. Decide the lines that were changed again in the merge editor, then save.',
                  counted(result.written + result.deleted, 'file'),
                )
              : t('Undone in {0}; what came after is kept.', counted(result.written + result.deleted, 'file')),
          wayBack('undo'),
        );
      });
    },
    async bringBack(ids, file) {
      requireRecorder(deck());
      const feed = await requireFeed(deck());
      const { events } = await changesOf(feed, ids, file);
      if (!(await letAgentsFinish(context))) return turnedDown;
      return withRewinder(deck(), feed, async (rewinder) => {
        const plan = await rewinder.planAgain(events, file === undefined ? undefined : [file]);
        if (plan === undefined) throw new Refusal(t('No recorded change of a file belongs to this.'));
        if (plan.steps.length === 0) {
          void prompts().inform(
            plan.skips.length === 0
              ? t('There is nothing to bring back: these changes are in the files.')
              : t('Nothing can be brought back. {0}', nameFirst(plan.skips)),
          );
          return done;
        }
        const decision = await decideRewind(context, rewinder, plan, {
          title: t('Bring Back'),
          message: (files) => t('Bring this change back in {0}?', files),
          note: t(
            'It is merged into what is there now, which is saved first: Undo, or the command Undo Rewind, gives that back. Git is not touched.',
          ),
          action: t('Bring Back'),
        });
        if (decision === undefined) return turnedDown;
        const result = await rewinder.apply(decision.plan, decision.choice);
        const merging = result.ok ? await mergeOverlaps(deck().folders, decision.steps) : 0;
        return reportRewind(
          { prompts, trace },
          result,
          !result.ok
            ? ''
            : merging > 0
              ? t('Brought back. Decide the lines that were changed since in the merge editor, then save.')
              : t('Brought back in {0}.', counted(result.written + result.deleted, 'file')),
          wayBack('again'),
        );
      });
    },
  };

  /** The turn that these events are of. */
  async function turnOf(feed: SessionFeed, ids: readonly string[]): Promise<UndoneWork> {
    for (const id of ids) {
      const event = await feed.reader.find(id);
      if (event === undefined || event.kind === 'foreign') continue;
      if (event.run !== undefined && event.turn !== undefined) return { run: event.run, turn: event.turn };
    }
    throw new Refusal(t('This is no turn of an agent. Rewind to a point before it instead.'));
  }

  async function changesOf(
    feed: SessionFeed,
    ids: readonly string[],
    file: string | undefined,
  ): Promise<{ readonly events: readonly EventId[] }> {
    if (ids.length >= rowEventLimit) throw new Refusal(t('These are too many changes to undo at once: undo the turn, or single files.'));
    const events = (await Promise.all(ids.map((id) => feed.reader.find(id)))).filter((event) => event !== undefined);
    const changes = events.filter(isFileEvent).filter((event) => file === undefined || event.path === file);
    if (changes.length === 0) throw new Refusal(t('No file changed here. Choose a row that tells of a file, or a turn.'));
    return { events: changes.map(eventId) };
  }
}
