import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { IgnoreRules } from '../../src/core/ignoreRules.ts';
import { DiskPace } from '../../src/store/diskPace.ts';
import { scanFolder } from '../../src/store/workspaceScan.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tapedeck-scan-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function lay(count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    const below = join(folder, `d${i % 7}`, `e${i % 11}`);
    await mkdir(below, { recursive: true });
    await writeFile(join(below, `${i}.txt`), 'x'.repeat(i));
  }
  await writeFile(join(folder, 'd1', '.gitignore'), '*.log\n');
  await writeFile(join(folder, 'd1', 'e1', 'a.log'), '');
  await writeFile(join(folder, 'd2', 'a.log'), '');
  await writeFile(join(folder, '.tapedeck-r1-0.tmp'), 'half a file');
  await symlink('d1', join(folder, 'link'));
}

async function scan(pace: DiskPace, maxFiles = 100_000): Promise<{ readonly found: Map<string, number>; readonly isCut: boolean }> {
  const found = new Map<string, number>();
  const { isCut } = await scanFolder({
    folder,
    rules: new IgnoreRules({ ignoreCase: false, exclude: [] }),
    isTracked: () => false,
    hasTrackedBelow: () => false,
    isKnown: () => false,
    isForeign: () => false,
    maxFiles,
    from: '',
    pace,
    onFile: (path, stamp) => {
      expect(found.has(path), path).toBe(false);
      found.set(path, stamp.type === 'file' ? stamp.sizeBytes : -1);
    },
  });
  return { found, isCut };
}

/** A disk that has shown to be slow, so slow that it is not tried again. */
function slowPace(): DiskPace {
  const pace = new DiskPace();
  for (let round = 0; round < 6; round++) {
    pace.noteCall(50);
    pace.noteCall(50);
  }
  return pace;
}

it('[C30] finds the same files on a quick disk and on one that makes us wait', async () => {
  await lay(300);
  const quick = await scan(new DiskPace());
  const pace = slowPace();
  expect(pace.isQuick).toBe(false);
  const slow = await scan(pace);
  expect(slow.found).toEqual(quick.found);
  expect(quick.found.size).toBe(303);
  expect(quick.found.get('link')).toBe(-1);
  expect(quick.found.has('d2/a.log')).toBe(true);
  expect(quick.found.has('d1/e1/a.log')).toBe(false);
});

it('[C8] passes by what a rewind writes beside a file’s place', async () => {
  await lay(3);
  expect([...(await scan(new DiskPace())).found.keys()].filter((path) => path.includes('.tmp'))).toEqual([]);
});

it('[C4] says when there were more files than it may follow', async () => {
  await lay(20);
  for (const pace of [new DiskPace(), slowPace()]) {
    const { found, isCut } = await scan(pace, 10);
    expect(found.size).toBe(10);
    expect(isCut).toBe(true);
  }
  expect((await scan(new DiskPace(), 23)).isCut).toBe(false);
});
