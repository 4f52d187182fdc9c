import { createHash } from 'node:crypto';
import type { UnixMs } from '../base/clock.ts';
import type { ChangeTime, GitPart } from '../core/attribution.ts';
import type { EventId } from '../model/ids.ts';

interface Moved {
  readonly at: UnixMs;
  /** Git's name of what the new commit holds, by folded path; undefined: it has no such file. */
  readonly changes: ReadonlyMap<string, string | undefined>;
  /** What it took away is gone once: by folded path, the event that said so. */
  readonly gone: Map<string, EventId>;
}

/** A large checkout takes its time, and is noticed when it is done. */
const nearMs = 15_000;
/** Where there is no content to go by: files are written before HEAD moves, and that is seen at once or a moment later. */
const noticedMs = 1000;
const writtenMs = 3000;

/** What moves of HEAD have put into the files, to know it again by its content. */
export class GitContents {
  #moves: Moved[] = [];

  note(changes: ReadonlyMap<string, string | undefined>, at: UnixMs): void {
    this.#moves.push({ at, changes, gone: new Map() });
  }

  /** `read` gives the bytes that are there now, undefined for a file that is gone, and is asked only when it matters. */
  async partOf(
    path: string,
    { isThere, time, event }: { readonly isThere: boolean; readonly time: ChangeTime; readonly event: EventId | undefined },
    read: () => Promise<Uint8Array | undefined>,
  ): Promise<GitPart> {
    let part: GitPart = 'none';
    for (const { at, changes, gone } of this.#moves) {
      if (!changes.has(path) || at < time.earliest - nearMs || at > time.latest + nearMs) continue;
      const isClose = isCloseTo(at, time);
      const oid = changes.get(path);
      if (!isThere) {
        const isFree = gone.get(path) === undefined || gone.get(path) === event;
        if (oid === undefined && isFree && isClose) part = 'gone';
        continue;
      }
      const bytes = oid === undefined ? undefined : await read();
      if (oid !== undefined && bytes !== undefined && isGitObject(bytes, oid)) return 'content';
      // Within several writes that were seen as one, it may have been the first.
      if (time.latest - time.earliest > oneWriteMs && isClose) part = 'part';
    }
    return part;
  }

  /** That event told of a file which a move took away. */
  use(path: string, time: ChangeTime, event: EventId): void {
    for (const { at, changes, gone } of this.#moves)
      if (changes.has(path) && changes.get(path) === undefined && isCloseTo(at, time) && !gone.has(path)) gone.set(path, event);
  }

  prune(oldest: UnixMs): void {
    this.#moves = this.#moves.filter(({ at }) => at >= oldest);
  }
}

const oneWriteMs = 100;

function isCloseTo(movedAt: UnixMs, { earliest, latest }: ChangeTime): boolean {
  return earliest <= movedAt + noticedMs && latest >= movedAt - writtenMs;
}

/** True when git stores just these bytes, or these with LF for CRLF, under that name. */
export function isGitObject(bytes: Uint8Array, oid: string): boolean {
  if (gitName(bytes, oid.length) === oid) return true;
  if (!bytes.includes(13)) return false;
  return gitName(Buffer.from(Buffer.from(bytes).toString('latin1').replaceAll('\r\n', '\n'), 'latin1'), oid.length) === oid;
}

function gitName(bytes: Uint8Array, length: number): string {
  return createHash(length === 64 ? 'sha256' : 'sha1')
    .update(`blob ${bytes.length}\0`)
    .update(bytes)
    .digest('hex');
}
