import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { userAuthor } from '../../src/model/author.ts';
import type { EventDraft } from '../../src/model/event.ts';
import { nodeDigest } from '../../src/store/digest.ts';
import { tapedeckLayout, type TapedeckLayout } from '../../src/store/layout.ts';
import { openLogReader } from '../../src/store/logReader.ts';
import { openLogWriter } from '../../src/store/logWriter.ts';

const session = '20260101-120000-abcd';
let folder: string;
let layout: TapedeckLayout;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tapedeck-log-'));
  layout = tapedeckLayout(join(folder, '.tapedeck'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const note = (text: string): EventDraft => ({ kind: 'progress.noted', by: userAuthor, text });

test('what was appended is read back in order', async () => {
  const writer = await openLogWriter({ layout, session, clock: systemClock, digest: nodeDigest });
  const events = await Promise.all(Array.from({ length: 500 }, (_, index) => writer.append(note(`note ${index}`))));
  const reader = await openLogReader({ layout, session, digest: nodeDigest });
  const page = await reader.tail(200);
  expect(page.events).toEqual(events.slice(300));
  expect(page.hasMore).toBe(true);
  const older = await reader.before(page.start!, 250);
  expect(older.events).toEqual(events.slice(50, 300));
  const newer = await reader.after(older.end!, 100);
  expect(newer.events).toEqual(events.slice(300, 400));
  expect(await reader.find(`${writer.id}.77`)).toEqual(events[76]);
  expect(await reader.count()).toBe(500);
  const all = [];
  for await (const batch of reader.all()) all.push(...batch);
  expect(all).toEqual(events);
  expect(await reader.verify()).toMatchObject({ isSound: true, events: 500, damage: [], breaks: [] });
  const told: unknown[] = [];
  const following = reader.follow((events) => told.push(...events));
  const late = await writer.append(note('late'));
  await expect.poll(() => told, { timeout: 1000 }).toEqual([late]);
  following.dispose();
  await writer.close();
});
