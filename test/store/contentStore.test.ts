import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  mkdirSync,
  utimesSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openContentStore, type ContentStore, type ContentStoreOptions } from '../../src/store/contentStore.ts';
import { nodeDigest } from '../../src/store/digest.ts';
import { tapedeckLayout } from '../../src/store/layout.ts';
import { recordHeaderBytes } from '../../src/store/pack.ts';
import { faultyFileSystem } from './faultyFileSystem.ts';

let root: string;
const opened: ContentStore[] = [];
const layout = () => tapedeckLayout(join(root, '.tapedeck'));
const open = async (writer = 'writera', options: Partial<ContentStoreOptions> = {}): Promise<ContentStore> => {
  const store = await openContentStore({ layout: layout(), digest: nodeDigest, writer, ...options });
  opened.push(store);
  return store;
};
const filler = Array.from({ length: 400 }, (_, index) => nodeDigest.sha256(`${index}`).slice(0, 8)).join('');
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const packs = (): string[] =>
  readdirSync(layout().blobs)
    .filter((name) => name.endsWith('.pack'))
    .sort();
const lines = (count: number, change = ''): Uint8Array =>
  bytesOf(Array.from({ length: count }, (_, index) => `${index === 50 ? change : ''}line ${index} ${(index * 7919) % 1009}\n`).join(''));

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'tapedeck-content-'));
});
afterEach(async () => {
  for (const store of opened.splice(0)) await store.close();
  rmSync(root, { recursive: true, force: true });
});

describe('content store', () => {
  it('[R20] gives back any bytes that were put, also after reopening', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 3000 }), { maxLength: 8 }), async (contents) => {
        const store = await open();
        const kept: { readonly hash: string; readonly sizeBytes: number }[] = [];
        for (const [index, bytes] of contents.entries()) kept.push(await store.put(bytes, kept[index - 1]?.hash));
        await store.close();
        const again = await open('writerb');
        for (const [index, { hash, sizeBytes }] of kept.entries()) {
          expect(sizeBytes).toBe(contents[index]!.length);
          expect(hash).toBe(nodeDigest.sha256(contents[index]!));
          expect(Buffer.from((await again.get(hash))!)).toEqual(Buffer.from(contents[index]!));
        }
        await again.close();
      }),
      { numRuns: 25 },
    );
  });

  it('[R20] writes the same content once, also when it is put twice at the same time', async () => {
    const store = await open();
    const [first] = await Promise.all([store.put(lines(100)), store.put(lines(100))]);
    await store.put(lines(100));
    const size = statSync(join(layout().blobs, packs()[0]!)).size;
    expect((await store.verify()).contents).toBe(1);
    expect(size).toBeLessThan(lines(100).length);
    expect(await store.has(first.hash)).toBe(true);
    expect(await store.has('0'.repeat(64))).toBe(false);
  });

  it('[R21] stores a small change as its difference, and a whole content after 32 of them', async () => {
    const store = await open();
    let base = (await store.put(lines(2000))).hash;
    const before = statSync(join(layout().blobs, packs()[0]!)).size;
    const versions: string[] = [];
    for (let change = 0; change < 40; change++) versions.push((base = (await store.put(lines(2000, `edit ${change} `), base)).hash));
    const grown = statSync(join(layout().blobs, packs()[0]!)).size - before;
    expect(grown / 40).toBeLessThan(512);
    await store.close();
    const again = await open('writerb');
    for (const [change, hash] of versions.entries())
      expect(Buffer.from((await again.get(hash))!).equals(lines(2000, `edit ${change} `))).toBe(true);
    const depths = (await deepest(again)).sort((a, b) => a - b);
    expect(depths.at(-1)).toBe(32);
    expect(depths.filter((depth) => depth === 0)).toHaveLength(2);
  });

  it('[R20] does not stand on a buffer that its caller uses again', async () => {
    const store = await open();
    const buffer = lines(200);
    const { hash } = await store.put(buffer);
    const original = Uint8Array.from(buffer);
    buffer.fill(0x20);
    const next = lines(200, 'x');
    const second = await store.put(next, hash);
    const got = (await store.get(hash))!;
    got.fill(1);
    await store.close();
    const again = await open('writerb');
    expect(Buffer.from((await again.get(hash))!).equals(original)).toBe(true);
    expect(Buffer.from((await again.get(second.hash))!).equals(next)).toBe(true);
  });

  it('[R22] finds what another process has put since it looked', async () => {
    const mine = await open('writera');
    const other = await open('writerb');
    const { hash } = await other.put(bytesOf('from the other'));
    expect(Buffer.from((await mine.get(hash))!).toString()).toBe('from the other');
    const second = await other.put(bytesOf('a second one'));
    expect(await mine.has(second.hash)).toBe(true);
  });

  it('[R22] goes on in its own pack when that is sound, and leaves a torn one as it is', async () => {
    const first = await open();
    const a = await first.put(bytesOf('a'));
    await first.close();
    const second = await open();
    const b = await second.put(bytesOf('b'));
    await second.close();
    expect(packs()).toEqual(['writera-0001.pack']);
    appendFileSync(join(layout().blobs, packs()[0]!), 'TDR1 torn in the middle of a header');
    const torn = readFileSync(join(layout().blobs, packs()[0]!));
    const third = await open();
    const c = await third.put(bytesOf('c'));
    expect(packs()).toEqual(['writera-0001.pack', 'writera-0002.pack']);
    expect(readFileSync(join(layout().blobs, 'writera-0001.pack')).equals(torn)).toBe(true);
    for (const { hash } of [a, b, c]) expect(await third.has(hash)).toBe(true);
  });

  it('[R23] tolerates a pack cut off at any byte: what lies before the cut is there, the rest is absent', async () => {
    const store = await open();
    const kept = [];
    for (const text of ['one', 'two two', 'three '.repeat(60), 'four']) kept.push(await store.put(bytesOf(text)));
    await store.close();
    const path = join(layout().blobs, packs()[0]!);
    const whole = readFileSync(path);
    for (let size = whole.length - 1; size >= 0; size--) {
      truncateSync(path, size);
      const again = await open('writerb');
      const present = [];
      for (const { hash } of kept) present.push((await again.get(hash)) !== undefined);
      // A prefix of the puts, never a later one without an earlier one.
      expect(present.indexOf(false)).toBe(present.filter(Boolean).length);
      await again.close();
    }
    writeFileSync(path, whole);
  });

  it('[R23] never returns damaged bytes: any changed byte costs that content alone, and is counted', async () => {
    const store = await open();
    const kept = [];
    for (const text of ['alpha '.repeat(30), 'beta', 'gamma '.repeat(50)]) kept.push({ text, ...(await store.put(bytesOf(text))) });
    await store.close();
    const path = join(layout().blobs, packs()[0]!);
    const whole = readFileSync(path);
    for (let at = 0; at < whole.length; at += 3) {
      const spoiled = Buffer.from(whole);
      spoiled[at] = spoiled[at]! ^ 0x55;
      writeFileSync(path, spoiled);
      const again = await open('writerb');
      let lost = 0;
      for (const { hash, text } of kept) {
        const got = await again.get(hash);
        if (got === undefined) lost += 1;
        else expect(Buffer.from(got).toString()).toBe(text);
      }
      expect(lost).toBeLessThanOrEqual(1);
      if (at >= 8) expect(lost + again.damage.length).toBeGreaterThan(0);
      await again.close();
    }
  });

  it('[R23] takes another copy when one is damaged, and writes a lost one anew', async () => {
    const a = await open('writera');
    const b = await open('writerb');
    const text = bytesOf('twice '.repeat(40));
    await Promise.all([a.put(text), b.put(text)]);
    await a.close();
    await b.close();
    expect(packs()).toHaveLength(2);
    spoil(0);
    const reader = await open('writerc');
    const hash = nodeDigest.sha256(text);
    expect(Buffer.from((await reader.get(hash))!).equals(text)).toBe(true);
    expect(reader.damage).toHaveLength(1);
    await reader.close();
    spoil(1);
    const again = await open('writerd');
    expect(await again.get(hash)).toBeUndefined();
    await again.put(text);
    await again.close();
    expect(Buffer.from((await (await open('writere')).get(hash))!).equals(text)).toBe(true);
  });

  it('[R24] tells a failed write with its reason, loses nothing acknowledged, and writes the next content to a new pack', async () => {
    for (const code of ['ENOSPC', 'EIO', 'EACCES'])
      for (const name of ['open', 'file.write', 'file.datasync', 'mkdir']) {
        let isFailing = false;
        const { fileSystem } = faultyFileSystem((call) => (isFailing && call.name === name ? { code } : undefined));
        const store = await open('writerf', { fileSystem, maxPackBytes: 200 });
        const before = await store.put(bytesOf(`before ${code} ${name} ${filler}`));
        isFailing = true;
        await expect(store.put(bytesOf(`during ${code} ${name}`))).rejects.toMatchObject({ name: 'ContentWriteError', reason: code });
        isFailing = false;
        const after = await store.put(bytesOf(`during ${code} ${name}`));
        await store.close();
        const again = await open('writerb');
        expect(await again.get(before.hash)).toBeDefined();
        expect(await again.get(after.hash)).toBeDefined();
        await again.close();
      }
  });

  it('[R24] takes a short write without an error for what it is', async () => {
    const { fileSystem } = faultyFileSystem((call) => (call.name === 'file.write' && call.number % 2 === 0 ? { shortBy: 5 } : undefined));
    const store = await open('writera', { fileSystem });
    const kept = await store.put(lines(500));
    await store.close();
    expect(Buffer.from((await (await open('writerb')).get(kept.hash))!).equals(lines(500))).toBe(true);
  });

  it('[R24] keeps nothing half-written in memory as if it were there', async () => {
    const { fileSystem } = faultyFileSystem((call) => (call.name === 'file.datasync' ? { code: 'EIO' } : undefined));
    const store = await open('writera', { fileSystem });
    await expect(store.put(bytesOf('unsynced'))).rejects.toThrow();
    expect(await (await open('writerb', {})).put(bytesOf('unsynced'))).toMatchObject({ sizeBytes: 8 });
  });

  it('[R25] streams a large file into a file of its own, in pieces, and gives it back in pieces', async () => {
    const path = join(root, 'large.bin');
    execFileSync('sh', ['-c', `head -c 40000000 /dev/urandom > "${path}"`]);
    const store = await open();
    const kept = await store.putFile(path, 100_000_000);
    if ('missing' in kept) throw new Error(kept.missing);
    expect(kept.hash).toBe(nodeDigest.sha256(readFileSync(path)));
    expect(readdirSync(layout().looseBlobs)).toEqual([kept.hash.slice(0, 2)]);
    let largest = 0;
    let total = 0;
    expect(await store.copyTo(kept.hash, (piece) => void ((total += piece.length), (largest = Math.max(largest, piece.length))))).toBe(
      true,
    );
    expect(total).toBe(40_000_000);
    expect(largest).toBeLessThanOrEqual(1024 * 1024);
    expect(await store.putFile(path, 100_000_000)).toEqual(kept);
    truncateSync(join(layout().looseBlobs, kept.hash.slice(0, 2), kept.hash), 1000);
    expect(await store.get(kept.hash)).toBeUndefined();
    expect((await store.verify()).damage).toHaveLength(1);
  });

  it('[R25] leaves no half file behind when a large content cannot be written', async () => {
    const path = join(root, 'large.bin');
    writeFileSync(path, Buffer.alloc(6_000_000, 7));
    for (const name of ['open', 'file.write', 'file.sync', 'rename', 'mkdir']) {
      const { fileSystem } = faultyFileSystem((call) =>
        call.name === name && call.path.includes('loose') ? { code: 'ENOSPC' } : undefined,
      );
      const store = await open('writera', { fileSystem });
      await expect(store.putFile(path, 10_000_000)).rejects.toMatchObject({ name: 'ContentWriteError', reason: 'ENOSPC' });
      await store.close();
      expect(await filesBelow(layout().looseBlobs)).toEqual([]);
    }
  });

  it('[R25] removes the half files of processes that died long ago', async () => {
    mkdirSync(layout().looseBlobs, { recursive: true });
    const names = ['old-1-1.tmp', 'new-1-1.tmp'];
    for (const name of names) writeFileSync(join(layout().looseBlobs, name), 'half');
    utimesSync(join(layout().looseBlobs, 'old-1-1.tmp'), 1, 1);
    await open();
    expect(readdirSync(layout().looseBlobs)).toEqual(['new-1-1.tmp']);
  });

  it('[R26] says why a file cannot be kept', async () => {
    const store = await open();
    writeFileSync(join(root, 'big'), 'x'.repeat(100));
    symlinkSync('big', join(root, 'link'));
    execFileSync('mkfifo', [join(root, 'pipe')]);
    expect(await store.putFile(join(root, 'big'), 99)).toEqual({ missing: 'too-large', sizeBytes: 100 });
    expect(await store.putFile(join(root, 'big'), 100)).toMatchObject({ sizeBytes: 100 });
    expect(await store.putFile(join(root, 'link'), 100)).toEqual({ missing: 'special' });
    expect(await store.putFile(join(root, 'pipe'), 100)).toEqual({ missing: 'special' });
    expect(await store.putFile(join(root, 'none'), 100)).toEqual({ missing: 'lost' });
    const denied = faultyFileSystem((call) => (call.name === 'open' && call.path.endsWith('big') ? { code: 'EACCES' } : undefined));
    expect(await (await open('writerb', denied)).putFile(join(root, 'big'), 100)).toEqual({ missing: 'unreadable' });
    let reads = 0;
    const growing = faultyFileSystem((call) => {
      if (call.name === 'file.read' && call.path.endsWith('big') && reads++ === 0) appendFileSync(join(root, 'big'), 'y');
      return undefined;
    });
    expect(await (await open('writerc', growing)).putFile(join(root, 'big'), 200)).toMatchObject({ missing: 'changing' });
  });

  it('[R24] writes anew what is put after its folder was removed under it, and takes nothing that went with it for kept', async () => {
    const store = await open();
    const before = await store.put(bytesOf('before'));
    expect(await store.has(before.hash)).toBe(true);
    rmSync(join(root, '.tapedeck'), { recursive: true });
    await new Promise((resolve) => setTimeout(resolve, 600));
    const after = await store.put(bytesOf('after'));
    const again = await store.put(bytesOf('before'));
    const other = await open('writerb');
    expect(await other.get(after.hash)).toEqual(Buffer.from('after'));
    expect(await other.get(again.hash)).toEqual(Buffer.from('before'));
    expect(await store.get(after.hash)).toEqual(Buffer.from('after'));
  });

  it('[R20] syncs the names of all folders that it had to make, above the packs and above a large content', async () => {
    const synced: string[] = [];
    const { fileSystem } = faultyFileSystem((call) => {
      if (call.name === 'file.sync') synced.push(call.path);
      return undefined;
    });
    const store = await open('writera', { fileSystem });
    await store.put(bytesOf('small'));
    expect(synced).toEqual([join(root, '.tapedeck'), root, layout().blobs]);
    synced.length = 0;
    const { hash } = await store.put(new Uint8Array(5 << 20));
    const folder = join(layout().looseBlobs, hash.slice(0, 2));
    expect(synced.filter((path) => !path.endsWith('.tmp'))).toEqual([layout().blobs, layout().looseBlobs, folder]);
  });

  it('[R22] reads through more packs than it keeps open, many at once', async () => {
    const hashes = [];
    for (let index = 0; index < 40; index++) {
      const store = await open(`writer${String(index).padStart(3, '0')}`);
      hashes.push((await store.put(bytesOf(`content ${index}`))).hash);
      await store.close();
    }
    const reader = await open('readerx');
    const got = await Promise.all(hashes.map((hash) => reader.get(hash)));
    expect(got.map((bytes) => Buffer.from(bytes!).toString())).toEqual(hashes.map((_, index) => `content ${index}`));
    expect(reader.damage).toEqual([]);
  });
});

async function deepest(store: ContentStore): Promise<number[]> {
  expect((await store.verify()).damage).toEqual([]);
  const bytes = readFileSync(join(layout().blobs, packs()[0]!));
  const depths: number[] = [];
  for (let at = 8; at < bytes.length; at += recordHeaderBytes + bytes.readUInt32LE(at + 12)) depths.push(bytes.readUInt8(at + 5));
  return depths;
}

function spoil(index: number): void {
  const path = join(layout().blobs, packs()[index]!);
  const bytes = readFileSync(path);
  bytes[bytes.length - 1] = bytes.at(-1)! ^ 0xff;
  writeFileSync(path, bytes);
}

async function filesBelow(path: string): Promise<string[]> {
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => entry.name);
}
