import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, realpath, rename, rm, statfs, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createDiskLogFileSystem, diskLogFileSystem } from '../../src/store/logFileSystem.ts';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'tapedeck-files-')));
  path = join(folder, 'a.jsonl');
});
afterEach(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));

const isLinux = process.platform === 'linux';
const dsync = 0o10000;

/** The flags of this process's open file at `path`, as Linux tells them. */
function flagsOf(path: string): number {
  for (const fd of readdirSync('/proc/self/fd')) {
    try {
      if (readlinkSync(`/proc/self/fd/${fd}`) !== path) continue;
    } catch {
      continue;
    }
    return Number.parseInt(/^flags:\s*([0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))![1]!, 8);
  }
  throw new Error(`${path} is not open.`);
}

test.each([[false], ...(isLinux ? [[true]] : [])])(
  '[L2] with writes that are synced by themselves: %s, bytes are appended, counted and read',
  async (isSynced) => {
    const disk = createDiskLogFileSystem(() => Promise.resolve(isSynced));
    const file = await disk.open(path, true);
    expect(file.sync === undefined).toBe(isSynced);
    if (isLinux) expect((flagsOf(path) & dsync) !== 0).toBe(isSynced);
    expect(await file.write(Buffer.from('one\n'))).toBe(4);
    await file.sync?.();
    await expect(disk.open(path, true)).rejects.toMatchObject({ code: 'EEXIST' });
    const again = await disk.open(path, false);
    expect(await again.write(Buffer.from('two\n'))).toBe(4);
    expect([await file.sizeBytes(), await again.sizeBytes()]).toEqual([8, 8]);
    await writeFile(`${path}.new`, 'other');
    await rename(`${path}.new`, path);
    expect(await file.sizeBytes()).toBeUndefined();
    await rm(path);
    expect(await file.sizeBytes()).toBeUndefined();
    await Promise.all([file.close(), again.close()]);
    await expect(disk.open(path, false)).rejects.toMatchObject({ code: 'ENOENT' });
  },
);

test.runIf(isLinux)('[L2] of the disk itself, a write is synced by itself exactly where Linux is known to do that', async () => {
  const file = await diskLogFileSystem.open(path, true);
  const { type } = await statfs(folder);
  const isKnown = [0xef53, 0x58465342, 0x9123683e, 0xf2f52010, 0x794c7630, 0x01021994].includes(type);
  expect((flagsOf(path) & dsync) !== 0).toBe(isKnown);
  expect(file.sync === undefined).toBe(isKnown);
  await file.close();
});

test('[L18] an empty file is removed, with the folders that are empty then; one that holds something stays', async () => {
  const inner = join(folder, 'x', 'y');
  await mkdir(inner, { recursive: true });
  const file = join(inner, 'f');
  await writeFile(file, 'x');
  await diskLogFileSystem.removeEmpty(file, [inner]);
  expect(await readFile(file, 'utf8')).toBe('x');
  await writeFile(file, '');
  await writeFile(join(folder, 'x', 'other'), '');
  await expect(diskLogFileSystem.removeEmpty(file, [inner, join(folder, 'x')])).rejects.toMatchObject({ code: expect.any(String) });
  expect(readdirSync(join(folder, 'x'))).toEqual(['other']);
});
