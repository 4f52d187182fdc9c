import * as vscode from 'vscode';
import { compareMarks, markOf } from '../core/eventOrder.ts';
import { isInAside } from '../core/foldRewind.ts';
import { isFileEvent, type LoggedEvent } from '../model/event.ts';
import { eventId, type EventId } from '../model/ids.ts';
import type { Branch, SessionState } from '../model/sessionState.ts';
import type { SessionFeed } from '../services/sessionFeed.ts';
import type { ActionContext, Actions } from './actions.ts';
import { Refusal, requireFeed } from './outcome.ts';
import type { RewindOf } from './rewindActions.ts';

/** Going back to what a rewind set aside. Nothing of it is gone: it is in the log like everything else. */
export function futureActions({ deck }: ActionContext, others: Pick<Actions, 'rewindTo'> & RewindOf): Pick<Actions, 'returnToFuture'> {
  const { t } = vscode.l10n;
  return {
    async returnToFuture(ids) {
      const feed = await requireFeed(deck());
      const newest = ids.at(-1);
      const event = newest === undefined ? undefined : await feed.reader.find(newest);
      const branch = event && abandoningBranch(feed.state, event);
      if (branch === undefined) throw new Refusal(t('Nothing was set aside here. Choose a grey row, or a rewind.'));
      if (branch.kind === 'rewind' && branch.undid !== undefined) return others.undoOf(branch.id);
      const end = await endOf(feed, branch);
      if (end === undefined) throw new Refusal(t('The end of what was set aside is not in the log. Rewind to one of its rows instead.'));
      return others.rewindTo(end, undefined, 'return');
    },
  };
}

/** The rewind that this event is, or the first one after it that set it aside and was not undone. */
function abandoningBranch(state: SessionState, event: LoggedEvent): Branch | undefined {
  if (event.kind === 'rewind.applied' || event.kind === 'rewind.undone') return state.branches.find(({ id }) => id === event.id);
  const path = isFileEvent(event) ? event.path : undefined;
  return state.branches
    .filter((branch) => !branch.isUndone)
    .filter((branch) => {
      const { id, checkpoint, rewind, from, to, paths, undid, kept, kind } = branch;
      const range = {
        branch: id,
        checkpoint,
        rewind,
        from,
        to,
        paths,
        ...(undid && { undid }),
        ...(kept && { kept }),
        filesOnly: kind === 'undo',
      };
      return isInAside([range], markOf(event), { path });
    })
    .sort((a, b) => compareMarks(a.to, b.to))[0];
}

/** The last moment of what a rewind set aside: its safety checkpoint, which knows what was there right before it. */
async function endOf({ state, reader }: SessionFeed, { checkpoint, to }: Branch): Promise<EventId | undefined> {
  const saved = checkpoint === undefined ? undefined : state.checkpoints.get(checkpoint);
  if (saved !== undefined) return eventId(saved.mark);
  const last = (await reader.before(to, 1)).events.at(-1);
  return last && eventId(last);
}
