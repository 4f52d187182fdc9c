import { appendFile, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openContentStore } from '../../src/store/contentStore.ts';
import { nodeDigest } from '../../src/store/digest.ts';
import { tapedeckLayout } from '../../src/store/layout.ts';
import { bundleCli, openCliRoom, type CliRoom } from './cliRoom.ts';

describe('tapedeck usage', { timeout: 120_000 }, () => {
  let bundle: Awaited<ReturnType<typeof bundleCli>>;
  let room: CliRoom;
  beforeAll(async () => {
    bundle = await bundleCli();
  });
  afterAll(() => bundle.remove());
  beforeEach(async () => {
    room = await openCliRoom(bundle.path);
    await room.run(['start', '--no-scan']);
  });
  afterEach(() => room.close());

  it('[R35] tells how much room contents, logs and the rest take', async () => {
    const layout = tapedeckLayout(join(room.folder, '.tapedeck'));
    const store = await openContentStore({ layout, digest: nodeDigest, writer: 'testwriter' });
    await store.put(Buffer.alloc(5 << 20, 1));
    await store.put(Buffer.from('small'));
    await store.close();
    const used = (await room.run(['usage', '--json'])).json() as Record<string, number>;
    expect(used).toMatchObject({ packs: 1, largeContents: 1, sessions: 1 });
    expect(used['contentBytes']).toBeGreaterThan(5 << 20);
    expect(used['contentBytes']).toBeLessThan((5 << 20) + 1000);
    expect(used['logBytes']).toBeGreaterThan(100);
    expect((await room.run(['usage'])).out).toMatch(/^Contents of files: 5\.2 MB in 1 pack and 1 large file$/m);
    expect((await room.run(['status'])).out).toMatch(/^Takes 5\.2 MB: contents 5\.2 MB, logs \d/m);
    const collected = (await room.run(['usage', '--collect', '--json'])).json() as { collection: Record<string, number> };
    expect(collected.collection).toMatchObject({ freedBytes: 0, condemnedBytes: 5 << 20 });
    expect((await readdir(layout.blobs)).sort()).toContain('condemned.json');
  });

  it('[R34] collects nothing while another machine records, or a process has what it could not write', async () => {
    const recorders = join(room.folder, '.tapedeck', 'recorders');
    await mkdir(recorders, { recursive: true });
    const card = { writer: 'abcd', pid: process.pid, host: 'elsewhere', startedAt: new Date().toISOString(), app: 'vscode' };
    await writeFile(join(recorders, 'abcd.json'), JSON.stringify(card));
    expect(await room.run(['usage', '--collect', '--json'])).toMatchObject({ code: 1 });
    expect((await room.run(['usage', '--collect'])).err).toContain('elsewhere has recorded here');
    const trouble = { message: 'full', since: new Date().toISOString(), waiting: 3 };
    await writeFile(join(recorders, 'abcd.json'), JSON.stringify({ ...card, host: hostname(), trouble }));
    expect((await room.run(['usage', '--collect'])).err).toContain('could not write all that it knows yet');
    await rm(join(recorders, 'abcd.json'));
    await appendFile(join(room.folder, 'a'), '');
    expect(await room.run(['usage', '--collect'])).toMatchObject({ code: 0 });
  });
});
