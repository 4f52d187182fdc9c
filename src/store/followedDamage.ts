import type { DamagedRange } from '../core/salvage.ts';
import type { RawLine } from './lineSource.ts';
import { mayBeGrowing, type SegmentFile } from './segmentFile.ts';
import type { Damage } from './writerStream.ts';

/**
 * The damage that is met while a log is followed: in the lines that come, and where what was read is no longer there. A
 * follower looks at the same end again and again; each thing is told once.
 */
export class FollowedDamage {
  readonly #onDamage: (damage: readonly Damage[]) => void;
  readonly #told = new Set<string>();
  #found: Damage[] = [];

  constructor(onDamage: (damage: readonly Damage[]) => void) {
    this.#onDamage = onDamage;
  }

  /** The segment is shorter than what was read of it, or another file. */
  replaced(segment: SegmentFile, known: { readonly offset: number; readonly inode: number }): void {
    const isCut = known.inode === 0 || known.inode === segment.inode;
    const from = isCut ? segment.sizeBytes : 0;
    this.#found.push({ file: segment.name, from, to: known.offset, reason: isCut ? 'cut' : 'replaced' });
  }

  /** The file of that name is not there; so much of it was read. */
  gone(file: string, offset: number): void {
    if (offset > 0) this.#note({ file, from: 0, to: offset, reason: 'gone' });
  }

  line(segment: SegmentFile, line: RawLine, damage: readonly DamagedRange[]): void {
    const file = segment.name;
    if (line.isTooLong) this.#note({ file, from: line.from, to: line.to, reason: 'too-long' });
    // It may be finished yet.
    if (line.isTail && mayBeGrowing(segment)) return;
    for (const { from, to, reason } of damage) this.#note({ file, from: line.from + from, to: line.from + to, reason });
  }

  /** A sound record of another writer. */
  stray(segment: SegmentFile, line: RawLine, record: { readonly from: number; readonly to: number }): void {
    this.#note({ file: segment.name, from: line.from + record.from, to: line.from + record.to, reason: 'stray' });
  }

  /** Tells what was found since it was told last. */
  tell(): void {
    const found = this.#found;
    this.#found = [];
    if (found.length > 0) this.#onDamage(found);
  }

  #note(damage: Damage): void {
    const key = `${damage.file} ${damage.from} ${damage.to} ${damage.reason}`;
    if (this.#told.has(key)) return;
    this.#told.add(key);
    this.#found.push(damage);
  }
}
