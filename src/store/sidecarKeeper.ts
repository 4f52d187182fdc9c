import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Digest } from '../model/digest.ts';
import { maxLineBytes } from './lineSource.ts';
import type { SessionLayout } from './layout.ts';
import { parseSegmentName } from './layout.ts';
import { describeSegment, listSegments, openSegmentFile, type SegmentFile } from './segmentFile.ts';
import { readSidecar, writeSidecar } from './sidecar.ts';
import type { SidecarBuilder, SidecarRecipe } from './sidecarBuilder.ts';
import { TimeSlice } from './timeSlice.ts';

/**
 * Sees to it that segments have their sidecars: makes the missing ones, all kinds in one pass over the segment, and removes
 * those whose segment is gone.
 * - A segment that is not appended to any more gets them for all of it. One that still grows gets them anew with each few
 *   megabytes; what came later is looked through without.
 * - Each is put in place whole and says itself what it was made of, so being stopped or killed at any moment leaves the
 *   former one, or none, and at most a temporary file, which the next sweep takes away.
 * - Nobody needs it: two at once do the same work twice, and none at all only costs time.
 */
export interface KeepOptions {
  readonly session: SessionLayout;
  readonly recipes: readonly SidecarRecipe[];
  readonly digest: Digest;
  /** Stops it at the next chunk. */
  readonly signal?: AbortSignal | undefined;
  /** How long it may hold the event loop in one go. */
  readonly sliceMs?: number;
  /** Of the time, how much is spent at work; the rest it waits, for others to have the machine. */
  readonly share?: number;
}

export interface KeptReport {
  /** Made now, by segment and kind: `k3f9ab2c-0001.jsonl.search`. */
  readonly made: readonly string[];
  /** Could not be written. */
  readonly failed: readonly string[];
  readonly removed: readonly string[];
}

/** A segment that grows gets its sidecars anew when so much has been added. */
const growthBytes = 4 << 20;
/** Not written to for so long: as good as closed. */
const quietMs = 10 * 60_000;
/** Nobody is still writing such a temporary file. */
const temporaryMs = 10 * 60_000;
const chunkBytes = 1 << 20;
/** A longer line is passed by: what is kept of it says that nothing is known. */
const maxHeldBytes = Math.min(8 << 20, maxLineBytes);

export async function keepSidecars(options: KeepOptions): Promise<KeptReport> {
  const { session, recipes, digest, signal } = options;
  const made: string[] = [];
  const failed: string[] = [];
  const writers = await listSegments(session);
  const ended = await readEnded(session);
  const pace = new Pace(options);
  // The newest first: what is looked for is mostly there.
  for (const segment of [...writers.values()].flat().sort((a, b) => b.modifiedMs - a.modifiedMs)) {
    if (signal?.aborted) break;
    const isLast = writers.get(segment.writer)?.at(-1) === segment;
    const isClosed = !isLast || ended.has(segment.writer) || Date.now() - segment.modifiedMs > quietMs;
    const wanted: SidecarRecipe[] = [];
    for (const recipe of recipes) {
      if (segment.sizeBytes < recipe.minBytes) continue;
      const covered = (await readSidecar(session, segment, recipe.kind, digest))?.coveredBytes ?? 0;
      if (isClosed ? covered < (await endOfLines(segment)) : segment.sizeBytes - covered >= growthBytes) wanted.push(recipe);
    }
    if (wanted.length === 0) continue;
    const built = await build(segment, wanted, digest, pace, signal).catch(() => undefined);
    if (built === undefined) continue;
    for (const [index, { kind }] of wanted.entries()) {
      const payload = built.builders[index]!.finish();
      await pace.pause();
      // Put in the place of what was read meanwhile: of the new one nothing is known.
      const present = await describeSegment(session.events, segment.name);
      if (present === undefined || present.inode !== segment.inode || present.sizeBytes < segment.sizeBytes) break;
      const isKept = await writeSidecar(session, segment, kind, { coveredBytes: built.coveredBytes, payload }, digest);
      (isKept ? made : failed).push(`${segment.name}.${kind.name}`);
    }
  }
  return { made, failed, removed: signal?.aborted ? [] : await sweep(session) };
}

/** Passes over the segment's whole lines. Undefined when it was stopped or there is none. */
async function build(
  segment: SegmentFile,
  recipes: readonly SidecarRecipe[],
  digest: Digest,
  pace: Pace,
  signal: AbortSignal | undefined,
): Promise<{ readonly builders: readonly SidecarBuilder[]; readonly coveredBytes: number } | undefined> {
  const builders = recipes.map((recipe) => recipe.begin(segment, digest));
  const handle = await openSegmentFile(segment);
  try {
    let buffer = Buffer.allocUnsafe(chunkBytes);
    /** Bytes in the buffer, and where its first one stands in the file. */
    let filled = 0;
    let origin = 0;
    /** Of a line that is passed by: how much of it is behind us. */
    let passedBytes = 0;
    for (;;) {
      const length = Math.min(buffer.length - filled, segment.sizeBytes - origin - filled);
      const { bytesRead } = length > 0 ? await handle.read(buffer, filled, length, origin + filled) : { bytesRead: 0 };
      if (bytesRead === 0) return origin - passedBytes === 0 ? undefined : { builders, coveredBytes: origin - passedBytes };
      if (signal?.aborted) return undefined;
      const end = filled + bytesRead;
      const chunk = end === buffer.length ? buffer : buffer.subarray(0, end);
      let from = 0;
      for (let to = chunk.indexOf(10, filled); to >= 0; to = chunk.indexOf(10, from)) {
        if (passedBytes > 0) for (const builder of builders) builder.add(undefined, 0, passedBytes + to, origin - passedBytes);
        else for (const builder of builders) builder.add(buffer, from, to, origin + from);
        passedBytes = 0;
        from = to + 1;
        if (pace.isSpent) await pace.pause();
      }
      origin += from;
      filled = end - from;
      if (passedBytes > 0 || filled > maxHeldBytes) {
        passedBytes += filled;
        origin += filled;
        filled = 0;
      } else {
        buffer.copyWithin(0, from, end);
        // The line is longer than the buffer.
        if (filled === buffer.length) buffer = Buffer.concat([buffer, Buffer.allocUnsafe(buffer.length)]);
      }
    }
  } finally {
    await handle.close();
  }
}

/** Where the segment's last whole line ends: 0 when there is none. */
async function endOfLines(segment: SegmentFile): Promise<number> {
  const handle = await openSegmentFile(segment);
  try {
    const buffer = Buffer.allocUnsafe(64 << 10);
    for (let to = segment.sizeBytes; to > 0;) {
      const from = Math.max(0, to - buffer.length);
      const { bytesRead } = await handle.read(buffer, 0, to - from, from);
      const at = buffer.subarray(0, bytesRead).lastIndexOf(10);
      if (at >= 0) return from + at + 1;
      to = from;
    }
    return 0;
  } finally {
    await handle.close();
  }
}

/** Removes what belongs to no segment, and what somebody who was killed has left. */
async function sweep(session: SessionLayout): Promise<string[]> {
  const removed: string[] = [];
  const names = await readdir(session.cache).catch(() => [] as string[]);
  const segments = new Set(await readdir(session.events).catch(() => [] as string[]));
  for (const name of names) {
    const match = /^([a-z0-9]+-\d+\.jsonl)\.[a-z]+(\.\d+\.\d+\.tmp)?$/.exec(name);
    if (match === null || parseSegmentName(match[1]!) === undefined) continue;
    const path = join(session.cache, name);
    if (match[2] === undefined ? segments.has(match[1]!) : !(await isOld(path))) continue;
    await rm(path, { force: true }).then(
      () => removed.push(name),
      () => {},
    );
  }
  return removed;
}

/** The writers that ended and that nobody goes on as. */
async function readEnded(session: SessionLayout): Promise<ReadonlySet<string>> {
  const names = await readdir(session.free).catch(() => [] as string[]);
  return new Set(names.filter((name) => name.endsWith('.ended')).map((name) => name.slice(0, name.indexOf('.'))));
}

async function isOld(path: string): Promise<boolean> {
  return stat(path).then(
    ({ mtimeMs }) => Date.now() - mtimeMs > temporaryMs,
    () => false,
  );
}

/** Works for a slice of time, lets others have their turn, and waits as long as its share asks for. */
class Pace {
  readonly #slice: TimeSlice;
  readonly #share: number;
  #since = performance.now();

  constructor({ sliceMs, share = 1 }: KeepOptions) {
    this.#slice = new TimeSlice(sliceMs);
    this.#share = share;
  }

  get isSpent(): boolean {
    return this.#slice.isSpent;
  }

  async pause(): Promise<void> {
    const restMs = (performance.now() - this.#since) * (1 / this.#share - 1);
    if (restMs >= 1) await new Promise((resolve) => setTimeout(resolve, restMs));
    await this.#slice.pause();
    this.#since = performance.now();
  }
}
