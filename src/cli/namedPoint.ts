import type { EventFilter } from '../core/eventFilter.ts';
import { emptyState, foldEvent } from '../core/fold.ts';
import { lastGreen } from '../core/lastGreen.ts';
import type { LoggedEvent } from '../model/event.ts';
import { eventId } from '../model/ids.ts';
import type { LogReader } from '../store/logReader.ts';

/** Points that go by a name: what was last green, a commit by the beginning of its hash, a checkpoint by its name, a run by its id. */
export const namedPointWords = 'green, commit:HASH, checkpoint:NAME or run:ID';

/** True where the text is such a name. */
export const isNamedPoint = (name: string): boolean => name === 'green' || /^(?:commit|checkpoint|run):./.test(name);

/** The event that a name stands for, the newest where several have it. Undefined: none in this session. */
export async function findNamed(reader: LogReader, name: string): Promise<LoggedEvent | undefined> {
  if (name === 'green') return findGreen(reader);
  const colon = name.indexOf(':');
  const wanted = name.slice(colon + 1);
  switch (name.slice(0, colon)) {
    case 'commit':
      return newest(reader, 'git.committed', (event) => event.kind === 'git.committed' && event.commit.startsWith(wanted.toLowerCase()));
    case 'checkpoint':
      return newest(
        reader,
        'checkpoint.made',
        (event) => event.kind === 'checkpoint.made' && (event.id === wanted || event.label === wanted),
      );
    default:
      return newest(reader, 'run.started', (event) => event.kind === 'run.started' && event.run === wanted);
  }
}

async function newest(reader: LogReader, kind: string, isWanted: (event: LoggedEvent) => boolean): Promise<LoggedEvent | undefined> {
  const filter: EventFilter = { kinds: [kind] };
  let found: LoggedEvent | undefined;
  for await (const batch of reader.batches({ filter })) found = batch.findLast(isWanted) ?? found;
  return found;
}

/** What is green is known when the whole session is. */
async function findGreen(reader: LogReader): Promise<LoggedEvent | undefined> {
  const state = emptyState();
  for await (const batch of reader.batches({})) for (const event of batch) foldEvent(state, event);
  const green = lastGreen(state);
  return green && reader.find(eventId(green.mark));
}
