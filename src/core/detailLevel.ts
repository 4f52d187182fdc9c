import type { EventDraft, Excerpt } from '../model/event.ts';

/** How much a session keeps of what agents say. `brief`: of replies, inputs and outputs the first words, with size and hash. */
export type DetailLevel = 'full' | 'brief';

const briefChars = 240;

/** The fact as a session of that level keeps it. What people ask, what is edited and what fails is kept in full. */
export function atDetail(draft: EventDraft, level: DetailLevel): EventDraft {
  if (level === 'full') return draft;
  switch (draft.kind) {
    case 'reply.given':
      return { ...draft, text: brief(draft.text) };
    case 'tool.called':
      return draft.input === undefined ? draft : { ...draft, input: brief(draft.input) };
    case 'tool.returned':
      return draft.output === undefined || draft.status === 'failed' ? draft : { ...draft, output: brief(draft.output) };
    case 'command.ended':
      return draft.output === undefined || draft.exitCode !== 0 ? draft : { ...draft, output: brief(draft.output) };
    default:
      return draft;
  }
}

function brief({ head, sizeBytes, hash }: Excerpt): Excerpt {
  const cut = head.length <= briefChars ? head : head.slice(0, briefChars).replace(/[\uD800-\uDBFF]$/u, '');
  return { head: cut, sizeBytes, ...(hash === undefined ? {} : { hash }) };
}
