import { compareMarks, type EventCursor } from '../../core/eventOrder.ts';
import { effectiveAuthor, emptyState, foldEvent } from '../../core/fold.ts';
import { eventKinds, isFileEvent, type LoggedEvent } from '../../model/event.ts';
import { eventId } from '../../model/ids.ts';
import type { SessionState } from '../../model/sessionState.ts';
import type { LogReader } from '../../store/logReader.ts';
import { toCount } from '../argument.ts';
import { usageError } from '../cliError.ts';
import type { CommandEntry } from '../command.ts';
import { placeBefore, placeBehind } from '../eventPoint.ts';
import { readStoredLines } from '../rawLines.ts';
import { chooseSession, withReader } from '../workspace.ts';

interface LogOptions {
  readonly from?: string;
  readonly to?: string;
  readonly last?: number;
  readonly kind?: string[];
  readonly session?: string;
  readonly raw?: boolean;
}

interface Slice {
  /** Directly before the first event, directly behind the last. */
  readonly after: EventCursor | undefined;
  readonly until: EventCursor | undefined;
  readonly last: number | undefined;
  isWanted(event: LoggedEvent): boolean;
}

export const logCommand: CommandEntry = (program, act) => {
  program
    .command('log')
    .summary('print events, one JSON object a line')
    .description('Print the events of a session, one JSON object a line, oldest first. `by` says who, after all that was found out later.')
    .option('--from <event>', 'begin with this event, position or time')
    .option('--to <event>', 'end with this event, position or time')
    .option('--last <count>', 'only the newest so many of them', toCount)
    .option('--kind <kinds>', 'only these kinds: file.changed, or all of a family: file (repeatable, or with commas)', collectKinds)
    .option('--session <id>', 'the session; by default the open or newest one')
    .option('--raw', 'print the lines as they are stored')
    .action(
      act(async (run, options: LogOptions) => {
        const workspace = await run.workspace();
        const session = await chooseSession(workspace, options.session);
        await withReader(workspace, session, async (reader) => {
          const slice = await sliceOf(reader, options);
          const print =
            options.raw === true
              ? async (bytes: Uint8Array) => {
                  await run.output.bytes(bytes);
                  await run.output.bytes('\n');
                }
              : undefined;
          if (print !== undefined) {
            const newest = new Ring<Uint8Array>(slice.last);
            for await (const { event, bytes } of readStoredLines(workspace.layout.session(session))) {
              if (!isIn(slice, event) || !slice.isWanted(event)) continue;
              // The line lies in a buffer that is used again.
              if (slice.last === undefined) await print(bytes);
              else newest.push(Uint8Array.from(bytes));
            }
            for (const bytes of newest.items()) await print(bytes);
            return;
          }
          const events = slice.last === undefined ? undefined : await readNewest(reader, slice, slice.last);
          const state = await readFindings(reader, events?.[0] ?? slice.after, options.kind);
          if (events !== undefined) for (const event of events) await run.output.document(describe(event, state));
          else
            for await (const batch of reader.all(slice.after)) {
              for (const event of batch) {
                if (slice.until !== undefined && compareMarks(event, slice.until) > 0) return;
                if (slice.isWanted(event)) await run.output.document(describe(event, state));
              }
            }
        });
      }),
    );
};

async function sliceOf(reader: LogReader, options: LogOptions): Promise<Slice> {
  const kinds = options.kind === undefined ? undefined : new Set(options.kind);
  const families = options.kind?.filter((kind) => !kind.includes('.')).map((family) => `${family}.`) ?? [];
  return {
    after: options.from === undefined ? undefined : await placeBefore(reader, options.from),
    until: options.to === undefined ? undefined : await placeBehind(reader, options.to),
    last: options.last,
    isWanted(event) {
      if (kinds === undefined) return true;
      const kind = event.kind === 'foreign' ? event.foreignKind : event.kind;
      return kinds.has(kind) || kinds.has(event.kind) || families.some((family) => kind.startsWith(family));
    },
  };
}

const isIn = (slice: Slice, event: LoggedEvent): boolean =>
  (slice.after === undefined || compareMarks(event, slice.after) > 0) &&
  (slice.until === undefined || compareMarks(event, slice.until) <= 0);

const pageEvents = 1000;

/** The newest `count` wanted events of the slice, oldest first; reads backwards, so that the cost is that of the slice. */
async function readNewest(reader: LogReader, slice: Slice, count: number): Promise<LoggedEvent[]> {
  const found: LoggedEvent[] = [];
  let page =
    slice.until === undefined ? await reader.tail(pageEvents) : await reader.before({ ...slice.until, n: slice.until.n + 0.5 }, pageEvents);
  for (;;) {
    for (const event of page.events.toReversed()) {
      if (slice.after !== undefined && compareMarks(event, slice.after) <= 0) return found.reverse();
      if (found.length === count) return found.reverse();
      if (slice.isWanted(event)) found.push(event);
    }
    if (!page.hasMore || page.start === undefined || found.length === count) return found.reverse();
    page = await reader.before(page.start, pageEvents);
  }
}

/** What was found out about the slice's file events, which can stand anywhere behind them. Not read when no file event is wanted. */
async function readFindings(reader: LogReader, from: EventCursor | undefined, kinds: readonly string[] | undefined): Promise<SessionState> {
  const state = emptyState();
  if (kinds !== undefined && !kinds.some((kind) => kind === 'file' || kind.startsWith('file.'))) return state;
  for await (const batch of reader.all(from === undefined ? undefined : { ...from, n: from.n - 0.5 }))
    for (const event of batch) if (isFileEvent(event) || event.kind === 'file.attributed') foldEvent(state, event);
  return state;
}

/** The event with its id (the entry's own `id` is another), and its effective author in `by`. A line of another version is printed as it was written. */
function describe(event: LoggedEvent, state: SessionState): Record<string, unknown> {
  if (event.kind === 'foreign') return { eventId: eventId(event), foreign: event.reason, ...event.raw };
  return { eventId: eventId(event), ...event, by: effectiveAuthor(state, event) };
}

export function collectKinds(text: string, before: string[] = []): string[] {
  const kinds = text
    .split(',')
    .map((kind) => kind.trim())
    .filter((kind) => kind !== '');
  if (kinds.length === 0) throw usageError('Name a kind');
  for (const kind of kinds) {
    if (kind === 'foreign' || eventKinds.includes(kind) || eventKinds.some((known) => known.startsWith(`${kind}.`))) continue;
    throw usageError(`There is no kind ${kind}. Kinds: ${eventKinds.join(' ')}`);
  }
  return [...before, ...kinds];
}

/** The newest items of a stream, bounded. */
class Ring<T> {
  readonly #limit: number;
  #items: T[] = [];

  constructor(limit: number | undefined) {
    this.#limit = limit ?? 0;
  }

  push(item: T): void {
    this.#items.push(item);
    if (this.#items.length > this.#limit * 2) this.#items = this.#items.slice(-this.#limit);
  }

  items(): readonly T[] {
    return this.#limit === 0 ? [] : this.#items.slice(-this.#limit);
  }
}
