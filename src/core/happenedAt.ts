import type { LoggedEvent } from '../model/event.ts';

/** When it happened, for people: not its place in the log where a source told of it later. ISO 8601, as its source wrote it. */
export function happenedAt(event: LoggedEvent): string {
  return event.kind === 'foreign' ? event.at : (event.happenedAt ?? event.at);
}
