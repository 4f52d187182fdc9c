import { Worker, type MessagePort } from 'node:worker_threads';
import type { Disposable } from '../base/disposable.ts';
import type { ScanSegment } from './logHealth.ts';
import type { SegmentFile } from './segmentFile.ts';
import { scanSegment, type ScanDepth, type SegmentScan } from './segmentScan.ts';

/**
 * Threads that scan segments, one each at a time, so that the process's own loop is free and the machine's cores are used.
 * They start with the first scan. A thread that cannot be started or dies takes nothing with it: its segment, and what
 * follows, is scanned here.
 */
export interface ScanCrew extends Disposable {
  readonly scan: ScanSegment;
  readonly lanes: number;
}

interface ScanRequest {
  readonly id: number;
  readonly segment: SegmentFile;
  readonly depth: ScanDepth;
}

type ScanReply =
  | { readonly id: number; readonly progress: number }
  | { readonly id: number; readonly scan: SegmentScan }
  | { readonly id: number; readonly failed: string };

/** Told seldom: a message costs more than the reading of some kilobytes. */
const progressBytes = 4 << 20;

/** What the thread does with its port. `scan` may do more in the same pass. */
export function serveScans(port: MessagePort, scan: ScanSegment = scanSegment): void {
  port.on('message', ({ id, segment, depth }: ScanRequest) => {
    let untold = 0;
    const onProgress = (sizeBytes: number): void => {
      untold += sizeBytes;
      if (untold < progressBytes) return;
      port.postMessage({ id, progress: untold } satisfies ScanReply);
      untold = 0;
    };
    scan(segment, { depth, onProgress }).then(
      (found) => {
        port.postMessage({ id, progress: untold } satisfies ScanReply);
        port.postMessage({ id, scan: found } satisfies ScanReply, [found.hashes.buffer, found.places.buffer]);
      },
      (error: unknown) => port.postMessage({ id, failed: String(error) } satisfies ScanReply),
    );
  });
}

/** A smaller segment is read before a thread has started. */
const leastBytes = 4 << 20;

/** `start` opens a thread that calls `serveScans` with its parent's port. */
export function openScanCrew({ lanes, start }: { readonly lanes: number; readonly start: () => Worker }): ScanCrew {
  const idle: Lane[] = [];
  const all = new Set<Lane>();
  const waiting: ((lane: Lane | undefined) => void)[] = [];
  let isBroken = false;
  let started = 0;
  let lastId = 0;

  const give = (lane: Lane | undefined): void => {
    const next = waiting.shift();
    if (next !== undefined) next(lane);
    else if (lane !== undefined) idle.push(lane);
  };
  const take = async (): Promise<Lane | undefined> => {
    if (isBroken) return undefined;
    const lane = idle.pop();
    if (lane !== undefined) return lane;
    if (started < lanes) {
      started += 1;
      try {
        const fresh = new Lane(start());
        all.add(fresh);
        return fresh;
      } catch {
        isBroken = true;
        return undefined;
      }
    }
    return new Promise((resolve) => waiting.push(resolve));
  };

  return {
    lanes,
    async scan(segment, options) {
      if (segment.sizeBytes < leastBytes) return scanSegment(segment, options);
      const lane = await take();
      if (lane === undefined) {
        try {
          return await scanSegment(segment, options);
        } finally {
          give(undefined);
        }
      }
      try {
        const scan = await lane.scan({ id: (lastId += 1), segment, depth: options.depth }, options.onProgress, options.signal);
        give(lane);
        return scan;
      } catch (error) {
        all.delete(lane);
        lane.end();
        isBroken = true;
        while (waiting.length > 0) give(undefined);
        if (options.signal?.aborted === true) throw error;
        return scanSegment(segment, options);
      }
    },
    dispose() {
      isBroken = true;
      for (const lane of all) lane.end();
      all.clear();
    },
  };
}

class Lane {
  readonly #worker: Worker;
  #fail: ((error: Error) => void) | undefined;

  constructor(worker: Worker) {
    this.#worker = worker;
    worker.on('error', (error: Error) => this.#fail?.(error));
    worker.on('exit', () => this.#fail?.(new Error('The thread ended.')));
    // Nobody waits for an idle thread.
    worker.unref();
  }

  scan(request: ScanRequest, onProgress: ((sizeBytes: number) => void) | undefined, signal: AbortSignal | undefined): Promise<SegmentScan> {
    const worker = this.#worker;
    worker.ref();
    return new Promise<SegmentScan>((resolve, reject) => {
      this.#fail = reject;
      const abort = (): void => reject(signal?.reason as Error);
      const end = (act: () => void): void => {
        worker.off('message', onMessage);
        signal?.removeEventListener('abort', abort);
        act();
      };
      const onMessage = (reply: ScanReply): void => {
        if (reply.id !== request.id) return;
        if ('progress' in reply) onProgress?.(reply.progress);
        else if ('scan' in reply) end(() => resolve(reply.scan));
        else end(() => reject(new Error(reply.failed)));
      };
      worker.on('message', onMessage);
      signal?.addEventListener('abort', abort);
      if (signal?.aborted === true) abort();
      else worker.postMessage(request);
    }).finally(() => {
      this.#fail = undefined;
      worker.unref();
    });
  }

  end(): void {
    void this.#worker.terminate();
  }
}
