import { foldAll } from '../core/fold.ts';
import { markOf } from '../core/eventOrder.ts';
import type { SessionId } from '../model/ids.ts';
import type { SessionState } from '../model/sessionState.ts';
import { keptEverySparsely, readSessionState } from '../services/sessionFolding.ts';
import { nodeDigest } from '../store/digest.ts';
import type { LogReader } from '../store/logReader.ts';
import { findEvent } from './eventPoint.ts';
import { withReader, type Workspace } from './workspace.ts';

/** The session's state, or what it was right after the event that `at` names. Throws CliError when there is no such event. */
export async function readState(workspace: Workspace, session: SessionId, at?: string): Promise<SessionState> {
  const until = at === undefined ? undefined : markOf(await withReader(workspace, session, (reader) => findEvent(reader, at)));
  return readSessionState({ layout: workspace.layout, session, digest: nodeDigest, until, keepEvery: keptEverySparsely });
}

/** What the newest events alone say: enough to know what is going on, at a cost that does not grow with the log. */
export async function readRecentState(reader: LogReader): Promise<SessionState> {
  return foldAll((await reader.tail(recentEvents)).events);
}

const recentEvents = 500;
