import { compareMarks, type EventCursor } from './eventOrder.ts';

/**
 * One order out of many writers' events. Associative, commutative and idempotent: an event is itself by writer and number,
 * so the same one told twice is there once, whatever was merged first.
 */
export function mergeEvents<E extends EventCursor>(...lists: readonly (readonly E[])[]): E[] {
  const sorted = lists.flat().sort(compareMarks);
  return sorted.filter((event, index) => index === 0 || compareMarks(sorted[index - 1]!, event) !== 0);
}
