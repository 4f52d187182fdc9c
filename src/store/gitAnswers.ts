/**
 * Cuts the stream that `git cat-file --batch` answers with: `<oid> <type> <size>\n<bytes>\n`, or one line that says why not.
 */
export interface AnswerReader {
  push(chunk: Buffer): void;
  /** The next whole answer, or undefined while it is not there yet. `bytes` is undefined for what is no blob of at most `maxBytes`. */
  take(maxBytes: number): { readonly bytes: Uint8Array | undefined } | undefined;
}

const headLine = /^[0-9a-f]{40,64} (\w+) (\d+)$/;

/** For plain blobs, whose size in the head line can be relied on. */
export class BatchReader implements AnswerReader {
  #chunks: Buffer[] = [];
  #body: { readonly sizeBytes: number; readonly isWanted: boolean; left: number; readonly parts: Buffer[] } | undefined;

  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
  }

  /** The next whole answer, or undefined while it is not there yet. A body larger than `maxBytes` is passed over piece by piece. */
  take(maxBytes: number): { readonly bytes: Uint8Array | undefined } | undefined {
    if (this.#body === undefined) {
      const line = this.#takeLine();
      if (line === undefined) return undefined;
      const head = headLine.exec(line);
      if (head === null) return { bytes: undefined };
      const sizeBytes = Number(head[2]);
      // The line break after the body is part of what is passed over.
      this.#body = { sizeBytes, isWanted: head[1] === 'blob' && sizeBytes <= maxBytes, left: sizeBytes + 1, parts: [] };
    }
    const body = this.#body;
    while (body.left > 0 && this.#chunks.length > 0) {
      const piece = this.#takeUpTo(body.left);
      body.left -= piece.length;
      if (body.isWanted) body.parts.push(piece);
    }
    if (body.left > 0) return undefined;
    this.#body = undefined;
    return { bytes: body.isWanted ? Buffer.concat(body.parts, body.sizeBytes) : undefined };
  }

  #takeLine(): string | undefined {
    const joined = this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks);
    this.#chunks = joined.length > 0 ? [joined] : [];
    const end = joined.indexOf(10);
    if (end < 0) return undefined;
    const line = this.#takeUpTo(end + 1);
    return line.toString('utf8', 0, end);
  }

  #takeUpTo(count: number): Buffer {
    const first = this.#chunks[0]!;
    const piece = first.subarray(0, count);
    if (piece.length === first.length) this.#chunks.shift();
    else this.#chunks[0] = first.subarray(piece.length);
    return piece;
  }
}

/** For filtered blobs: every answer ends with the line that the end mark is missing. */
export class FilteredReader implements AnswerReader {
  readonly #end: Buffer;
  #chunks: Buffer[] = [];
  #tail = Buffer.alloc(0);
  #hasEnd = false;

  constructor(endMark: string) {
    this.#end = Buffer.from(`${endMark} missing\n`);
  }

  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    // The mark may stand across two chunks.
    const seen = Buffer.concat([this.#tail, chunk]);
    this.#hasEnd ||= seen.includes(this.#end);
    this.#tail = Buffer.from(seen.subarray(Math.max(0, seen.length - this.#end.length + 1)));
  }

  take(maxBytes: number): { readonly bytes: Uint8Array | undefined } | undefined {
    if (!this.#hasEnd) return undefined;
    const joined = Buffer.concat(this.#chunks);
    const end = joined.indexOf(this.#end);
    const rest = joined.subarray(end + this.#end.length);
    this.#chunks = rest.length > 0 ? [rest] : [];
    this.#hasEnd = rest.includes(this.#end);
    const answer = joined.subarray(0, end);
    const lineEnd = answer.indexOf(10);
    const head = headLine.exec(answer.toString('utf8', 0, Math.max(0, lineEnd)));
    // One line break stands between the body and the mark's line.
    const body = answer.subarray(lineEnd + 1, answer.length - 1);
    return { bytes: head?.[1] === 'blob' && body.length <= maxBytes ? body : undefined };
  }
}
