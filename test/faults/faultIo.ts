import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { compileC } from './compiledC.ts';
import type { Obstacle } from './obstacle.ts';

/** A call to the disk as `faultIo.c` names them. */
export type DiskCallName =
  | 'open'
  | 'read'
  | 'write'
  | 'datasync'
  | 'sync'
  | 'close'
  | 'mkdir'
  | 'rename'
  | 'unlink'
  | 'rmdir'
  | 'stat'
  | 'truncate'
  | 'scandir';

/** What goes wrong in a process, see `faultIo.c`. Only calls on paths that contain `path` count. */
export interface ProcessFault {
  readonly path: string;
  readonly call?: DiskCallName | 'any';
  /** From 1. */
  readonly at?: number;
  readonly times?: number;
  readonly act?: keyof typeof errorNumbers | 'short' | 'kill';
  readonly roomBytes?: number;
  /** After so many failed writes there is room again; without it, never. */
  readonly roomBack?: number;
}

/** Of Linux, on every processor that Node runs on but MIPS and SPARC, which agree in these. */
const errorNumbers = { EINTR: 4, EIO: 5, EACCES: 13, EMFILE: 24, ENOSPC: 28, EROFS: 30 } as const;

/** Makes calls to the disk fail in processes of their own. */
export interface FaultIo {
  environment(fault: ProcessFault): NodeJS.ProcessEnv;
  /** How many calls the last process that ended well made, of those that its fault named. */
  counted(): number;
}

export function buildFaultIo(folder: string): FaultIo | Obstacle {
  const built = compileC('faultIo.c', folder, ['-shared', '-fPIC']);
  if ('obstacle' in built) return built;
  const countFile = join(folder, 'counted');
  return {
    environment({ path, call, at, times, act, roomBytes, roomBack }) {
      rmSync(countFile, { force: true });
      return {
        LD_PRELOAD: built.path,
        FAULT_PATH: path,
        FAULT_COUNT: countFile,
        ...(call !== undefined && { FAULT_CALL: call }),
        ...(at !== undefined && { FAULT_AT: String(at) }),
        ...(times !== undefined && { FAULT_TIMES: String(times) }),
        ...(act !== undefined && { FAULT_DO: act === 'short' || act === 'kill' ? act : String(errorNumbers[act]) }),
        ...(roomBytes !== undefined && { FAULT_ROOM: String(roomBytes) }),
        ...(roomBack !== undefined && { FAULT_ROOM_BACK: String(roomBack) }),
      };
    },
    counted: () => Number(readFileSync(countFile, 'utf8')),
  };
}
