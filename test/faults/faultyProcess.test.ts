import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openContentStore } from '../../src/store/contentStore.ts';
import { nodeDigest } from '../../src/store/digest.ts';
import { tapedeckLayout } from '../../src/store/layout.ts';
import { note, openLogRoom, sessionId } from '../store/logRoom.ts';
import { bundleProgram, inPairs, type BundledProgram, type ProgramEnd } from './bundledProgram.ts';
import { createDice, depth, isFull, seedOf } from './depth.ts';
import { buildFaultIo, type DiskCallName, type FaultIo, type ProcessFault } from './faultIo.ts';
import { orSkip, type Obstacle } from './obstacle.ts';

/**
 * Faults at the real system calls of a process that knows nothing of them: what Node and libuv make of a short count or an
 * interrupted call is part of what is tried here.
 */
let appending: BundledProgram;
let storing: BundledProgram;
let faults: FaultIo | Obstacle;
beforeAll(async () => {
  appending = await bundleProgram('appendingProgram.ts');
  storing = await bundleProgram('storingProgram.ts');
  faults = buildFaultIo(appending.folder);
});
afterAll(async () => {
  await appending.close();
  await storing.close();
});
const timeout = { timeout: depth(240_000, 3_600_000), retry: 0 };

/** Runs a process that appends under that fault, and looks whether all is there. A new writer goes on behind it. */
async function appendUnder(
  io: FaultIo,
  fault: Omit<ProcessFault, 'path'>,
  options: { life?: string; segmentBytes?: number; total?: number } = {},
) {
  const room = await openLogRoom();
  const where = JSON.stringify({ fault, options });
  try {
    const { life = '', segmentBytes = 0, total = 60 } = options;
    const env = io.environment({ path: room.layout.root, ...fault });
    const end = await appending.finish({
      args: [room.layout.root, sessionId, total, 4, 300, life, segmentBytes],
      env,
      // Without room a long-lived writer waits for it.
      ...(fault.roomBytes !== undefined && fault.roomBack === undefined && { limitMs: 700 }),
    });
    const next = await room.writer();
    const after = await next.append(note('after'));
    await next.close();
    const events = await room.readAll();
    const found = new Set(events.map(({ w, n }) => `${w}.${n}`));
    expect(
      acknowledged(end).filter((id) => !found.has(id)),
      where,
    ).toEqual([]);
    expect(events.at(-1), where).toEqual(after);
    const health = await (await room.reader()).verify();
    expect(health.breaks, where).toEqual([]);
    expect(
      [...health.damage, ...health.growing].filter(({ reason }) => reason !== 'torn'),
      where,
    ).toEqual([]);
    return end;
  } finally {
    await room.close();
  }
}

async function storeUnder(io: FaultIo, fault: Omit<ProcessFault, 'path'>): Promise<ProgramEnd> {
  const root = await mkdtemp(join(tmpdir(), 'tapedeck-faulty-'));
  try {
    const env = io.environment({ path: root, ...fault });
    const end = await storing.finish({ args: [root, depth(12, 30), 2, 20_000, 'thewriter', 7], env });
    const store = await openContentStore({ layout: tapedeckLayout(root), digest: nodeDigest, writer: 'reader' });
    for (const hash of acknowledged(end)) {
      const bytes = await store.get(hash);
      expect(bytes === undefined ? undefined : nodeDigest.sha256(bytes), JSON.stringify(fault)).toBe(hash);
    }
    expect(
      (await store.verify()).damage.filter(({ reason }) => reason !== 'torn'),
      JSON.stringify(fault),
    ).toEqual([]);
    await store.close();
    return end;
  } finally {
    await rm(root, { recursive: true, force: true, maxRetries: 5 });
  }
}

const acknowledged = ({ lines }: ProgramEnd): readonly string[] => lines.filter((line) => !line.startsWith('failed'));

test('[L4] a disk that is full at any byte costs a process nothing that it acknowledged', timeout, async ({ skip }) => {
  const io = orSkip(faults, skip);
  const dice = createDice(seedOf(20260105));
  let failed = 0;
  await inPairs(depth(16, 500), async (round) => {
    const life = round % 4 === 3 ? 'short' : '';
    const roomBack = round % 5 === 4 ? undefined : 1 + dice(4);
    const end = await appendUnder(io, { roomBytes: dice(30_000), ...(roomBack !== undefined && { roomBack }) }, { life });
    if (acknowledged(end).length < 60) failed += 1;
  });
  expect(failed).toBeGreaterThan(0);
});

test('[R24] a disk that is full at any byte costs a process no content that it acknowledged', timeout, async ({ skip }) => {
  const io = orSkip(faults, skip);
  const dice = createDice(seedOf(20260106));
  let failed = 0;
  await inPairs(depth(10, 500), async () => {
    const end = await storeUnder(io, { roomBytes: dice(dice(3) === 0 ? 3_000_000 : 60_000), roomBack: 1 + dice(4) });
    failed += end.lines.length - acknowledged(end).length;
  });
  expect(failed).toBeGreaterThan(0);
});

const calls: readonly DiskCallName[] = [
  'open',
  'read',
  'write',
  'datasync',
  'sync',
  'close',
  'mkdir',
  'rename',
  'unlink',
  'stat',
  'scandir',
];
const isShortened = (call: DiskCallName): boolean => call === 'write' || call === 'read';
const actsOf = (call: DiskCallName): readonly NonNullable<ProcessFault['act']>[] => [
  'EIO',
  'EINTR',
  ...(isShortened(call) ? (['short'] as const) : []),
];
/** Each fault at each of the first 200 calls there are; in the short form the first ones, where opening is, one fault each. */
const triesOf = (call: DiskCallName, made: number) =>
  Array.from({ length: Math.min(made, depth(2, 200)) }, (_, index) => index + 1).flatMap((at) => {
    const acts = actsOf(call);
    return (isFull ? acts : [acts[at % acts.length]!]).map((act) => ({ call, at, act, times: 1 + (at % 3) }));
  });

test.for(calls)('[L4] a fault at the n-th %s of a process costs nothing that it acknowledged', timeout, async (call, { skip }) => {
  const io = orSkip(faults, skip);
  const options = { segmentBytes: 200, total: depth(20, 220) };
  await appendUnder(io, { call }, options);
  const tries = triesOf(call, io.counted());
  await inPairs(
    tries.length,
    async (index) => void (await appendUnder(io, tries[index]!, { ...options, life: index % 4 === 3 ? 'short' : '' })),
  );
});

test.for(calls)('[R24] a fault at the n-th %s of a process costs no content that it acknowledged', timeout, async (call, { skip }) => {
  const io = orSkip(faults, skip);
  await storeUnder(io, { call });
  const tries = triesOf(call, io.counted());
  await inPairs(tries.length, async (index) => void (await storeUnder(io, tries[index]!)));
});
