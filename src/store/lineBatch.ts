import { sealLine } from '../core/logCodec.ts';
import { maxBatchLines } from '../core/repeatMemory.ts';
import type { Digest } from '../model/digest.ts';
import type { TapedeckEvent } from '../model/event.ts';

/** An event whose line waits in a batch, and who is to be told. */
export interface WaitingEvent {
  readonly event: TapedeckEvent;
  readonly resolve: (event: TapedeckEvent) => void;
  readonly reject: (error: unknown) => void;
}

/** One write holds at most this much, so that neither a stop nor a failure costs more; a longer line stands alone. */
const maxBatchBytes = 1 << 20;
const firstBytes = 16 << 10;
/** An emptied batch keeps its room for the next lines, unless it is far more than they seem to need. */
const keptBytes = 64 << 10;
/** Below this the room for a text is taken at its utmost, rather than counted. */
const countedChars = 16 << 10;

/**
 * The lines of one write, built straight into the bytes that go to the disk. Lines are only added, and none once it is sealed:
 * a write that failed is repeated byte for byte.
 */
export class LineBatch {
  #waiting: WaitingEvent[] = [];
  #bytes = Buffer.allocUnsafeSlow(firstBytes);
  #sizeBytes = 0;
  #isSealed = false;

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** Whether the line that `openLine` began may be added. A line of any length finds room in an empty batch. */
  takes(text: string): boolean {
    if (this.#isSealed) return false;
    const { length } = this.#waiting;
    return length === 0 || (length < maxBatchLines && this.#sizeBytes + text.length <= maxBatchBytes);
  }

  /** Adds a line; the answer is its `lineHash`. */
  add(text: string, digest: Digest, waiting: WaitingEvent): string {
    const from = this.#sizeBytes;
    this.#reserve(from + (text.length < countedChars ? text.length * 3 : Buffer.byteLength(text)));
    const end = from + this.#bytes.write(text, from);
    const hash = sealLine(this.#bytes, from, end, digest);
    this.#sizeBytes = end;
    this.#waiting.push(waiting);
    return hash;
  }

  /** No line is added from here on; the answer is what to write. */
  seal(): Uint8Array {
    this.#isSealed = true;
    return this.#bytes.subarray(0, this.#sizeBytes);
  }

  /** Hands over who is to be told, and begins again. */
  empty(): readonly WaitingEvent[] {
    const waiting = this.#waiting;
    const roomBytes = this.#bytes.length;
    if (roomBytes > 2 * maxBatchBytes || (roomBytes > keptBytes && roomBytes > 4 * this.#sizeBytes))
      this.#bytes = Buffer.allocUnsafeSlow(firstBytes);
    this.#waiting = [];
    this.#sizeBytes = 0;
    this.#isSealed = false;
    return waiting;
  }

  #reserve(neededBytes: number): void {
    if (neededBytes <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(neededBytes, 2 * this.#bytes.length));
    larger.set(this.#bytes.subarray(0, this.#sizeBytes));
    this.#bytes = larger;
  }
}
