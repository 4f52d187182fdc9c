import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { eventId } from '../../src/model/ids.ts';
import { tapedeckLayout } from '../../src/store/layout.ts';
import { mixedEvents, writeMixedLog } from '../bench/mixedLog.ts';
import { bundleCli, openCliRoom, type CliRoom } from './cliRoom.ts';

let bundle: Awaited<ReturnType<typeof bundleCli>>;
let room: CliRoom;

beforeAll(async () => {
  bundle = await bundleCli();
}, 60_000);
afterAll(() => bundle.remove());
beforeEach(async () => {
  room = await openCliRoom(bundle.path);
});
afterEach(() => room.close());

describe('the state at a point', { timeout: 60_000 }, () => {
  it('[D34] [X3] [X6] is the same however the point is named, and whether folds are kept or not', async () => {
    const events = [...mixedEvents(12_000, { files: 40 })];
    const session = tapedeckLayout(join(room.folder, '.tapedeck')).session('20260101-080000-abcd');
    await writeMixedLog(session, events);
    const point = events[10_999]!;
    const state = async (at: string): Promise<string> => {
      const { code, out, err } = await room.run(['state', '--at', at, '--json']);
      expect([code, err]).toEqual([0, '']);
      return out;
    };
    const first = await state('11000');
    expect(JSON.parse(first)).toMatchObject({ event: eventId(point), counts: { events: 11_000, malformed: 0 } });
    // It was far, so the next one need not go all the way.
    expect((await readdir(session.cache)).filter((name) => name.endsWith('.fold'))).toHaveLength(1);
    for (const name of [eventId(point), '-1001', point.at]) expect((await state(name)) === first, name).toBe(true);
    const whole = (await room.run(['state', '--json'])).json();
    expect(whole).toMatchObject({ event: eventId(events.at(-1)!), counts: { events: 12_000 } });
    expect((await room.run(['status', '--json'])).json()).toMatchObject({ counts: { events: 12_000 } });
    expect((await room.run(['state', '--at', 'zzzzzz.1'])).code).toBe(1);
    expect((await room.run(['state', '--at', 'nonsense'])).code).toBe(2);
  });
});
