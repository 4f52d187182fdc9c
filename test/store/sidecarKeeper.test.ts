import { appendFile, mkdir, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { nodeDigest } from '../../src/store/digest.ts';
import { lineIndexRecipe } from '../../src/store/lineIndexRecipe.ts';
import { readLineIndex } from '../../src/store/lineIndex.ts';
import { searchIndexRecipe } from '../../src/store/searchIndex.ts';
import { listSegments, type SegmentFile } from '../../src/store/segmentFile.ts';
import { readSidecar } from '../../src/store/sidecar.ts';
import { keepSidecars, type KeptReport } from '../../src/store/sidecarKeeper.ts';
import { note, linesOf, notes, openLogRoom, type LogRoom } from './logRoom.ts';

let room: LogRoom;
const recipes = [lineIndexRecipe, searchIndexRecipe].map((recipe) => ({ ...recipe, minBytes: 1 }));
const keep = (given = recipes): Promise<KeptReport> => keepSidecars({ session: room.session, recipes: given, digest: nodeDigest });
const cached = async (): Promise<string[]> => (await readdir(room.session.cache).catch(() => [])).toSorted(byName);
const byName = (a: string, b: string): number => (a < b ? -1 : 1);
const segments = async (): Promise<SegmentFile[]> => [...(await listSegments(room.session)).values()].flat();
const age = (path: string): Promise<void> => utimes(path, new Date(0), new Date(0));

beforeEach(async () => {
  room = await openLogRoom();
});
afterEach(() => room.close());

describe('the keeper of sidecars', () => {
  it('[L29] makes every kind for the closed segments in one go, once, and anew when one is missing or broken', async () => {
    const lines = linesOf(notes('aaaa', 900));
    await room.writeSegment('aaaa-0001.jsonl', lines.slice(0, 600).join(''));
    await room.writeSegment('aaaa-0002.jsonl', lines.slice(600).join(''));
    expect((await keep()).made).toEqual(['aaaa-0001.jsonl.lines', 'aaaa-0001.jsonl.search']);
    expect((await keep()).made).toEqual([]);
    const first = (await segments())[0]!;
    const kept = await readSidecar(room.session, first, lineIndexRecipe.kind, nodeDigest);
    expect(kept!.coveredBytes).toBe(first.sizeBytes);
    expect(readLineIndex(kept!.payload)!.map(({ n }) => n)).toEqual([1, 257, 513]);
    const whole = await readFile(join(room.session.cache, 'aaaa-0001.jsonl.search'));
    await writeFile(join(room.session.cache, 'aaaa-0001.jsonl.search'), whole.subarray(1));
    expect((await keep()).made).toEqual(['aaaa-0001.jsonl.search']);
    expect(await readFile(join(room.session.cache, 'aaaa-0001.jsonl.search'))).toEqual(whole);
    await rm(room.session.cache, { recursive: true });
    expect((await keep()).made).toHaveLength(2);
    expect((await keep(recipes.map((recipe) => ({ ...recipe, kind: { ...recipe.kind, version: 9 } })))).made).toHaveLength(2);
  });

  it('[L29] takes a segment for closed when its writer ended, or nobody has written to it for long', async () => {
    const writer = await room.writer();
    await writer.append(note('one'));
    expect((await keep()).made).toEqual([]);
    await writer.close();
    expect((await keep()).made).toHaveLength(2);
    await room.writeSegment('bbbb-0001.jsonl', linesOf(notes('bbbb', 3)).join(''));
    expect((await keep()).made).toEqual([]);
    await age(join(room.session.events, 'bbbb-0001.jsonl'));
    expect((await keep()).made).toHaveLength(2);
  });

  it('[L29] follows a segment that grows by megabytes, up to its last whole line', async () => {
    const lines = linesOf(notes('aaaa', 26_000));
    const text = lines.join('');
    await room.writeSegment('aaaa-0001.jsonl', text.slice(0, -20));
    expect((await keep()).made).toHaveLength(2);
    const [grown] = await segments();
    const covered = text.length - lines.at(-1)!.length;
    for (const { kind } of recipes) expect((await readSidecar(room.session, grown!, kind, nodeDigest))!.coveredBytes).toBe(covered);
    await appendFile(grown!.path, text.slice(-20));
    expect((await keep()).made).toEqual([]);
    await age(grown!.path);
    expect((await keep()).made).toHaveLength(2);
    expect((await keep()).made).toEqual([]);
  });

  it('[L29] never goes on for a line without an end, nor for an empty file', async () => {
    await room.writeSegment('aaaa-0001.jsonl', 'no line');
    await room.writeSegment('aaaa-0002.jsonl', '');
    await room.writeSegment('aaaa-0003.jsonl', '');
    expect((await keep()).made).toEqual([]);
  });

  it('[L29] sweeps what belongs to no segment and what the dead have left, and nothing else', async () => {
    await room.writeSegment('aaaa-0001.jsonl', linesOf(notes('aaaa', 5)).join(''));
    await mkdir(room.session.cache, { recursive: true });
    const stay = ['aaaa-0001.jsonl.other', 'aaaa-0001.jsonl.search.12.3.tmp', 'note.txt', 'folded'];
    const go = ['bbbb-0001.jsonl.search', 'bbbb-0001.jsonl.other', 'aaaa-0001.jsonl.search.12.4.tmp'];
    for (const name of [...stay, ...go]) await writeFile(join(room.session.cache, name), '');
    await age(join(room.session.cache, 'aaaa-0001.jsonl.search.12.4.tmp'));
    expect((await keep()).removed.toSorted(byName)).toEqual(go.toSorted(byName));
    expect(await cached()).toEqual(stay.toSorted(byName));
  });

  it('[L29] stops at once when it is told to', async () => {
    await room.writeSegment('aaaa-0001.jsonl', linesOf(notes('aaaa', 50)).join(''));
    await room.writeSegment('aaaa-0002.jsonl', '');
    const options = { session: room.session, recipes, digest: nodeDigest, signal: AbortSignal.abort() };
    expect(await keepSidecars(options)).toEqual({ made: [], failed: [], removed: [] });
  });

  it('[L29] only says so when the cache cannot be written', async () => {
    await room.writeSegment('aaaa-0001.jsonl', linesOf(notes('aaaa', 5)).join(''));
    await room.writeSegment('aaaa-0002.jsonl', '');
    await writeFile(room.session.cache, 'no folder');
    expect(await keep()).toEqual({ made: [], failed: ['aaaa-0001.jsonl.lines', 'aaaa-0001.jsonl.search'], removed: [] });
  });
});
