import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { keepDamagedCopy } from '../../src/store/damagedCopy.ts';
import { describeSegment } from '../../src/store/segmentFile.ts';
import { openLogRoom, type LogRoom } from './logRoom.ts';

let room: LogRoom;
beforeEach(async () => {
  room = await openLogRoom();
});
afterEach(() => room.close());

const name = 'abcd-0001.jsonl';
const keep = async (bytes: Uint8Array | string, from: number): Promise<void> => {
  await room.writeSegment(name, bytes);
  await keepDamagedCopy(room.session, (await describeSegment(room.session.events, name))!, from);
};
const copies = async (): Promise<Record<string, string>> => {
  const names = (await readdir(room.session.damaged)).sort();
  return Object.fromEntries(
    await Promise.all(names.map(async (file) => [file, await readFile(join(room.session.damaged, file), 'latin1')])),
  );
};

test('[L12] an end is copied whole, however long, once; another one that stood there never takes its place', async () => {
  await keep('whole\ntorn', 6);
  await keep('whole\ntorn', 6);
  expect(await copies()).toEqual({ [`${name}.6`]: 'torn' });
  await keep('whole\nanother', 6);
  await keep('whole\ntorn', 6);
  expect(await copies()).toEqual({ [`${name}.6`]: 'torn', [`${name}.6.2`]: 'another' });
  const long = Buffer.alloc((3 << 20) + 7, 'x');
  await keep(long, 3);
  expect((await copies())[`${name}.3`]).toHaveLength(long.length - 3);
});

test('[L12] where nothing is damaged nothing is kept, and what cannot be kept is said', async () => {
  await keep('whole\n', 6);
  await expect(readdir(room.session.damaged)).rejects.toThrow('ENOENT');
  await writeFile(room.session.damaged, 'in the way');
  await expect(keep('whole\ntorn', 6)).rejects.toThrow(/EEXIST|ENOTDIR/);
});
