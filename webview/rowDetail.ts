import type { TimelineRow } from '../src/core/timelineRow.ts';
import type { EventsDetail } from '../src/protocol/messages.ts';
import type { Deck } from './deck.ts';

interface Asked {
  readonly key: string;
  readonly size: number;
  value: EventsDetail | undefined;
  isLoading: boolean;
}

/** What the host told of the chosen row. Only the answer to the newest question counts; until it is there the former one stays. */
export class RowDetail {
  #asked: Asked | undefined;

  /** What is known of the row now. */
  of(row: TimelineRow): { readonly value: EventsDetail | undefined; readonly isLoading: boolean } {
    return this.#asked?.key === row.key ? this.#asked : { value: undefined, isLoading: false };
  }

  /** The row is another one, or has grown since it was asked about. */
  isBehind(row: TimelineRow): boolean {
    return this.#asked?.key !== row.key || this.#asked.size !== row.events.length;
  }

  clear(): void {
    this.#asked = undefined;
  }

  /** Answers true when there is something new to show. */
  async load(deck: Deck, row: TimelineRow): Promise<boolean> {
    const before = this.of(row).value;
    const mine: Asked = { key: row.key, size: row.events.length, value: before, isLoading: true };
    this.#asked = mine;
    const value = await deck.detail(detailEvents(deck, row));
    if (this.#asked !== mine) return false;
    mine.value = value ?? before;
    mine.isLoading = false;
    return true;
  }
}

const detailLimit = 64;
const turnKinds: ReadonlySet<string> = new Set([
  'prompt.submitted',
  'reply.given',
  'file.created',
  'file.changed',
  'file.deleted',
  'file.renamed',
  'plan.changed',
]);

/** What the detail of a row needs: of a turn its words and its file changes, of others all they are made of. */
function detailEvents(deck: Deck, row: TimelineRow): readonly string[] {
  if (row.kind !== 'turn') return row.events.slice(-detailLimit);
  const wanted = new Set(row.events);
  return deck.timeline.events
    .filter((event) => turnKinds.has(event.kind))
    .map((event) => `${event.w}.${event.n}`)
    .filter((id) => wanted.has(id))
    .slice(-detailLimit);
}
