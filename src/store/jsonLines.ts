/** One line of bytes, without its end, and where it begins. */
export interface ByteLine {
  readonly bytes: Uint8Array;
  readonly offset: number;
}

/** A line that was not kept since it is over the limit. `head` is its beginning. */
export interface LongLine {
  readonly offset: number;
  readonly sizeBytes: number;
  readonly head: Uint8Array;
}

const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const headBytes = 4096;

/**
 * Cuts a stream of bytes into lines at `\n` alone. The last line waits until its end arrives. Of a line over the limit
 * only the beginning is held while the rest streams past, so that memory is bounded by the limit whatever comes.
 */
export class JsonLines {
  readonly #maxLineBytes: number;
  readonly #onLine: (line: ByteLine) => void;
  readonly #onLongLine: (line: LongLine) => void;
  #parts: Uint8Array[] = [];
  #heldBytes = 0;
  #lineBytes = 0;
  #lineOffset: number;

  constructor(offset: number, maxLineBytes: number, onLine: (line: ByteLine) => void, onLongLine: (line: LongLine) => void) {
    this.#lineOffset = offset;
    this.#maxLineBytes = maxLineBytes;
    this.#onLine = onLine;
    this.#onLongLine = onLongLine;
  }

  /** Where the next bytes are to be read from. */
  get offset(): number {
    return this.#lineOffset + this.#lineBytes;
  }

  /** Bytes of a line whose end has not arrived. */
  get pendingBytes(): number {
    return this.#lineBytes;
  }

  /** Takes the bytes that follow. They are copied where they must be kept. */
  push(chunk: Uint8Array): void {
    let from = 0;
    for (;;) {
      const end = chunk.indexOf(lineFeed, from);
      const part = chunk.subarray(from, end < 0 ? chunk.length : end);
      if (end < 0) {
        this.#hold(part, true);
        return;
      }
      this.#hold(part, false);
      this.#finish();
      from = end + 1;
    }
  }

  /** Nothing follows: what stands behind the last line end is a line too. */
  end(): void {
    if (this.#lineBytes > 0) this.#finish();
  }

  #hold(part: Uint8Array, mustCopy: boolean): void {
    this.#lineBytes += part.length;
    if (part.length === 0) return;
    if (this.#lineBytes > this.#maxLineBytes) {
      if (this.#heldBytes < headBytes) this.#parts.push(new Uint8Array(part.subarray(0, headBytes - this.#heldBytes)));
      if (this.#heldBytes > headBytes || this.#parts.length > 1) this.#parts = [joined(this.#parts).slice(0, headBytes)];
      this.#heldBytes = this.#parts.reduce((sum, held) => sum + held.length, 0);
      return;
    }
    // Not `slice`: a Buffer's shares its memory, and the caller reads into the same buffer again.
    this.#parts.push(mustCopy ? new Uint8Array(part) : part);
    this.#heldBytes += part.length;
  }

  #finish(): void {
    const sizeBytes = this.#lineBytes;
    const offset = this.#lineOffset;
    const bytes = this.#parts.length === 1 ? this.#parts[0]! : joined(this.#parts);
    this.#parts = [];
    this.#heldBytes = 0;
    this.#lineBytes = 0;
    this.#lineOffset = offset + sizeBytes + 1;
    if (sizeBytes > this.#maxLineBytes) this.#onLongLine({ offset, sizeBytes, head: bytes });
    else this.#onLine({ bytes: bytes.at(-1) === carriageReturn ? bytes.subarray(0, -1) : bytes, offset });
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const result = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    result.set(part, at);
    at += part.length;
  }
  return result;
}
