import { EventMatcher } from '../../core/eventFilter.ts';
import { effectiveAuthor, emptyState, foldEvent } from '../../core/fold.ts';
import { eventKinds, isFileEvent, type LoggedEvent } from '../../model/event.ts';
import { eventId } from '../../model/ids.ts';
import type { SessionState } from '../../model/sessionState.ts';
import type { LogPosition, LogReader, LogSlice } from '../../store/logReader.ts';
import { toCount } from '../argument.ts';
import { usageError } from '../cliError.ts';
import type { CommandEntry, CommandRun } from '../command.ts';
import { checkRange, limitSlice, sliceOf, type LogRange } from '../logRange.ts';
import { chooseSession, withReader } from '../workspace.ts';

interface LogOptions extends LogRange {
  readonly session?: string;
  readonly raw?: boolean;
  readonly follow?: boolean;
}

export const logCommand: CommandEntry = (program, act) => {
  program
    .command('log')
    .summary('print events, one JSON object a line')
    .description(
      'Print the events of a session, one JSON object a line, oldest first. `by` says who, after all that was found out later. ' +
        'Ids are stable cursors: the events behind or before one are the same ones later, but for what other writers tell late with an earlier time.',
    )
    .option('--from <event>', 'begin with this event, position or time')
    .option('--after <event>', 'begin behind it')
    .option('--to <event>', 'end with this event, position or time')
    .option('--before <event>', 'end before it')
    .option('--first <count>', 'only the oldest so many of them', toCount)
    .option('--last <count>', 'only the newest so many of them', toCount)
    .option('--kind <kinds>', 'only these kinds: file.changed, or all of a family: file (repeatable, or with commas)', collectKinds)
    .option('--run <id>', 'only what was told of this run of an agent, or done by it')
    .option('--turn <number>', 'only what was told of this turn of its run: 1 is the first prompt', toCount)
    .option('--session <id>', 'the session; by default the open or newest one')
    .option('--raw', 'print the lines as they are stored')
    .option('--follow', 'go on with new events as they are written, by whomever, until Ctrl+C')
    .action(
      act(async (run, options: LogOptions) => {
        checkRange(options, options.follow === true);
        if (options.raw === true && options.follow === true) throw usageError('--follow prints events, not stored lines: leave --raw out');
        const workspace = await run.workspace();
        const session = await chooseSession(workspace, options.session);
        await withReader(workspace, session, async (reader) => {
          // Where the following begins, so that nothing falls in between.
          const position = options.follow === true ? (await reader.tail(1)).position : undefined;
          const slice = await limitSlice(reader, await sliceOf(reader, options), options.last);
          if (options.raw === true) await printLines(run, reader, slice, options.first);
          else await printEvents(run, reader, slice, options.first, position);
        });
      }),
    );
};

async function printLines(run: CommandRun, reader: LogReader, slice: LogSlice, first = Infinity): Promise<void> {
  let left = first;
  for await (const { line } of reader.lines(slice)) {
    if (left-- <= 0) return;
    await run.output.bytes(line);
    await run.output.bytes('\n');
  }
}

async function printEvents(
  run: CommandRun,
  reader: LogReader,
  slice: LogSlice,
  first = Infinity,
  position: LogPosition | undefined,
): Promise<void> {
  const state = await readFindings(reader, slice);
  const printed = new Map<string, number>();
  let left = first;
  for await (const batch of reader.batches(slice)) {
    for (const event of batch) {
      if (left-- <= 0) return;
      printed.set(event.w, event.n);
      await run.output.document(describe(event, state));
    }
  }
  if (position === undefined) return;
  const matcher = new EventMatcher(slice.filter ?? {});
  let printing = Promise.resolve();
  const following = reader.follow((events) => {
    printing = printing.then(async () => {
      for (const event of events) {
        fold(state, event);
        if (event.n > (printed.get(event.w) ?? 0) && matcher.matches(event)) await run.output.document(describe(event, state));
      }
    });
    printing.catch(() => {});
  }, position);
  // Who only waits for others holds no process alive.
  const alive = setInterval(() => {}, 1 << 30);
  await run.process.whenStopped();
  clearInterval(alive);
  following.dispose();
  await printing;
}

const findingKinds = ['file.created', 'file.changed', 'file.deleted', 'file.renamed', 'file.attributed'];

/** What was found out about the slice's file events, which can stand anywhere behind them. Not read when no file event is wanted. */
async function readFindings(reader: LogReader, { after, filter }: LogSlice): Promise<SessionState> {
  const state = emptyState();
  const kinds = filter?.kinds;
  if (kinds !== undefined && !kinds.some((kind) => kind === 'file' || kind.startsWith('file.'))) return state;
  for await (const batch of reader.batches({ after, filter: { kinds: findingKinds } })) for (const event of batch) fold(state, event);
  return state;
}

function fold(state: SessionState, event: LoggedEvent): void {
  if (isFileEvent(event) || event.kind === 'file.attributed') foldEvent(state, event);
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
