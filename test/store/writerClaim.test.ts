import { execFileSync } from 'node:child_process';
import { appendFile, readdir, readFile, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { bundleProgram } from '../faults/bundledProgram.ts';
import { nodeDigest } from '../../src/store/digest.ts';
import { claimWriter, createWriterId } from '../../src/store/writerClaim.ts';
import { linesOf, type LogRoom, note, noted, openLogRoom, sessionId } from './logRoom.ts';

let room: LogRoom;
beforeEach(async () => {
  room = await openLogRoom();
});
afterEach(() => room.close());

async function writeShortly(text: string): Promise<string> {
  const writer = await room.writer({ shortLived: true });
  await writer.append(note(text));
  await writer.close();
  return writer.id;
}
const texts = async (): Promise<string[]> =>
  (await room.readAll()).map((event) => (event.kind === 'progress.noted' ? event.text : event.kind));

test('[L12] short-lived writers one after another are one writer in one file, with one chain', async () => {
  const ids = new Set<string>();
  for (const text of ['a', 'b', 'c', 'd']) ids.add(await writeShortly(text));
  expect(ids.size).toBe(1);
  expect(await readdir(room.session.events)).toHaveLength(1);
  expect(await texts()).toEqual(['a', 'b', 'c', 'd']);
  expect(await (await room.reader()).verify()).toMatchObject({ isSound: true, events: 4, writers: 1 });
});

test('[L12] two at once are two writers, and of many that want one token one gets it', async () => {
  const id = await writeShortly('a');
  const claims = await Promise.all(Array.from({ length: 8 }, () => claimWriter(room.session, nodeDigest)));
  expect(claims.filter((claim) => claim !== undefined)).toMatchObject([{ writer: id, n: 1, continues: true }]);
  expect(await writeShortly('b')).not.toBe(id);
});

test('[L12] a long-lived writer is never gone on with', async () => {
  const writer = await room.writer();
  await writer.append(note('a'));
  await writer.close();
  expect(await writeShortly('b')).not.toBe(writer.id);
});

test('[L12] a torn end is copied aside, the file left as it is, and a new segment begun', async () => {
  const id = await writeShortly('a');
  const path = join(room.session.events, `${id}-0001.jsonl`);
  await appendFile(path, '{"v":1,"w":"torn');
  const before = await readFile(path);
  expect(await writeShortly('b')).toBe(id);
  expect(await readFile(path)).toEqual(before);
  expect((await readdir(room.session.events)).sort()).toEqual([`${id}-0001.jsonl`, `${id}-0002.jsonl`]);
  const [aside] = await readdir(room.session.damaged);
  expect(await readFile(join(room.session.damaged, aside!), 'utf8')).toBe('{"v":1,"w":"torn');
  expect(await texts()).toEqual(['a', 'b']);
  expect((await (await room.reader()).verify()).breaks).toEqual([]);
});

test('[L12] a file that lost its last newline is not glued onto', async () => {
  const id = await writeShortly('a');
  const path = join(room.session.events, `${id}-0001.jsonl`);
  await truncate(path, (await readFile(path)).length - 1);
  expect(await writeShortly('b')).toBe(id);
  expect(await readdir(room.session.events)).toHaveLength(2);
  expect(await texts()).toEqual(['a', 'b']);
});

test('[L12] a writer whose end was cut off is not gone on with, and the loss stays visible', async () => {
  const id = await writeShortly('a');
  await writeShortly('b');
  const path = join(room.session.events, `${id}-0001.jsonl`);
  const text = await readFile(path, 'utf8');
  await truncate(path, text.indexOf('\n') + 1);
  expect((await (await room.reader()).verify()).breaks).toMatchObject([{ reason: 'missing', writer: id, fromN: 2, toN: 2 }]);
  expect(await writeShortly('c')).not.toBe(id);
  expect((await (await room.reader()).verify()).breaks).toMatchObject([{ reason: 'missing', writer: id, fromN: 2, toN: 2 }]);
});

test('[L12] a short-lived writer that failed leaves no token', async () => {
  const writer = await room.writer({ shortLived: true });
  await writer.append(note('a'));
  expect(await readdir(room.session.free).catch(() => [])).toEqual([]);
  await writer.close();
  expect(await readdir(room.session.free)).toEqual([writer.id]);
});

test('[L12] writer ids are eight letters and digits, and do not meet', () => {
  const ids = new Set(Array.from({ length: 2000 }, createWriterId));
  expect(ids.size).toBe(2000);
  for (const id of ids) expect(id).toMatch(/^[a-z0-9]{8}$/);
});

test.skipIf(process.platform === 'win32')(
  '[L11] the newest event is found among hundreds of writers by a process that may open few files',
  { timeout: 60_000 },
  async () => {
    const program = await bundleProgram('appendingProgram.ts');
    try {
      const soon = Date.now() + 3_600_000;
      for (let index = 0; index < 300; index++) {
        const w = `w${1000 + index}`;
        const at = new Date(soon + index).toISOString();
        await room.writeSegment(`${w}-0001.jsonl`, linesOf([{ ...noted(w, 1), at }]).join(''));
      }
      const append = `ulimit -n 64; exec "$@"`;
      const words = [process.execPath, join(program.folder, 'program.mjs'), room.layout.root, sessionId, '1'];
      const id = execFileSync('sh', ['-c', append, 'sh', ...words], { encoding: 'utf8' }).trim();
      const last = (await room.readAll()).at(-1)!;
      expect(`${last.w}.${last.n}`).toBe(id);
      expect(Date.parse(last.at)).toBeGreaterThan(soon + 299);
    } finally {
      await program.close();
    }
  },
);
