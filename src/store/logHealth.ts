import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ChainCheck, type ChainBreak } from '../core/chain.ts';
import type { ForeignEvent } from '../model/event.ts';
import type { SessionId, WriterId } from '../model/ids.ts';
import { segmentName, type SessionLayout, type TapedeckLayout } from './layout.ts';
import { findFaults, type LogFault } from './logFault.ts';
import { listSegments, listStrangers, mayBeGrowing, type SegmentFile } from './segmentFile.ts';
import { linkOf, scanSegment, type ScanDepth, type ScanOptions, type SegmentScan } from './segmentScan.ts';
import { readToldEnds, type ToldEnd } from './writerHeads.ts';
import type { Damage } from './writerStream.ts';

export type { ChainBreak } from '../core/chain.ts';
export type { LogFault } from './logFault.ts';

/** What a whole reading of a session's log found. */
export interface LogHealth {
  /** No damage and no break. Repeated lines and foreign events are no fault. */
  readonly isSound: boolean;
  readonly events: number;
  readonly sizeBytes: number;
  readonly files: number;
  readonly writers: number;
  readonly damage: readonly Damage[];
  readonly breaks: readonly ChainBreak[];
  /** The same as damage and breaks, told together: each place with its line, and the events that were lost there by number. */
  readonly faults: readonly LogFault[];
  /** Events that are known to be lost. */
  readonly lost: number;
  /** Segments that are not there, though one of a higher number is. */
  readonly gone: readonly string[];
  /** Copies of damaged ends that were put aside, in the session's folder. */
  readonly copies: readonly DamagedCopy[];
  /** Lines that were written once more after a failed sync; each is told once by a reader. */
  readonly repeated: number;
  /** `misshapen` is counted at the depth `fields` alone. */
  readonly foreign: Readonly<Record<ForeignEvent['reason'], number>>;
  readonly depth: ScanDepth;
  /** Files in the folder that are no segments; they are not read. */
  readonly strangers: readonly string[];
  /** Unfinished last lines that may still be being written; not counted as damage. */
  readonly growing: readonly Damage[];
}

export interface DamagedCopy {
  /** Within the session's folder, with `/`. */
  readonly file: string;
  readonly sizeBytes: number;
}

/** Scans a segment, here or in a worker. Rejects when it was aborted. */
export type ScanSegment = (segment: SegmentFile, options: ScanOptions) => Promise<SegmentScan>;

export interface VerifyOptions {
  /** `fields`, when absent. */
  readonly depth?: ScanDepth;
  /** How, and how many segments at once; here and one by one when absent. */
  readonly scanner?: { readonly scan: ScanSegment; readonly lanes: number } | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((done: { readonly sizeBytes: number; readonly totalBytes: number }) => void) | undefined;
}

/** Gives the event loop back so often when it scans here. */
const sliceMs = 1.5;

/**
 * Reads a session's whole log and checks every line and every writer's chain. Writes nothing, locks nothing. Rejects only
 * with the reason of the signal.
 */
export function verifySession(
  options: { readonly layout: TapedeckLayout; readonly session: SessionId } & VerifyOptions,
): Promise<LogHealth> {
  return verifyLog(options.layout.session(options.session), options);
}

export async function verifyLog(session: SessionLayout, options: VerifyOptions = {}): Promise<LogHealth> {
  const { depth = 'fields', scanner = { scan: scanSegment, lanes: 1 }, signal, onProgress } = options;
  const endsBefore = await readToldEnds(session);
  const writers = await listSegments(session);
  const segments = [...writers.values()].flat();
  const totalBytes = segments.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  let doneBytes = 0;
  const scanOptions: ScanOptions = {
    depth,
    sliceMs,
    signal,
    onProgress: onProgress && ((sizeBytes) => onProgress({ sizeBytes: (doneBytes += sizeBytes), totalBytes })),
  };
  const scans = scanAhead(segments, scanner.lanes, (segment) => scanner.scan(segment, scanOptions));
  const found: Found = {
    events: 0,
    damage: [],
    breaks: [],
    growing: [],
    repeated: 0,
    foreign: { 'unknown-kind': 0, 'newer-version': 0, misshapen: 0 },
  };
  const chains: { readonly chain: ChainCheck; readonly writer: WriterId; readonly last: SegmentFile }[] = [];
  for (const [writer, own] of writers) {
    const chain = new ChainCheck(writer, (broken) => found.breaks.push(broken));
    let lines = 0;
    for (const segment of own) lines += addScan(segment, segment === own.at(-1), await scans.next(segment), chain, found);
    chains.push({ chain, writer, last: own.at(-1)! });
    found.events += lines - chain.repeated;
    found.repeated += chain.repeated;
  }
  const ends = await settledEnds(session, endsBefore);
  for (const { chain, writer, last } of chains) endChain(chain, ends.get(writer), writer, last, found);
  // A writer that ended well said so; that not even one file of it is left shows here.
  for (const [writer, { n }] of ends)
    if (!writers.has(writer)) found.breaks.push({ reason: 'missing', writer, fromN: 1, toN: n, file: '', from: 0, to: 0 });
  const faults = await findFaults(segments, found);
  return {
    isSound: found.damage.length === 0 && found.breaks.length === 0,
    ...found,
    faults,
    lost: found.breaks.reduce((sum, { reason, fromN, toN }) => sum + (reason === 'missing' ? toN - fromN + 1 : 0), 0),
    gone: [...writers].flatMap(([writer, own]) => missingNumbers(own).map((number) => segmentName(writer, number))),
    copies: await listCopies(session),
    depth,
    sizeBytes: totalBytes,
    files: segments.length,
    writers: writers.size,
    strangers: await listStrangers(session),
  };
}

interface Found {
  events: number;
  damage: Damage[];
  breaks: ChainBreak[];
  growing: Damage[];
  repeated: number;
  foreign: Record<ForeignEvent['reason'], number>;
}

/** Runs the scans in the order of the list, a few ahead of the one that is asked for, so that memory holds no more than these. */
function scanAhead(
  segments: readonly SegmentFile[],
  lanes: number,
  scan: (segment: SegmentFile) => Promise<SegmentScan>,
): { next(segment: SegmentFile): Promise<SegmentScan> } {
  const running = new Map<SegmentFile, Promise<SegmentScan>>();
  // One that is done early finds another to go on with.
  const ahead = lanes > 1 ? lanes * 2 : 1;
  let started = 0;
  let taken = 0;
  return {
    async next(segment) {
      for (taken += 1; started < Math.min(taken - 1 + ahead, segments.length); started++) {
        const result = scan(segments[started]!);
        // Whoever waits for it sees the failure; the others that run ahead must not be told as nobody's.
        result.catch(() => {});
        running.set(segments[started]!, result);
      }
      const result = running.get(segment)!;
      running.delete(segment);
      return result;
    },
  };
}

/** The number of sound lines. */
function addScan(segment: SegmentFile, isLast: boolean, scan: SegmentScan, chain: ChainCheck, found: Found): number {
  const { name: file } = segment;
  for (const range of scan.damage) {
    // A writer that has gone on with another segment never comes back to this one.
    const isGrowing = isLast && range.reason === 'torn' && mayBeGrowing(segment);
    (isGrowing ? found.growing : found.damage).push({ file, ...range });
  }
  for (const reason of Object.keys(found.foreign) as ForeignEvent['reason'][]) found.foreign[reason] += scan.foreign[reason];
  for (const run of scan.runs) chain.addRun({ fromN: run.fromN, toN: run.fromN + run.count - 1, link: (n) => linkOf(scan, run, n, file) });
  return scan.lines;
}

/** Ends that were told before and after the reading alike: what changed meanwhile says nothing of what was read. */
async function settledEnds(session: SessionLayout, before: ReadonlyMap<WriterId, ToldEnd>): Promise<Map<WriterId, ToldEnd>> {
  const after = await readToldEnds(session);
  return new Map([...before].filter(([writer, { n, hash }]) => after.get(writer)?.n === n && after.get(writer)?.hash === hash));
}

function endChain(chain: ChainCheck, end: ToldEnd | undefined, writer: WriterId, last: SegmentFile, found: Found): void {
  const { head } = chain;
  chain.end(end);
  if (end === undefined || end.n <= (head?.n ?? 0)) return;
  const at = last.sizeBytes;
  const behind = head && { behind: { file: head.file, to: head.to } };
  found.breaks.push({ reason: 'missing', writer, fromN: (head?.n ?? 0) + 1, toN: end.n, file: last.name, from: at, to: at, ...behind });
}

function missingNumbers(segments: readonly SegmentFile[]): number[] {
  const numbers = new Set(segments.map(({ number }) => number));
  const last = segments.at(-1)?.number ?? 0;
  const missing: number[] = [];
  // A name with a number far ahead was put there by somebody: no list of millions for it.
  for (let number = 1; number < last && missing.length < 100; number++) if (!numbers.has(number)) missing.push(number);
  return missing;
}

async function listCopies(session: SessionLayout): Promise<DamagedCopy[]> {
  const names = await readdir(session.damaged).catch((): string[] => []);
  const copies: DamagedCopy[] = [];
  for (const name of names.sort()) {
    const stats = await stat(join(session.damaged, name)).catch(() => undefined);
    if (stats?.isFile() === true && !name.endsWith('.tmp')) copies.push({ file: `damaged/${name}`, sizeBytes: stats.size });
  }
  return copies;
}
