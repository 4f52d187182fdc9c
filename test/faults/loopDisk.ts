import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, ftruncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compileC } from './compiledC.ts';
import type { Obstacle } from './obstacle.ts';

/** A file system in a file, whose power can be cut: Linux, root. */
export interface LoopDisk {
  /** Where it is mounted. */
  readonly path: string;
  /** From now on nothing reaches it; what was not synced is gone. */
  cut(): void;
  /** Mounts it again, as after a restart. */
  restart(): void;
  close(): void;
}

export type LoopDiskKind = 'ext4' | 'xfs';

const megabytes: Readonly<Record<LoopDiskKind, number>> = { ext4: 256, xfs: 320 };

export function openLoopDisk(kind: LoopDiskKind): LoopDisk | Obstacle {
  if (process.getuid?.() !== 0) return { obstacle: 'a power cut needs root' };
  const folder = mkdtempSync(join(tmpdir(), `tapedeck-${kind}-`));
  const image = join(folder, 'image');
  const path = join(folder, 'mounted');
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  const cutter = compileC('powerCut.c', folder);
  if ('obstacle' in cutter) {
    remove();
    return cutter;
  }
  const mount = (): void => void execFileSync('mount', ['-o', 'loop', image, path], { stdio: 'pipe' });
  try {
    mkdirSync(path);
    const file = openSync(image, 'w');
    ftruncateSync(file, megabytes[kind] << 20);
    closeSync(file);
    execFileSync(`mkfs.${kind}`, ['-q', image], { stdio: 'pipe' });
    mount();
  } catch (error) {
    remove();
    return { obstacle: `no ${kind} in a file can be mounted here: ${(error as Error).message.trim().split('\n').at(-1)}` };
  }
  return {
    path,
    cut: () => void execFileSync(cutter.path, [path]),
    restart() {
      execFileSync('umount', [path]);
      mount();
    },
    close() {
      // Lazily: a test that failed may have left a file open.
      execFileSync('umount', ['-l', path]);
      remove();
    },
  };
}

/** A disk in memory with so little room: Linux, root. */
export interface SmallDisk {
  readonly path: string;
  close(): void;
}

export function openSmallDisk(sizeBytes: number): SmallDisk | Obstacle {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return { obstacle: 'a disk of its own needs Linux and root' };
  const path = mkdtempSync(join(tmpdir(), 'tapedeck-small-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeBytes}`, 'tapedeck', path], { stdio: 'pipe' });
  } catch (error) {
    rmSync(path, { recursive: true, force: true });
    return { obstacle: `no disk in memory can be mounted here: ${(error as Error).message.trim().split('\n').at(-1)}` };
  }
  return {
    path,
    close() {
      execFileSync('umount', ['-l', path]);
      rmSync(path, { recursive: true, force: true });
    },
  };
}
