import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openContentStore } from '../../src/store/contentStore.ts';
import { nodeDigest } from '../../src/store/digest.ts';
import { tapedeckLayout, type TapedeckLayout } from '../../src/store/layout.ts';
import { decodeSummary } from '../../src/store/packSummary.ts';
import { faultyFileSystem } from './faultyFileSystem.ts';

let layout: TapedeckLayout;
const count = 2500;
const text = (index: number): Buffer => Buffer.from(`content ${index} ${nodeDigest.sha256(`${index}`)}`);

beforeEach(async () => {
  layout = tapedeckLayout(mkdtempSync(join(tmpdir(), 'tapedeck-summary-')));
  const store = await openContentStore({ layout, digest: nodeDigest, writer: 'writera' });
  await Promise.all(Array.from({ length: count }, (_, index) => store.put(text(index))));
  await store.close();
});
afterEach(() => rmSync(layout.root, { recursive: true, force: true }));

/** Opens, reads some contents and tells how many bytes of packs were read to open. */
async function readAll(): Promise<{ readonly missing: number; readonly readsToOpen: number }> {
  const { fileSystem, calls } = faultyFileSystem(() => undefined);
  const store = await openContentStore({ layout, digest: nodeDigest, writer: 'writerb', fileSystem });
  const readsToOpen = calls.filter((call) => call.name === 'file.read' && call.path.endsWith('.pack')).length;
  let missing = 0;
  for (let index = 0; index < count; index += 50)
    if (!text(index).equals((await store.get(nodeDigest.sha256(text(index)))) ?? Buffer.alloc(0))) missing += 1;
  await store.close();
  return { missing, readsToOpen };
}

describe('pack summary', () => {
  it('[R20] spares reading the packs when a store of many contents is opened', async () => {
    expect(readdirSync(layout.cache)).toEqual(['writera-0001.pack.sum']);
    expect(await readAll()).toEqual({ missing: 0, readsToOpen: 1 });
    const store = await openContentStore({ layout, digest: nodeDigest, writer: 'writera' });
    await store.put(Buffer.from('one more'));
    await store.close();
    expect(await readAll()).toEqual({ missing: 0, readsToOpen: 2 });
    const reader = await openContentStore({ layout, digest: nodeDigest, writer: 'writerc' });
    expect(await reader.has(nodeDigest.sha256('one more'))).toBe(true);
    await reader.close();
  });

  it('[R23] is not believed when it is damaged, cut off, or of another pack', async () => {
    const path = join(layout.cache, readdirSync(layout.cache)[0]!);
    const whole = readFileSync(path);
    for (const spoiled of [whole.subarray(0, 100), Buffer.alloc(0), Buffer.concat([whole, Buffer.from('x')])])
      expect(decodeSummary(spoiled, nodeDigest)).toBeUndefined();
    for (let at = 0; at < whole.length; at += 997) {
      const spoiled = Buffer.from(whole);
      spoiled[at] = spoiled[at]! ^ 1;
      expect(decodeSummary(spoiled, nodeDigest)).toBeUndefined();
    }
    writeFileSync(path, whole.subarray(0, whole.length - 7));
    expect(await readAll()).toMatchObject({ missing: 0 });
    writeFileSync(path, whole);
    const pack = join(layout.blobs, 'writera-0001.pack');
    const other = tapedeckLayout(mkdtempSync(join(tmpdir(), 'tapedeck-summary-')));
    const store = await openContentStore({ layout: other, digest: nodeDigest, writer: 'writera' });
    for (let index = count; index > 0; index--) await store.put(text(index - 1));
    await store.close();
    writeFileSync(pack, readFileSync(join(other.blobs, 'writera-0001.pack')));
    expect(await readAll()).toMatchObject({ missing: 0 });
    rmSync(other.root, { recursive: true });
  });
});
