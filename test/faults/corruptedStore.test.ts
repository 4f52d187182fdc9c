import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openContentStore } from '../../src/store/contentStore.ts';
import { nodeDigest } from '../../src/store/digest.ts';
import { tapedeckLayout, type TapedeckLayout } from '../../src/store/layout.ts';
import { recordHeaderBytes } from '../../src/store/pack.ts';
import { decodeSummary, encodeSummary, type PackSummary } from '../../src/store/packSummary.ts';
import { readSidecar, sidecarPath, writeSidecar } from '../../src/store/sidecar.ts';
import { listSegments } from '../../src/store/segmentFile.ts';
import { linesOf, notes, openLogRoom } from '../store/logRoom.ts';
import { damageAtRandom } from './damages.ts';
import { createDice, depth, seedOf } from './depth.ts';

let folder: string;
let layout: TapedeckLayout;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tapedeck-corrupted-'));
  layout = tapedeckLayout(folder);
});
afterEach(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));

const open = (writer: string) => openContentStore({ layout, digest: nodeDigest, writer });
const long = { timeout: 900_000, retry: 0 };

test('[R23] a corrupted pack gives each content as it was, or none and says where; never another, never silent', long, async () => {
  const dice = createDice(seedOf(20260110));
  const store = await open('thewriter');
  const kept = new Map<string, Buffer>();
  let base: string | undefined;
  for (let index = 0; index < 40; index++) {
    const text = Array.from({ length: 20 + index * 3 }, (_, line) => `line ${line} ${line === index ? 'changed' : (line * 7919) % 1009}\n`);
    const bytes = Buffer.from(index % 5 === 0 ? nodeDigest.sha256(`${index}`).repeat(index * 9) : text.join(''));
    const { hash } = await store.put(bytes, index % 5 === 0 ? undefined : base);
    if (index % 5 !== 0) base = hash;
    kept.set(hash, bytes);
  }
  await store.close();
  const [name] = await readdir(layout.blobs);
  const path = join(layout.blobs, name!);
  const whole = await readFile(path);
  const ends = new Set([0]);
  for (let at = 8; at <= whole.length; at += recordHeaderBytes + (at < whole.length ? whole.readUInt32LE(at + 12) : 0)) ends.add(at);
  let harmed = 0;
  for (let trial = 0; trial < depth(80, 5000); trial++) {
    // At its very end as well, where a record that is still being written would stand.
    const bytes =
      dice(10) === 0 ? Buffer.concat([whole.subarray(0, dice(whole.length)), Buffer.alloc(1 + dice(5000))]) : damageAtRandom(whole, dice);
    await writeFile(path, bytes);
    // Nobody is writing to it now.
    await utimes(path, 1, 1);
    const damaged = await open('reader');
    const lost: string[] = [];
    for (const [hash, content] of kept) {
      const got = await damaged.get(hash);
      if (got === undefined) lost.push(hash);
      else if (!content.equals(got)) expect(Buffer.from(got).toString()).toBe(content.toString());
    }
    // Told apart from what was met before: whoever only verifies sees it as well.
    const verifier = await open('verifier');
    const health = await verifier.verify();
    await verifier.close();
    for (const { file, from, to } of health.damage) expect(file === name && from < to && to <= bytes.length).toBe(true);
    // A pack that ends where a record does is all that it alone cannot tell.
    const isCutBetween = ends.has(bytes.length) && bytes.equals(whole.subarray(0, bytes.length));
    if (lost.length > 0 && !isCutBetween) expect(health.damage, `trial ${trial}: ${lost.length} lost`).not.toEqual([]);
    if (lost.length > 0) harmed += 1;
    await damaged.close();
  }
  expect(harmed).toBeGreaterThan(depth(80, 5000) / 2);
});

test('[R23] a corrupted large content is none, and said to be damaged', long, async () => {
  const dice = createDice(seedOf(20260111));
  const store = await open('thewriter');
  const content = Buffer.from(Array.from({ length: 5 << 18 }, (_, index) => index.toString(36).padStart(4, '.')).join(''));
  const { hash } = await store.put(content);
  const path = join(layout.looseBlobs, hash.slice(0, 2), hash);
  for (let trial = 0; trial < depth(2, 300); trial++) {
    const bytes = damageAtRandom(content, dice);
    await writeFile(path, bytes);
    const got = await store.get(hash);
    if (got !== undefined) expect(content.equals(got)).toBe(true);
    else expect((await store.verify()).damage).toMatchObject([{ hash }]);
  }
  await store.close();
});

test('[L16] a corrupted summary of a pack is none', long, () => {
  const dice = createDice(seedOf(20260112));
  const records = Array.from({ length: 50 }, (_, index) => ({
    codec: 'raw' as const,
    depth: 0,
    hash: nodeDigest.sha256(`${index}`),
    offset: index * 100,
    payloadCrc: index,
    rawBytes: 44,
    storedBytes: 44,
  }));
  const summary: PackSummary = { readTo: 5000, records };
  const whole = Buffer.from(encodeSummary(summary, nodeDigest));
  expect(decodeSummary(whole, nodeDigest)).toEqual(summary);
  for (let trial = 0; trial < depth(5000, 200_000); trial++) {
    const bytes = damageAtRandom(whole, dice);
    if (!bytes.equals(whole) && decodeSummary(bytes, nodeDigest) !== undefined) expect(decodeSummary(bytes, nodeDigest)).toBeUndefined();
  }
});

test('[L16] a corrupted sidecar is none, and one of a segment that was changed before its end is none either', long, async () => {
  const dice = createDice(seedOf(20260113));
  const room = await openLogRoom();
  try {
    const lines = linesOf(notes('abcd', 40)).join('');
    await room.writeSegment('abcd-0001.jsonl', lines);
    const segment = (await listSegments(room.session)).get('abcd')![0]!;
    const kind = { name: 'sizes', version: 1 };
    const payload = Buffer.from(Array.from({ length: 700 }, () => dice(256)));
    await mkdir(room.session.cache, { recursive: true });
    await writeSidecar(room.session, segment, kind, { coveredBytes: segment.sizeBytes, payload }, nodeDigest);
    const path = sidecarPath(room.session, segment, kind);
    const whole = await readFile(path);
    expect((await readSidecar(room.session, segment, kind, nodeDigest))?.payload).toEqual(payload);
    for (let trial = 0; trial < depth(300, 100_000); trial++) {
      const bytes = damageAtRandom(whole, dice);
      if (bytes.equals(whole)) continue;
      await writeFile(path, bytes);
      expect(await readSidecar(room.session, segment, kind, nodeDigest)).toBeUndefined();
    }
    await writeFile(path, whole);
    for (let trial = 0; trial < depth(80, 5000); trial++) {
      const bytes = damageAtRandom(Buffer.from(lines), dice);
      const from = segment.sizeBytes - 64;
      if (bytes.length >= segment.sizeBytes && bytes.subarray(from, segment.sizeBytes).equals(Buffer.from(lines).subarray(from))) continue;
      await room.writeSegment('abcd-0001.jsonl', bytes);
      const now = (await listSegments(room.session)).get('abcd')![0]!;
      expect(await readSidecar(room.session, now, kind, nodeDigest)).toBeUndefined();
    }
  } finally {
    await room.close();
  }
});
