import { readFile, rm, writeFile, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isFileEvent } from '../../src/model/event.ts';
import { nodeDigest } from '../../src/store/digest.ts';
import { bundleCli, openCliRoom } from '../cli/cliRoom.ts';
import { inPairs } from './bundledProgram.ts';
import { createDice, depth, seedOf } from './depth.ts';
import { readRecorded } from './recordedContents.ts';

/** The whole recorder, as it ships, killed while files change: what its log names must be there. */
let bundle: Awaited<ReturnType<typeof bundleCli>>;
beforeAll(async () => {
  bundle = await bundleCli();
});
afterAll(() => bundle.remove());

test(
  '[S3] [R20] a recorder killed at any moment has every content that its log names, and the next one learns what it missed',
  { timeout: depth(240_000, 3_600_000), retry: 0 },
  async () => {
    const dice = createDice(seedOf(20260114));
    let changes = 0;
    await inPairs(depth(3, 150), async () => {
      const room = await openCliRoom(bundle.path);
      const at = (name: string): string => join(room.folder, name);
      const write = async (): Promise<void> => {
        const name = `folder${dice(3)}/file${dice(12)}`;
        await mkdir(dirname(at(name)), { recursive: true });
        if (dice(6) === 0) await rm(at(name), { force: true });
        else await writeFile(at(name), `${dice(1000)} `.repeat(1 + dice([20, 3000, 60_000][dice(3)]!)));
      };
      try {
        for (let file = 0; file < 10; file++) await write();
        for (let kill = 0; kill < 2; kill++) {
          const recorder = await room.record();
          const untilMs = Date.now() + 100 + dice(900);
          while (Date.now() < untilMs) {
            await write();
            await new Promise((resolve) => setTimeout(resolve, dice(30)));
          }
          await recorder.stop('SIGKILL');
          for (let file = dice(4); file > 0; file--) await write();
          expect((await readRecorded(join(room.folder, '.tapedeck'))).lost).toEqual([]);
        }
        const recorder = await room.record();
        expect(await recorder.stop()).toBe(0);
        const { events, lost } = await readRecorded(join(room.folder, '.tapedeck'));
        expect(lost).toEqual([]);
        // What the log says of each file it told of is what is on the disk.
        const known = new Map<string, string | undefined>();
        for (const event of events.filter(isFileEvent)) {
          if (event.kind === 'file.renamed') known.set(event.from, undefined);
          known.set(event.path, event.kind === 'file.deleted' ? undefined : event.after?.hash);
          changes += 1;
        }
        for (const [path, hash] of known) {
          const bytes = await readFile(at(path)).catch(() => undefined);
          expect([path, hash]).toEqual([path, bytes === undefined ? undefined : nodeDigest.sha256(bytes)]);
        }
      } finally {
        await room.close();
      }
    });
    expect(changes).toBeGreaterThan(depth(0, 750));
  },
);
