import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { linesOf, notes, openLogRoom } from '../store/logRoom.ts';
import { nodeDigest } from '../../src/store/digest.ts';
import { lineIndexRecipe } from '../../src/store/lineIndexRecipe.ts';
import { searchIndexRecipe } from '../../src/store/searchIndex.ts';
import { listSegments } from '../../src/store/segmentFile.ts';
import { readSidecar } from '../../src/store/sidecar.ts';
import { keepSidecars } from '../../src/store/sidecarKeeper.ts';
import { bundleProgram, type BundledProgram } from './bundledProgram.ts';
import { createDice, depth, seedOf } from './depth.ts';

const recipes = [lineIndexRecipe, searchIndexRecipe].map((recipe) => ({ ...recipe, minBytes: 1 }));
let program: BundledProgram;
beforeAll(async () => {
  program = await bundleProgram('keepingProgram.ts');
});
afterAll(() => program.close());

test(
  '[L29] a keeper killed at any moment leaves whole sidecars or none, and the next makes the same',
  { timeout: depth(120_000, 1_200_000), retry: 0 },
  async () => {
    const dice = createDice(seedOf(20260101));
    const room = await openLogRoom();
    const cached = async (): Promise<Map<string, Buffer>> => {
      const names = (await readdir(room.session.cache).catch(() => [])).filter((name) => !name.endsWith('.tmp'));
      return new Map(
        await Promise.all(names.toSorted().map(async (name) => [name, await readFile(join(room.session.cache, name))] as const)),
      );
    };
    try {
      await room.writeSegment('aaaa-0001.jsonl', linesOf(notes('aaaa', 6000)).join(''));
      await room.writeSegment('aaaa-0002.jsonl', '');
      await keepSidecars({ session: room.session, recipes, digest: nodeDigest });
      const whole = await cached();
      expect(whole.size).toBe(2);
      const segment = [...(await listSegments(room.session)).values()].flat()[0]!;
      for (let round = 0; round < depth(20, 300); round++) {
        await rm(room.session.cache, { recursive: true, force: true });
        await program.finish({ args: [room.layout.root, room.session.id], onFirstLine: (kill) => setTimeout(kill, dice(90)) });
        for (const { kind } of recipes) {
          const left = await readSidecar(room.session, segment, kind, nodeDigest);
          if (left !== undefined) expect(left.coveredBytes).toBe(segment.sizeBytes);
        }
        await keepSidecars({ session: room.session, recipes, digest: nodeDigest });
        expect(await cached()).toEqual(whole);
      }
    } finally {
      await room.close();
    }
  },
);
