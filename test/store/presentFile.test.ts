import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { diskFileSystem, type DiskFileSystem } from '../../src/store/diskFileSystem.ts';
import { readPresentFile } from '../../src/store/presentFile.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'tapedeck-present-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const look = (relative: string, foldsNames = false, fileSystem: DiskFileSystem = diskFileSystem) =>
  readPresentFile(fileSystem, { root, relative }, { isWindows: false, foldsNames });

describe('a file on disk', () => {
  it('[R6] is looked at without following a link in its parents or itself', async () => {
    mkdirSync(join(root, 'real'));
    writeFileSync(join(root, 'real/file'), 'x');
    symlinkSync('real', join(root, 'link'));
    symlinkSync('real/file', join(root, 'to-file'));
    expect(await look('real/file')).toMatchObject({ state: 'file', version: { type: 'file', sizeBytes: 1 } });
    expect(await look('link/file')).toEqual({ state: 'blocked', by: 'link' });
    expect(await look('real/file/below')).toEqual({ state: 'blocked', by: 'real/file' });
    expect(await look('to-file')).toMatchObject({ state: 'file', version: { type: 'link', sizeBytes: 9 } });
    expect(await look('real')).toEqual({ state: 'folder' });
    expect(await look('none/at/all')).toEqual({ state: 'absent' });
  });

  it('[R9] is not there under a name that only differs in case, on a disk that does not tell case apart', async () => {
    mkdirSync(join(root, 'Dir'));
    writeFileSync(join(root, 'Dir/Name.txt'), 'x');
    // Such a disk answers to any spelling, and lists the one that it keeps.
    const folding = new Proxy(diskFileSystem, {
      get: (target, key) =>
        key === 'lstat'
          ? (path: string) => target.lstat(path.replace(/dir$/i, 'Dir').replace(/dir\/name/i, 'Dir/Name'))
          : (Reflect.get(target, key) as unknown),
    });
    expect(await look('Dir/Name.txt', true, folding)).toMatchObject({ state: 'file' });
    expect(await look('Dir/name.txt', true, folding)).toEqual({ state: 'absent' });
    expect(await look('dir/Name.txt', true, folding)).toEqual({ state: 'absent' });
  });
});
