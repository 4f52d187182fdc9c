import { describe, expect, it } from 'vitest';
import { packEvents } from '../../src/core/packedEvents.ts';
import { Timeline } from '../../src/core/timeline.ts';
import type { LoggedEvent } from '../../src/model/event.ts';
import { eventId } from '../../src/model/ids.ts';
import { EventWindow, largestWindow } from '../../webview/eventWindow.ts';
import { manyEvents } from './sample.ts';

const dayOf = (at: string): string => at.slice(0, 10);
const many = manyEvents(3000);
const page = (events: readonly LoggedEvent[], from: number, to: number): Parameters<EventWindow['take']>[0] => ({
  lines: packEvents(events.slice(Math.max(0, from), to)),
  authors: {},
  hasOlder: from > 0,
  hasNewer: to < events.length,
});
const told = (timeline: Timeline): unknown => JSON.parse(JSON.stringify(timeline.sections()));

function wholeOf(events: readonly LoggedEvent[]): Timeline {
  const timeline = new Timeline({ dayOf });
  timeline.append(events);
  return timeline;
}

function windowOf(events: readonly LoggedEvent[], hasOlder: boolean): EventWindow {
  const window = new EventWindow(dayOf);
  window.reset(events, {}, hasOlder);
  return window;
}

describe('the stretch of the log that the page holds', () => {
  it('[V44] [V1] tells the same as the whole, however it was put together', async () => {
    const window = windowOf(many.slice(-400), true);
    for (let from = many.length - 400; from > 0; from -= 700) expect(await window.take(page(many, from - 700, from), 'before')).toBe(true);
    expect(window.hasOlder).toBe(false);
    expect(told(window.timeline)).toEqual(told(wholeOf(many)));
  });

  it('[V44] is a point far back with its own surroundings, and from there on to the end', async () => {
    const window = windowOf(many.slice(-400), true);
    await window.take(page(many, 300, 700), 'instead');
    expect([window.hasOlder, window.hasNewer, window.count]).toEqual([true, true, 400]);
    expect(told(window.timeline)).toEqual(told(wholeOf(many.slice(300, 700))));
    await window.take(page(many, 700, many.length), 'behind');
    expect([window.hasOlder, window.hasNewer]).toEqual([true, false]);
    expect(told(window.timeline)).toEqual(told(wholeOf(many.slice(300))));
  });

  it('[V44] holds no more than it may, and says on which side it let go', async () => {
    const long = manyEvents(largestWindow + 4000);
    const window = windowOf(long.slice(-500), true);
    for (let from = long.length - 500; from > 0; from -= 5000) await window.take(page(long, from - 5000, from), 'before');
    expect(window.count).toBe(largestWindow);
    expect([window.hasOlder, window.hasNewer]).toEqual([false, true]);
    expect(window.oldest).toMatchObject({ n: long[0]!.n });
    const newest = long.findIndex(({ n }) => n === window.newest!.n);
    await window.take(page(long, newest + 1, long.length), 'behind');
    expect([window.hasOlder, window.hasNewer, window.count]).toEqual([true, false, largestWindow]);
    expect(window.newest).toMatchObject({ n: long.at(-1)!.n });
  }, 60_000);

  it('[V44] loses and doubles nothing that arrives while it takes in a page', async () => {
    const known = many.slice(0, -60);
    const window = windowOf(known.slice(-300), true);
    const taking = window.take(page(known, known.length - 1300, known.length - 300), 'before');
    for (const event of many.slice(-60)) {
      expect(window.append([event, event].slice(0, 1), {})).toBe(1);
      expect(window.append([event], {})).toBe(0);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    expect(await taking).toBe(true);
    const all = known.slice(-1300).concat(many.slice(-60));
    expect(window.timeline.events.map(eventId)).toEqual(all.map(eventId));
    expect(told(window.timeline)).toEqual(told(wholeOf(all)));
  });

  it('[V44] puts nothing behind a gap: what arrives while the end is not held is counted alone', async () => {
    const window = windowOf(many.slice(-400), true);
    const taking = window.take(page(many.slice(0, -20), 300, 700), 'instead');
    await new Promise((resolve) => setTimeout(resolve, 30));
    await taking;
    expect(window.append(many.slice(-20), {})).toBe(20);
    expect(window.newest).toMatchObject({ n: many[699]!.n });
  });

  it('[V44] knows later findings of who did it, also those that come while it folds', async () => {
    const window = windowOf(many.slice(-300), true);
    const change = many.slice(-1200).find(({ kind }) => kind === 'file.changed')!;
    const author = { actor: 'agent', name: 'codex', how: 'overlap' } as const;
    const taking = window.take(page(many, many.length - 1300, many.length - 300), 'before');
    await window.attribute({ [eventId(change)]: author });
    await taking;
    expect(window.timeline.authorOf(change)).toEqual(author);
    const whole = wholeOf(many.slice(-1300));
    whole.attribute({ [eventId(change)]: author });
    expect(told(window.timeline)).toEqual(told(whole));
  });

  it('[V44] drops an earlier page for a later one', async () => {
    const window = windowOf(many.slice(-300), true);
    const first = window.take(page(many, 100, 900), 'instead');
    const second = window.take(page(many, 1000, 1400), 'instead');
    expect(await Promise.all([first, second])).toEqual([false, true]);
    expect(window.oldest).toMatchObject({ n: many[1000]!.n });
  });
});
