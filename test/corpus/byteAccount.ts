/** A stretch of a file, in bytes. */
export interface Stretch {
  readonly offset: number;
  readonly sizeBytes: number;
}

/**
 * The stretches of a file of JSON lines that a reading passed over unseen. What counts as seen: line ends and blanks; a
 * record, which is the JSON value that begins at its offset; and what was told to be damaged. Worked out from the bytes
 * alone, apart from the code that reads transcripts.
 */
export function unseenStretches(bytes: Uint8Array, records: readonly number[], damage: readonly Stretch[]): readonly Stretch[] {
  const unseen: Stretch[] = [];
  const marks = [
    ...records.map((offset) => ({ offset, sizeBytes: undefined })),
    ...damage.map(({ offset, sizeBytes }) => ({ offset, sizeBytes })),
  ].sort((a, b) => a.offset - b.offset);
  let next = 0;
  for (let from = 0; from < bytes.length;) {
    const end = bytes.indexOf(lineFeed, from);
    const to = end < 0 ? bytes.length : end;
    let at = from;
    while (next < marks.length && marks[next]!.offset < to) {
      const mark = marks[next++]!;
      note(unseen, bytes, at, Math.max(at, mark.offset));
      if (mark.sizeBytes !== undefined) at = Math.max(at, mark.offset + mark.sizeBytes);
      else {
        const until = Math.min(to, marks[next]?.offset ?? to);
        // A record that does not parse up to what follows it was not read as what stands there.
        if (!isObject(bytes.subarray(mark.offset, until))) unseen.push({ offset: mark.offset, sizeBytes: until - mark.offset });
        at = Math.max(at, until);
      }
    }
    note(unseen, bytes, at, to);
    from = to + 1;
  }
  return unseen;
}

const lineFeed = 0x0a;
const decoder = new TextDecoder();

function note(unseen: Stretch[], bytes: Uint8Array, from: number, to: number): void {
  if (from < to && decoder.decode(bytes.subarray(from, to)).trim() !== '') unseen.push({ offset: from, sizeBytes: to - from });
}

function isObject(bytes: Uint8Array): boolean {
  try {
    const value: unknown = JSON.parse(decoder.decode(bytes).trim());
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}
