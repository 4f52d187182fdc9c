import { PackedEvents } from '../src/core/packedEvents.ts';
import { Timeline } from '../src/core/timeline.ts';
import type { Author } from '../src/model/author.ts';
import type { LoggedEvent } from '../src/model/event.ts';
import type { LogCursor, PackedPage } from '../src/protocol/messages.ts';
import { idleSlice } from './idleSlice.ts';

/** More events than this are not held: what is farthest from what is being read is let go, and asked for again when it is needed. */
export const largestWindow = 12_000;
/** So many are folded in one go. */
const atOnce = 1000;

type Authors = Readonly<Record<string, Author>>;

/**
 * The stretch of the log that the page holds, folded. Promises: it has no gap and no more than `largestWindow` events. Taking in
 * many never holds up a frame: they are parsed and folded in slices, into a timeline of their own, which takes the shown one's
 * place when it is done, with all that arrived meanwhile. Only the newest such work counts: an earlier one ends without effect.
 */
export class EventWindow {
  readonly #dayOf: (at: string) => string;
  #timeline: Timeline;
  /** As they stand in the log, which is not always as they happened. */
  #events: readonly LoggedEvent[] = [];
  readonly #authors = new Map<string, Author>();
  #isAside: (event: LoggedEvent) => boolean = () => false;
  /** What arrived while a build goes on; undefined when none does. */
  #late: LoggedEvent[] | undefined;
  /** Something was found out that the build which goes on does not know. */
  #isOutdated = false;
  /** There are events in the log before and behind the held ones. */
  hasOlder = false;
  hasNewer = false;

  constructor(dayOf: (at: string) => string) {
    this.#dayOf = dayOf;
    this.#timeline = new Timeline({ dayOf });
  }

  get timeline(): Timeline {
    return this.#timeline;
  }

  get count(): number {
    return this.#events.length;
  }

  get oldest(): LogCursor | undefined {
    return this.#events[0];
  }

  get newest(): LogCursor | undefined {
    return this.#events.at(-1);
  }

  /** Begins anew with few events, at once. */
  reset(events: readonly LoggedEvent[], authors: Authors, hasOlder: boolean): void {
    this.#late = undefined;
    this.#authors.clear();
    this.#learn(authors);
    this.#events = events;
    this.#timeline = this.#createTimeline();
    this.#timeline.append(events);
    this.hasOlder = hasOlder;
    this.hasNewer = false;
  }

  /** Takes in what is newest in the log; answers how much of it was new. What lies behind a gap is counted and not held. */
  append(events: readonly LoggedEvent[], authors: Authors): number {
    this.#learn(authors);
    if (this.hasNewer) return events.length;
    if (Object.keys(authors).length > 0) this.#timeline.attribute(authors);
    const fresh = events.filter((event) => !this.#timeline.has(event));
    if (fresh.length === 0) return 0;
    this.#timeline.append(fresh);
    this.#events = [...this.#events, ...fresh];
    this.#late?.push(...fresh);
    return fresh.length;
  }

  /** Later findings of who did it. Resolves when they are shown; true when that was not at once. */
  async attribute(authors: Authors): Promise<boolean> {
    this.#learn(authors);
    if (this.#late !== undefined) this.#isOutdated = true;
    else if (this.#events.length > atOnce) return this.#build(this.#events, true);
    this.#timeline.attribute(authors);
    return false;
  }

  setAside(isAside: (event: LoggedEvent) => boolean): void {
    this.#isAside = isAside;
    this.#timeline.setAside(isAside);
  }

  /**
   * Takes in a page that stands directly before or behind the held events, or instead of them. Resolves with true when it is in
   * the timeline, with false when something else took its place.
   */
  async take({ lines, authors, hasOlder, hasNewer }: PackedPage, where: 'before' | 'behind' | 'instead'): Promise<boolean> {
    this.#learn(authors);
    const mine: LoggedEvent[] = (this.#late = []);
    const held = this.#events;
    const fresh: LoggedEvent[] = [];
    const packed = new PackedEvents(lines);
    while (fresh.length < packed.count) {
      const isOver = await idleSlice();
      if (this.#late !== mine) return false;
      do fresh.push(packed.at(fresh.length));
      while (fresh.length < packed.count && !isOver());
    }
    const all = where === 'instead' ? fresh : where === 'before' ? [...fresh, ...held, ...mine] : [...held, ...fresh];
    const isTooMany = all.length > largestWindow;
    const isOlderCut = isTooMany && where !== 'before';
    const isNewerCut = isTooMany && where === 'before';
    const before = { hasOlder: this.hasOlder, hasNewer: this.hasNewer };
    // From now on, so that what arrives meanwhile is not put behind a gap.
    this.hasNewer = isNewerCut || (where === 'before' ? this.hasNewer : hasNewer);
    this.hasOlder = isOlderCut || (where === 'behind' ? this.hasOlder : hasOlder);
    if (await this.#build(isOlderCut ? all.slice(-largestWindow) : isNewerCut ? all.slice(0, largestWindow) : all)) return true;
    if (this.#events === held) Object.assign(this, before);
    return false;
  }

  /** `hasFindings`: who did it is not what it was when the present timeline was folded. */
  async #build(events: readonly LoggedEvent[], hasFindings = false): Promise<boolean> {
    const mine: LoggedEvent[] = (this.#late = []);
    let timeline: Timeline;
    do {
      hasFindings ||= this.#isOutdated;
      this.#isOutdated = false;
      timeline = this.#createTimeline();
      for (let at = 0; at < events.length;) {
        const isOver = await idleSlice();
        if (this.#late !== mine) return false;
        do timeline.append(events.slice(at, (at += 16)));
        while (at < events.length && !isOver());
      }
      if (!hasFindings) timeline.adopt(this.#timeline);
      const folding = timeline.foldAll();
      for (let step = folding.next(); step.done !== true;) {
        const isOver = await idleSlice();
        if (this.#late !== mine) return false;
        while (step.done !== true && !isOver()) step = folding.next();
      }
    } while (this.#isOutdated);
    timeline.append(mine);
    this.#late = undefined;
    this.#events = [...events, ...mine];
    this.#timeline = timeline;
    return true;
  }

  #createTimeline(): Timeline {
    const timeline = new Timeline({ dayOf: this.#dayOf });
    timeline.attribute(Object.fromEntries(this.#authors));
    timeline.setAside(this.#isAside);
    return timeline;
  }

  #learn(authors: Authors): void {
    for (const [event, author] of Object.entries(authors)) this.#authors.set(event, author);
  }
}
