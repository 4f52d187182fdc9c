import { constants, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createDirectDisk } from '../../src/store/directDisk.ts';
import { diskFileSystem, failureCode, writeFully, type DiskFileSystem } from '../../src/store/diskFileSystem.ts';
import { DiskPace } from '../../src/store/diskPace.ts';
import { openForReading, readPieces } from '../../src/store/fileReading.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tapedeck-direct-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const slowPace = (): DiskPace => {
  const pace = new DiskPace();
  pace.noteCall(50);
  pace.noteCall(50);
  return pace;
};
const readAll = async (disk: DiskFileSystem, path: string, sizeBytes?: number): Promise<Buffer> => {
  const file = await openForReading(disk, path);
  const pieces: Buffer[] = [];
  try {
    for await (const piece of readPieces(file, sizeBytes)) pieces.push(Buffer.from(piece));
    return Buffer.concat(pieces);
  } finally {
    await file.close();
  }
};

describe.each([
  ['quick', () => new DiskPace()],
  ['slow', slowPace],
] as const)('a disk that is asked directly, %s', (_, createPace) => {
  it('[R59] writes and reads what Node itself does, in small and in large pieces', async () => {
    const disk = createDirectDisk(diskFileSystem, createPace());
    for (const sizeBytes of [0, 1, 20_000, 256 * 1024, 3_000_000]) {
      const path = join(folder, `f${sizeBytes}`);
      const bytes = Buffer.from(Array.from({ length: sizeBytes }, (_, index) => (index * 31) % 251));
      const file = await disk.open(path, 'wx', 0o600);
      await writeFully(file, bytes.subarray(0, 7));
      await writeFully(file, bytes.subarray(7));
      await file.sync();
      await file.datasync();
      await file.chmod(0o644);
      expect((await file.stat()).size).toBe(sizeBytes);
      await file.close();
      expect(readFileSync(path).equals(bytes)).toBe(true);
      for (const hint of [undefined, sizeBytes, Math.floor(sizeBytes / 3)])
        expect((await readAll(disk, path, hint)).equals(bytes), `${sizeBytes} by ${hint}`).toBe(true);
      expect(await disk.lstat(path)).toEqual(await diskFileSystem.lstat(path));
    }
  });

  it('[R59] fails with the system’s own codes, and follows no link that it is not to follow', async () => {
    const disk = createDirectDisk(diskFileSystem, createPace());
    const code = (work: Promise<unknown>): Promise<unknown> => work.then(() => 'none', failureCode);
    writeFileSync(join(folder, 'file'), 'x');
    symlinkSync('file', join(folder, 'link'));
    expect(await code(disk.lstat(join(folder, 'none')))).toBe('ENOENT');
    expect(await code(disk.lstat(join(folder, 'file/below')))).toBe('ENOTDIR');
    expect(await code(disk.open(join(folder, 'none'), 'r'))).toBe('ENOENT');
    expect(await code(disk.open(join(folder, 'file'), 'wx'))).toBe('EEXIST');
    if (process.platform !== 'win32')
      expect(await code(disk.open(join(folder, 'link'), constants.O_RDONLY | constants.O_NOFOLLOW))).toBe('ELOOP');
    expect((await disk.lstat(join(folder, 'link'))).isSymbolicLink()).toBe(true);
  });
});

describe('a disk that is asked directly', () => {
  it('[R59] is asked asynchronously once it makes others wait', async () => {
    writeFileSync(join(folder, 'file'), 'x');
    let later = 0;
    const base: DiskFileSystem = { ...diskFileSystem, open: (...args) => (later++, diskFileSystem.open(...args)) };
    await readAll(createDirectDisk(base), join(folder, 'file'));
    expect(later).toBe(0);
    await readAll(createDirectDisk(base, slowPace()), join(folder, 'file'));
    expect(later).toBe(1);
  });

  it('[R59] lets everything else have its turn while many files are looked at', async () => {
    const disk = createDirectDisk();
    let turns = 0;
    let isDone = false;
    const take = (): void => {
      turns += 1;
      if (!isDone) setImmediate(take);
    };
    setImmediate(take);
    for (let look = 0; look < 20_000; look++) await disk.lstat(folder);
    isDone = true;
    expect(turns).toBeGreaterThan(2);
  });
});
