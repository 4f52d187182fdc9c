import { mkdir, mkdtemp, readdir, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { userAuthor } from '../../src/model/author.ts';
import type { ContentHash } from '../../src/model/ids.ts';
import { collectContents, type Collection, type CollectionOptions } from '../../src/store/contentCollection.ts';
import { openContentStore, type ContentStore } from '../../src/store/contentStore.ts';
import { nodeDigest } from '../../src/store/digest.ts';
import { prepareRoot, tapedeckLayout, type TapedeckLayout } from '../../src/store/layout.ts';
import { eachHash } from '../../src/store/mentionedContents.ts';
import { openLogWriter } from '../../src/store/logWriter.ts';
import { createDice, depth, seedOf } from '../faults/depth.ts';
import { faultyFileSystem } from './faultyFileSystem.ts';

const dayMs = 24 * 3_600_000;
let root: string;
let layout: TapedeckLayout;
let stores: ContentStore[];
let collected = 0;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'tapedeck-collect-'));
  layout = tapedeckLayout(join(root, '.tapedeck'));
  stores = [];
  await prepareRoot(layout);
});
afterEach(async () => {
  for (const store of stores) await store.close();
  await rm(root, { recursive: true, force: true });
});

async function openStore(writer: string): Promise<ContentStore> {
  const store = await openContentStore({ layout, digest: nodeDigest, writer, lookEveryMs: 0 });
  stores.push(store);
  return store;
}

/** A collection `days` from now, by a process of its own. */
const collect = (days: number, more: Partial<CollectionOptions> = {}): Promise<Collection> =>
  collectContents({
    layout,
    digest: nodeDigest,
    writer: `collector${(collected += 1)}`,
    now: Date.now() + days * dayMs,
    isWriting: () => false,
    ...more,
  });

/** Writes an event that mentions each of them. */
async function mention(hashes: readonly ContentHash[], session = '20260101-120000-abcd'): Promise<void> {
  const writer = await openLogWriter({ layout, session, clock: systemClock, digest: nodeDigest });
  for (const hash of hashes)
    await writer.append({ kind: 'file.created', by: userAuthor, path: 'a', after: { hash, sizeBytes: 1, type: 'file' } });
  await writer.close();
}

const text = (index: number): Buffer => Buffer.from(`content ${index}\n`.repeat(300));

/** A chain of contents, each a small change of the one before. */
async function putChain(store: ContentStore, count: number, name: string): Promise<ContentHash[]> {
  const hashes: ContentHash[] = [];
  let body = Buffer.from(Array.from({ length: 400 }, (_, line) => `${name} ${nodeDigest.sha256(`${name}${line}`)}\n`).join(''));
  for (let index = 0; index < count; index++) {
    body = Buffer.concat([Buffer.from(`change ${index}\n`), body]);
    hashes.push((await store.put(body, hashes.at(-1))).hash);
  }
  return hashes;
}

async function expectKept(hashes: readonly ContentHash[]): Promise<void> {
  const store = await openContentStore({ layout, digest: nodeDigest, writer: 'lookerlooker' });
  for (const hash of hashes) {
    const bytes = await store.get(hash);
    expect(bytes === undefined ? 'gone' : nodeDigest.sha256(bytes)).toBe(hash);
  }
  expect(store.damage).toEqual([]);
  await store.close();
}

describe('the collection of contents', () => {
  it('[R34] removes what nothing mentions, a day after it was condemned, and nothing else', async () => {
    const store = await openStore('writer1');
    const kept = await putChain(store, 40, 'kept');
    const lost = await putChain(store, 80, 'lost');
    const large = await store.put(Buffer.alloc(5 << 20, 1));
    const neededLarge = await store.put(Buffer.alloc(5 << 20, 2));
    await store.close();
    // Only the last of a chain of differences, and what it stands upon is needed with it.
    await mention([kept.at(-1)!, neededLarge.hash]);
    const first = await collect(1);
    expect(first).toMatchObject({ freedBytes: 0 });
    expect(first.condemnedBytes).toBeGreaterThan(5 << 20);
    expect(await collect(1.9)).toMatchObject({ freedBytes: 0 });
    await expectKept([...kept, ...lost, large.hash]);
    const second = await collect(2.1);
    expect(second.freedBytes).toBeGreaterThan(5 << 20);
    await expectKept([kept.at(-1)!, neededLarge.hash]);
    const after = await openStore('writer2');
    expect(await after.has(lost.at(-1)!)).toBe(false);
    expect(await after.has(large.hash)).toBe(false);
    expect((await after.verify()).damage).toEqual([]);
    expect(await collect(4)).toMatchObject({ freedBytes: 0, condemnedBytes: 0 });
  });

  it('[R34] keeps what manifests, journals of rewinds and damaged lines mention, and removes nothing where that cannot be known', async () => {
    const store = await openStore('writer1');
    const [inManifest, inJournal, inDamage, lost] = await Promise.all([1, 2, 3, 4].map((index) => store.put(text(index))));
    const manifest = await store.put(Buffer.from(`{"tapedeck":"manifest","v":1}\n["a",1,1,1,1,null,0,"${inManifest!.hash}","",""]\n`));
    await store.put(Buffer.concat([text(5), text(6), text(7)]));
    await store.close();
    const writer = await openLogWriter({ layout, session: '20260101-120000-abcd', clock: systemClock, digest: nodeDigest });
    await writer.append({ kind: 'baseline.taken', by: userAuthor, folder: 'a', files: 1, manifest: manifest.hash, skipped: 0 });
    await writer.close();
    await writeFile(join(layout.session('20260101-120000-abcd').events, 'zzzz-0001.jsonl'), `{"torn ${inDamage!.hash}`);
    await mkdir(layout.rewinds, { recursive: true });
    await writeFile(join(layout.rewinds, 'abcd.json'), JSON.stringify({ steps: [{ from: { hash: inJournal!.hash } }] }));
    await collect(1, { minShare: 0.1 });
    expect((await collect(3, { minShare: 0.1 })).freedBytes).toBeGreaterThan(0);
    await expectKept([inManifest!.hash, inJournal!.hash, inDamage!.hash, manifest.hash]);
    expect(await (await openStore('writer3')).has(lost!.hash)).toBe(false);
    // Now the manifest cannot be read any more.
    for (const name of await readdir(layout.blobs)) if (name.endsWith('.pack')) await truncate(join(layout.blobs, name), 100);
    await expect(collect(5)).rejects.toThrow('not known');
  });

  it('[R34] does not take from a process what it stores again while it is condemned', async () => {
    const other = await openStore('otherwindow');
    const dead = await openStore('deadwindow');
    const hashes = await putChain(dead, 20, 'again');
    const large = await dead.put(Buffer.alloc(5 << 20, 3));
    await dead.close();
    // This window has seen them, and takes them for kept.
    for (const hash of hashes) expect(await other.has(hash)).toBe(true);
    await collect(1);
    expect(await putChain(other, 20, 'again')).toEqual(hashes);
    // A difference upon what is condemned would go with it.
    const upon = await other.put(Buffer.concat([(await other.get(hashes[3]!))!, Buffer.from('more')]), hashes[3]);
    await utimes(join(layout.looseBlobs, large.hash.slice(0, 2), large.hash), 1, 1);
    expect(await other.put(Buffer.alloc(5 << 20, 3))).toEqual(large);
    await utimes(
      join(layout.looseBlobs, large.hash.slice(0, 2), large.hash),
      (Date.now() + 1.5 * dayMs) / 1000,
      (Date.now() + 1.5 * dayMs) / 1000,
    );
    expect((await collect(2.5, { isWriting: (writer) => writer === 'otherwindow' })).freedBytes).toBeGreaterThan(0);
    await expectKept([...hashes, upon.hash, large.hash]);
    for (const hash of hashes) expect(nodeDigest.sha256((await other.get(hash))!)).toBe(hash);
    expect(other.damage).toEqual([]);
  });

  it('[R34] spares the packs of living processes and young ones', async () => {
    const store = await openStore('living');
    await putChain(store, 20, 'living');
    expect(await collect(0)).toMatchObject({ condemnedBytes: 0 });
    expect(await collect(3, { isWriting: (writer) => writer === 'living' })).toMatchObject({ condemnedBytes: 0 });
    expect((await collect(3)).condemnedBytes).toBeGreaterThan(0);
    // Even if it was taken for dead, it goes on elsewhere.
    const [late] = await putChain(store, 1, 'late');
    await collect(5);
    await expectKept([late!]);
  });

  it(
    '[R34] loses nothing that is needed, whatever call of the disk fails or is the last',
    { timeout: depth(120_000, 1_200_000) },
    async () => {
      const dice = createDice(seedOf(20260110));
      for (let round = 0; round < depth(12, 300); round++) {
        const store = await openStore(`w${round}`.padEnd(6, 'x'));
        const chain = await putChain(store, 25, `round ${round}`);
        const other = await openStore(`v${round}`.padEnd(6, 'x'));
        const upon = await other.put(Buffer.concat([(await store.get(chain[7]!))!, Buffer.from('!')]), chain[7]);
        await other.put(Buffer.concat([text(round), text(round + 1)]));
        await store.close();
        await other.close();
        const needed = [...chain.filter(() => dice(8) === 0), upon.hash];
        await mention(needed);
        await collect(1 + round * 10, { minShare: 0.01 });
        let calls = 0;
        const diesAt = 1 + dice(60);
        const isLast = dice(2) === 0;
        const { fileSystem } = faultyFileSystem((call) => {
          if (call.name === 'lstat' || call.name === 'readdir') return undefined;
          calls += 1;
          return calls === diesAt || (isLast && calls > diesAt) ? { code: 'EIO' } : undefined;
        });
        await collect(3 + round * 10, { minShare: 0.01, fileSystem }).catch(() => {});
        await expectKept(needed);
        await collect(5 + round * 10, { minShare: 0.01 });
        await collect(7 + round * 10, { minShare: 0.01 });
        await expectKept(needed);
      }
    },
  );

  it('[R34] reads every name of a content that a log holds, wherever it stands in the file', async () => {
    const dice = createDice(7);
    for (let round = 0; round < 300; round++) {
      const hash = nodeDigest.sha256(String(round));
      const before = '{"path":"abc def 0123","x":"'.repeat(dice(9)).slice(0, dice(200)) + '"';
      const found: string[] = [];
      eachHash(Buffer.from(`${before}${hash}"${'z'.repeat(dice(70))}`), (one) => found.push(one));
      expect(found).toContain(hash);
    }
    const found: string[] = [];
    eachHash(Buffer.from(`"${'a'.repeat(128)}" "${'b'.repeat(63)}"`), (one) => found.push(one));
    expect(found).toEqual([]);
  });
});
