import { DisposableStore } from '../base/disposable.ts';
import { eventId } from '../model/ids.ts';
import type { LoggedEvent } from '../model/event.ts';
import type { Journal } from '../services/journal.ts';
import { Emitter } from '../base/emitter.ts';
import { openRewinder, type Rewinder } from '../services/rewinder.ts';
import type { SessionFolder } from '../services/sessions.ts';
import { openContentStore, type ContentStore } from '../store/contentStore.ts';
import { nodeDigest } from '../store/digest.ts';
import { openLogReader, type LogReader } from '../store/logReader.ts';
import { listSessionIds } from '../store/sessionCard.ts';
import { createWriterId } from '../store/writerClaim.ts';
import { CliError } from './cliError.ts';
import { findEvent } from './eventPoint.ts';
import { findNamed, isNamedPoint } from './namedPoint.ts';
import { chooseSession, foldersOf, randomName, type Workspace } from './workspace.ts';
import { parseEventId } from '../model/ids.ts';

/** A point of a session, and what can be done with it. */
export interface PastPoint {
  readonly session: string;
  readonly event: LoggedEvent;
  readonly rewinder: Rewinder;
  readonly folders: readonly SessionFolder[];
  readonly reader: LogReader;
  readonly content: ContentStore;
}

/**
 * Opens a point of the past for the time of the work. `journal` is where a rewind writes; without one nothing can be written.
 * An event's id, and a point's name, is looked for in every session when the chosen one does not hold it. `since`: files touched from that session
 * on are known as well.
 */
export async function withPast<T>(
  workspace: Workspace,
  named: { readonly event: string | undefined; readonly session: string | undefined; readonly since?: string },
  journal: Journal | undefined,
  work: (past: PastPoint) => Promise<T>,
): Promise<T> {
  const disposables = new DisposableStore();
  const open = async (session: string): Promise<LogReader> =>
    disposables.add(await openLogReader({ layout: workspace.layout, session, digest: nodeDigest }));
  const content = await openContentStore({ layout: workspace.layout, digest: nodeDigest, writer: createWriterId() });
  try {
    const session = await sessionOf(workspace, named, open);
    const reader = await open(session);
    const laterReaders: LogReader[] = [];
    const earlierReaders: LogReader[] = [];
    for (const id of await listSessionIds(workspace.layout))
      if (id > session) laterReaders.push(await open(id));
      else if (named.since !== undefined && id >= named.since && id < session) earlierReaders.push(await open(id));
    const event = named.event === undefined ? (await reader.tail(1)).events[0] : await findEvent(reader, named.event);
    if (event === undefined) throw new CliError(1, 'no-event', 'This session holds no event');
    const folders = foldersOf(workspace, await workspace.sessions.read(session));
    const rewinder = openRewinder({
      layout: workspace.layout,
      folders,
      reader,
      laterReaders,
      earlierReaders,
      journal: journal ?? readOnlyJournal,
      content,
      digest: nodeDigest,
      random: randomName,
    });
    return await work({ session, event, rewinder, folders, reader, content });
  } finally {
    disposables.dispose();
    await content.close();
  }
}

export function pointId(past: PastPoint): string {
  return eventId(past.event);
}

async function sessionOf(
  workspace: Workspace,
  { event, session }: { readonly event: string | undefined; readonly session: string | undefined },
  open: (session: string) => Promise<LogReader>,
): Promise<string> {
  const chosen = await chooseSession(workspace, session);
  if (session !== undefined || event === undefined) return chosen;
  const isNamed = isNamedPoint(event);
  if (!isNamed && parseEventId(event) === undefined) return chosen;
  for (const id of [chosen, ...(await listSessionIds(workspace.layout)).toReversed()]) {
    const reader = await open(id);
    if ((isNamed ? await findNamed(reader, event) : await reader.find(event)) !== undefined) return id;
  }
  return chosen;
}

const readOnlyJournal: Journal = {
  session: undefined,
  record: () => Promise.reject(new Error('Nothing is written here')),
  onDidRecord: new Emitter<never>().event,
  flush: () => Promise.resolve(),
};
