import type { ChainBreak } from '../core/chain.ts';
import type { DamageReason } from '../core/logCodec.ts';
import { openSegmentFile, type SegmentFile } from './segmentFile.ts';
import type { Damage } from './writerStream.ts';

/** One thing that is wrong with a log, with its place and what it cost. */
export interface LogFault {
  readonly reason: DamageReason | ChainBreak['reason'];
  /** The segment's name; empty when not even a file is left. */
  readonly file: string;
  /** Bytes of the file. What is missing was before `from`; then `to` is the same. */
  readonly from: number;
  readonly to: number;
  /** Of the file, from 1. */
  readonly line?: number;
  /** Whose events these are. */
  readonly writer?: string;
  readonly fromN?: number;
  readonly toN?: number;
  /** Events that cannot be read any more: those that were in a damaged range, where it can be told, or that are missing. */
  readonly lost: number;
}

/**
 * Tells damage and breaks together, in the order of the files. Numbers that are missing behind a damaged range were in it:
 * they are told there and not once more.
 */
export async function findFaults(
  segments: readonly SegmentFile[],
  { damage, breaks }: { readonly damage: readonly Damage[]; readonly breaks: readonly ChainBreak[] },
): Promise<LogFault[]> {
  const order = new Map(segments.map(({ name }, index) => [name, index]));
  const compare = (a: Place, b: Place): number => (order.get(a.file) ?? -1) - (order.get(b.file) ?? -1) || a.at - b.at;
  const inOrder = (list: readonly LogFault[]): LogFault[] =>
    list.toSorted((a, b) => compare({ file: a.file, at: a.from }, { file: b.file, at: b.from }) || a.to - b.to);
  const faults = inOrder(damage.map((found) => ({ ...found, lost: 0 })));
  const rest: LogFault[] = [];
  for (const found of breaks) {
    const { reason, writer, fromN, toN, file, from, to, behind } = found;
    const lost = reason === 'missing' ? toN - fromN + 1 : 0;
    // The first range between the line before the missing ones and the line behind them.
    const holder = faults.findIndex(
      (range) =>
        lost > 0 &&
        range.lost === 0 &&
        mayHoldEvents.has(range.reason as DamageReason) &&
        range.file.startsWith(`${writer}-`) &&
        (behind === undefined || compare({ file: range.file, at: range.from }, { file: behind.file, at: behind.to }) >= 0) &&
        compare({ file: range.file, at: range.to }, { file, at: from }) <= 0,
    );
    if (holder < 0) rest.push({ reason, file, from, to, writer, fromN, toN, lost });
    else faults[holder] = { ...faults[holder]!, writer, fromN, toN, lost };
  }
  return inOrder(await withLines(segments, [...faults, ...rest]));
}

interface Place {
  readonly file: string;
  readonly at: number;
}

/** Lines of another writer, and zeros that nobody wrote, are not what is missing. */
const mayHoldEvents: ReadonlySet<DamageReason> = new Set(['crc', 'framing', 'json', 'nul', 'shape', 'too-long', 'torn', 'unreadable']);

/** With the numbers of the lines. Each file is read up to its last fault, once. */
async function withLines(segments: readonly SegmentFile[], faults: readonly LogFault[]): Promise<LogFault[]> {
  const lines = new Map<LogFault, number>();
  for (const segment of segments) {
    const own = faults.filter(({ file, reason }) => file === segment.name && reason !== 'unreadable').toSorted((a, b) => a.from - b.from);
    if (own.length > 0) await countLines(segment, own, lines).catch(() => {});
  }
  return faults.map((fault) => {
    const line = lines.get(fault);
    return line === undefined ? fault : { ...fault, line };
  });
}

const chunkBytes = 1 << 20;

async function countLines(segment: SegmentFile, faults: readonly LogFault[], lines: Map<LogFault, number>): Promise<void> {
  const file = await openSegmentFile(segment);
  try {
    const buffer = Buffer.allocUnsafe(chunkBytes);
    let position = 0;
    let line = 1;
    for (const fault of faults) {
      while (position < fault.from) {
        const { bytesRead } = await file.read(buffer, 0, Math.min(chunkBytes, fault.from - position), position);
        if (bytesRead === 0) return;
        const bytes = buffer.subarray(0, bytesRead);
        for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) line += 1;
        position += bytesRead;
      }
      lines.set(fault, line);
    }
  } finally {
    await file.close();
  }
}
