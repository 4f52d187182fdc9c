import * as fs from 'node:fs';
import { mkdir, open, stat } from 'node:fs/promises';
import { diskLogFileSystem, type LogFile, type LogFileSystem } from '../../src/store/logFileSystem.ts';

export type LogCall = 'makeFolder' | 'open' | 'syncFolder' | 'write' | 'sync' | 'sizeBytes' | 'close';

export interface Fault {
  readonly call: LogCall;
  /** The first call of that name that fails, from 1. */
  readonly at: number;
  /** How many fail from there on. */
  readonly times?: number;
  /** The system's code; `short` takes half of what is to be written, and says so by the count. */
  readonly code: string;
}

/**
 * The real disk, but for the faults: the n-th call of a kind fails, or only so many bytes fit. It does not wait for syncs:
 * nothing here depends on what a power cut would leave.
 */
export class FaultyLogFileSystem implements LogFileSystem {
  faults: readonly Fault[] = [];
  /** Bytes that still fit; what goes beyond is a short write first, then ENOSPC. */
  roomBytes = Number.POSITIVE_INFINITY;
  /** As where each write resolves no sooner than its bytes are on disk. */
  isWriteSynced = false;
  readonly calls: Record<LogCall, number> = { makeFolder: 0, open: 0, syncFolder: 0, write: 0, sync: 0, sizeBytes: 0, close: 0 };

  async makeFolder(path: string): Promise<void> {
    this.#enter('makeFolder');
    await mkdir(path, { recursive: true });
  }

  async open(path: string, isNew: boolean): Promise<LogFile> {
    this.#enter('open');
    const file = await open(path, isNew ? 'ax' : fs.constants.O_APPEND | fs.constants.O_WRONLY);
    const { ino } = await file.stat();
    const write = async (bytes: Uint8Array): Promise<number> => (await file.write(bytes)).bytesWritten;
    return {
      write: async (bytes) => {
        const fault = this.#enter('write', false);
        if (fault?.code === 'short') return write(bytes.subarray(0, bytes.length >> 1));
        if (fault !== undefined) throw systemError(fault.code);
        if (bytes.length <= this.roomBytes) {
          this.roomBytes -= bytes.length;
          return write(bytes);
        }
        const fits = this.roomBytes;
        this.roomBytes = 0;
        if (fits === 0) throw systemError('ENOSPC');
        return write(bytes.subarray(0, fits));
      },
      sync: this.isWriteSynced
        ? undefined
        : async () => {
            this.#enter('sync');
          },
      sizeBytes: async () => {
        this.#enter('sizeBytes');
        const found = await stat(path).catch(() => undefined);
        return found?.ino === ino ? found.size : undefined;
      },
      close: async () => {
        await file.close();
        this.#enter('close');
      },
    };
  }

  async removeEmpty(path: string, folders: readonly string[]): Promise<void> {
    await diskLogFileSystem.removeEmpty(path, folders);
  }

  async syncFolder(_path: string): Promise<void> {
    this.#enter('syncFolder');
  }

  #enter(call: LogCall, isThrown = true): Fault | undefined {
    const count = (this.calls[call] += 1);
    const fault = this.faults.find(({ call: named, at, times = 1 }) => named === call && count >= at && count < at + times);
    if (fault !== undefined && isThrown) throw systemError(fault.code);
    return fault;
  }
}

export function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: injected`), { code });
}
