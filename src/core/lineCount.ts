/** Lines that a change added and removed. */
export interface LineCount {
  readonly added: number;
  readonly removed: number;
}

const byteLimit = 2 * 1024 * 1024;
/** Beyond this many differing lines the count is taken from the lines as a heap, order left aside. */
const editLimit = 600;

/**
 * How many lines differ between two contents (undefined: no file). Undefined when one of them is no text (holds a NUL) or is
 * too large to look at. Exact (the shortest edit) up to 600 differing lines, after that a lower bound.
 */
export function countLines(before: Uint8Array | undefined, after: Uint8Array | undefined): LineCount | undefined {
  if (isBinary(before) || isBinary(after)) return undefined;
  if ((before?.length ?? 0) > byteLimit || (after?.length ?? 0) > byteLimit) return undefined;
  const a = splitLines(before);
  const b = splitLines(after);
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start += 1;
  let endA = a.length;
  let endB = b.length;
  while (endA > start && endB > start && a[endA - 1] === b[endB - 1]) {
    endA -= 1;
    endB -= 1;
  }
  const left = a.slice(start, endA);
  const right = b.slice(start, endB);
  if (left.length === 0 || right.length === 0) return { added: right.length, removed: left.length };
  const distance = editDistance(left, right, editLimit);
  if (distance === undefined) return countAsHeaps(left, right);
  // added + removed = distance, added - removed = the difference of the lengths
  const added = (distance + right.length - left.length) / 2;
  return { added, removed: distance - added };
}

function isBinary(content: Uint8Array | undefined): boolean {
  return content !== undefined && content.subarray(0, 8192).includes(0);
}

function splitLines(content: Uint8Array | undefined): string[] {
  if (content === undefined || content.length === 0) return [];
  const lines = new TextDecoder().decode(content).split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

/** Myers' greedy search for the length of the shortest edit alone: time in lines times distance, memory in distance. */
function editDistance(a: readonly string[], b: readonly string[], limit: number): number | undefined {
  const most = Math.min(a.length + b.length, limit);
  const furthest = new Int32Array(2 * most + 3);
  const middle = most + 1;
  for (let distance = 0; distance <= most; distance++) {
    for (let k = -distance; k <= distance; k += 2) {
      const down = k === -distance || (k !== distance && furthest[middle + k - 1]! < furthest[middle + k + 1]!);
      let x = down ? furthest[middle + k + 1]! : furthest[middle + k - 1]! + 1;
      let y = x - k;
      while (x < a.length && y < b.length && a[x] === b[y]) {
        x += 1;
        y += 1;
      }
      furthest[middle + k] = x;
      if (x >= a.length && y >= b.length) return distance;
    }
  }
  return undefined;
}

function countAsHeaps(a: readonly string[], b: readonly string[]): LineCount {
  const heap = new Map<string, number>();
  for (const line of a) heap.set(line, (heap.get(line) ?? 0) + 1);
  let added = 0;
  for (const line of b) {
    const left = heap.get(line) ?? 0;
    if (left > 0) heap.set(line, left - 1);
    else added += 1;
  }
  return { added, removed: added + a.length - b.length };
}
