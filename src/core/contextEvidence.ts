import { eventId, type EventId } from '../model/ids.ts';
import type { EventMark, SessionState } from '../model/sessionState.ts';

/**
 * The events that stand around an entry which a person logs now: the newest prompt, and after it the newest command and
 * the newest change of a file. They say when and in which work it was logged; nothing is concluded from them.
 */
export function contextEvidence(state: SessionState): EventId[] {
  const prompt = state.prompts.latest.at(-1)?.mark;
  const since = prompt?.at ?? '';
  const newest = (marks: readonly (EventMark | undefined)[]): EventMark | undefined =>
    marks.reduce(
      (best, mark) => (mark !== undefined && mark.at > since && (best === undefined || mark.at > best.at) ? mark : best),
      undefined,
    );
  const command = newest([...state.commands.values()].map(({ last }) => last));
  const change = newest([...state.files.values()].map(({ last }) => last));
  return [prompt, command, change].filter((mark) => mark !== undefined).map(eventId);
}
