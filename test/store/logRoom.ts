import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../src/base/clock.ts';
import { encodeLine, firstPrev, lineHash } from '../../src/core/logCodec.ts';
import { userAuthor } from '../../src/model/author.ts';
import type { EventDraft, LoggedEvent, TapedeckEvent } from '../../src/model/event.ts';
import { nodeDigest } from '../../src/store/digest.ts';
import { tapedeckLayout, type SessionLayout, type TapedeckLayout } from '../../src/store/layout.ts';
import { openLogReader, type LogReader } from '../../src/store/logReader.ts';
import { openLogWriter, type LogWriter, type LogWriterOptions } from '../../src/store/logWriter.ts';

/** A folder of its own with one session's log, for tests. */
export interface LogRoom {
  readonly layout: TapedeckLayout;
  readonly session: SessionLayout;
  writer(options?: Partial<LogWriterOptions>): Promise<LogWriter>;
  reader(): Promise<LogReader>;
  readAll(): Promise<LoggedEvent[]>;
  segment(name: string): Promise<Buffer>;
  writeSegment(name: string, bytes: Uint8Array | string): Promise<void>;
  close(): Promise<void>;
}

export const sessionId = '20260101-120000-abcd';

export async function openLogRoom(): Promise<LogRoom> {
  const folder = await mkdtemp(join(tmpdir(), 'tapedeck-log-'));
  const layout = tapedeckLayout(join(folder, '.tapedeck'));
  const session = layout.session(sessionId);
  const reader = () => openLogReader({ layout, session: sessionId, digest: nodeDigest });
  return {
    layout,
    session,
    writer: (options) => openLogWriter({ layout, session: sessionId, clock: systemClock, digest: nodeDigest, ...options }),
    reader,
    async readAll() {
      const events: LoggedEvent[] = [];
      for await (const batch of (await reader()).all()) events.push(...batch);
      return events;
    },
    segment: (name) => readFile(join(session.events, name)),
    async writeSegment(name, bytes) {
      await mkdir(session.events, { recursive: true });
      await writeFile(join(session.events, name), bytes);
    },
    close: () => rm(folder, { recursive: true, force: true, maxRetries: 5 }),
  };
}

export function note(text: string): EventDraft {
  return { kind: 'progress.noted', by: userAuthor, text };
}

/** A note as a log holds it. `second` counts from a fixed time. */
export function noted(w: string, n: number, second = n, text = `note ${n} of ${w}`): TapedeckEvent {
  const at = new Date(Date.UTC(2026, 0, 1) + second * 1000).toISOString();
  return { v: 1, w, n, at, kind: 'progress.noted', by: userAuthor, text };
}

/** The lines of one writer's events, chained, each with its newline. */
export function linesOf(events: readonly TapedeckEvent[], prev = firstPrev): string[] {
  let last = prev;
  return events.map((event) => {
    const line = encodeLine(event, last, nodeDigest);
    last = lineHash(line.slice(0, -1), nodeDigest);
    return line;
  });
}

export function notes(w: string, count: number, secondOf: (n: number) => number = (n) => n): TapedeckEvent[] {
  return Array.from({ length: count }, (_, index) => noted(w, index + 1, secondOf(index + 1)));
}
