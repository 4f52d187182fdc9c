import type { EventFilter } from '../core/eventFilter.ts';
import { LineOrigins } from '../core/lineOrigins.ts';
import type { Author } from '../model/author.ts';
import { unknownAuthor } from '../model/author.ts';
import { isFileEvent, type EventOf, type FileEvent, type LoggedEvent } from '../model/event.ts';
import type { FileVersion } from '../model/fileVersion.ts';
import { eventId, type ContentHash, type EventId, type RunId, type SessionId } from '../model/ids.ts';
import type { WorkspacePath } from '../model/workspacePath.ts';

/**
 * Which prompt, run or person made each line of a file, over all sessions. What the log does not know is said, never guessed:
 * - `before`: the line was there when the file was first seen.
 * - `unseen`: it came between two changes that were recorded, while nothing was.
 * - `unrecorded`: it is on disk now, and in no recorded version.
 * A rewind makes no line: what it brings back is whose it was.
 */
export interface FileBlame {
  readonly path: WorkspacePath;
  readonly lines: readonly { readonly text: string; readonly origin: LineOrigin }[];
  /** Versions whose content was not kept, or is no text: lines of theirs are told as of the next one that is. */
  readonly skipped: number;
}

export type LineOrigin = RecordedOrigin | { readonly known: 'before' | 'unseen' | 'unrecorded' };

export interface RecordedOrigin {
  readonly known: 'recorded';
  readonly event: EventId;
  readonly session: SessionId;
  /** When it happened. ISO 8601, UTC. */
  readonly at: string;
  readonly by: Author;
  readonly run: RunId | undefined;
  readonly turn: number | undefined;
  /** The words of the prompt that began this turn, as far as they were kept. */
  readonly prompt: string | undefined;
  /** The command that did it, where one did. */
  readonly command: string | undefined;
}

export interface BlameOptions {
  readonly path: WorkspacePath;
  /** What is on disk now; undefined: there is no such file, and the last recorded version is told. */
  readonly present: Uint8Array | undefined;
  /** `present` is this earlier version: what came after it is not told. Absent: it is the file of now. */
  readonly version?: ContentHash;
  /** Each session's events in batches, the oldest session first. Read twice. */
  readonly sessions: readonly { readonly id: SessionId; readonly events: (filter: EventFilter) => AsyncIterable<readonly LoggedEvent[]> }[];
  readonly read: (hash: ContentHash) => Promise<Uint8Array | undefined>;
}

export interface FileChange {
  readonly event: FileEvent;
  readonly session: SessionId;
}

type Finding = EventOf<'file.attributed'>;

/** Undefined when no session ever saw the file change. Throws when the present content is no text. */
export async function blameFile(options: BlameOptions): Promise<FileBlame | undefined> {
  const { changes: all, findings } = await changesOf(options);
  if (all.length === 0) return undefined;
  const changes = options.version === undefined ? all : changesUpTo(all, options.version);
  const told = await tellOrigins(options, changes, findings);
  const file = new LineOrigins<LineOrigin>();
  let skipped = 0;
  let last: ContentHash | undefined;
  for (const [index, { event }] of changes.entries()) {
    if (event.before?.hash !== undefined && event.before.hash !== last) {
      const before = await readText(event.before, options.read);
      if (before !== undefined && !file.restore(event.before.hash, before)) file.take(before, { known: index === 0 ? 'before' : 'unseen' });
    }
    const after = event.kind === 'file.deleted' ? '' : await readText(event.after, options.read);
    last = event.after?.hash;
    if (after === undefined) {
      skipped += 1;
      continue;
    }
    const origin = told.get(eventId(event))!;
    const isBack = event.rewind !== undefined || (origin.known === 'recorded' && origin.by.actor === 'git');
    if (!(isBack && last !== undefined && file.restore(last, after))) file.take(after, origin);
    if (last !== undefined) file.keep(last);
  }
  if (options.present !== undefined) {
    const present = decodeText(options.present);
    if (present === undefined) throw new Error(`${options.path} is no text`);
    file.take(present, { known: options.version === undefined ? 'unrecorded' : changes.length === 0 ? 'before' : 'unseen' });
  }
  const { lines, origins } = file;
  return { path: options.path, lines: lines.map((text, index) => ({ text, origin: origins[index]! })), skipped };
}

const changesWanted: EventFilter = { kinds: ['file.created', 'file.changed', 'file.deleted', 'file.renamed', 'file.attributed'] };
const occasionsWanted: EventFilter = { kinds: ['prompt.submitted', 'command.started', 'tool.called'] };

/** The file's changes under all the names it had, oldest first, and what was found out later about them. */
export async function changesOf({
  path,
  sessions,
}: Pick<BlameOptions, 'path' | 'sessions'>): Promise<{ changes: FileChange[]; findings: Map<EventId, Finding> }> {
  const all: FileChange[] = [];
  const findings = new Map<EventId, Finding>();
  for (const { id, events } of sessions)
    for await (const batch of events(changesWanted))
      for (const event of batch)
        if (isFileEvent(event)) all.push({ event, session: id });
        else if (event.kind === 'file.attributed') findings.set(event.event, event);
  const changes: FileChange[] = [];
  let name = path;
  for (const change of all.toReversed()) {
    const { event } = change;
    if (event.path !== name) continue;
    changes.push(change);
    if (event.kind === 'file.renamed') name = event.from;
  }
  return { changes: changes.reverse(), findings };
}

/** The changes that led to that version: those up to where it was last made, else those before it was first found. */
function changesUpTo(changes: readonly FileChange[], version: ContentHash): FileChange[] {
  const made = changes.findLastIndex(({ event }) => event.after?.hash === version);
  if (made >= 0) return changes.slice(0, made + 1);
  const found = changes.findIndex(({ event }) => event.before?.hash === version);
  return changes.slice(0, Math.max(0, found));
}

/** Who made each change, by the change's event, with the words of the prompt and the command it belongs to. */
export async function tellOrigins(
  { sessions }: Pick<BlameOptions, 'sessions'>,
  changes: readonly FileChange[],
  findings: ReadonlyMap<EventId, Finding>,
): Promise<ReadonlyMap<EventId, RecordedOrigin>> {
  const prompts = new Map<string, string | undefined>();
  const commands = new Map<string, string | undefined>();
  const links = changes.map(({ event, session }) => {
    const { by, run, turn, call, command } = findings.get(eventId(event)) ?? event;
    const link = { by: by ?? unknownAuthor, run: run ?? by?.run, turn, call: call && `${run ?? ''}\n${call}`, command };
    if (link.run !== undefined && turn !== undefined) prompts.set(`${link.run}\n${turn}`, undefined);
    if (link.call !== undefined) commands.set(link.call, undefined);
    if (command !== undefined) commands.set(command, undefined);
    return { ...link, event, session };
  });
  if (prompts.size + commands.size > 0)
    for (const { events } of sessions)
      for await (const batch of events(occasionsWanted))
        for (const event of batch) {
          if (event.kind === 'prompt.submitted') {
            const key = `${event.run ?? ''}\n${event.turn ?? ''}`;
            if (prompts.has(key)) prompts.set(key, prompts.get(key) ?? event.text.head);
          } else if (event.kind === 'command.started') {
            if (commands.has(eventId(event))) commands.set(eventId(event), event.command);
          } else if (event.kind === 'tool.called' && event.command !== undefined) {
            const key = `${event.run ?? ''}\n${event.call}`;
            if (commands.has(key)) commands.set(key, event.command);
          }
        }
  return new Map(
    links.map(({ event, session, by, run, turn, call, command }) => [
      eventId(event),
      {
        known: 'recorded',
        event: eventId(event),
        session,
        at: event.happenedAt ?? event.at,
        by,
        run,
        turn,
        prompt: prompts.get(`${run ?? ''}\n${turn ?? ''}`),
        command: (command && commands.get(command)) ?? (call && commands.get(call)),
      } satisfies RecordedOrigin,
    ]),
  );
}

async function readText(version: FileVersion | undefined, read: BlameOptions['read']): Promise<string | undefined> {
  if (version === undefined) return '';
  if (version.sizeBytes === 0) return '';
  const bytes = version.hash === undefined ? undefined : await read(version.hash);
  return bytes && decodeText(bytes);
}

/** Undefined for what holds a NUL byte or is too large to be told line by line. */
function decodeText(bytes: Uint8Array): string | undefined {
  return bytes.length > byteLimit || bytes.includes(0) ? undefined : new TextDecoder().decode(bytes);
}
const byteLimit = 4 * 1024 * 1024;
