import { diffArrays } from 'diff';

/**
 * Which version of a file brought each of its lines: each version is held against the one before it, and a line that both
 * have keeps its origin. Lines end at LF; a CR before it does not tell two lines apart, so that a change of the line ends
 * alone is nobody's.
 */
export class LineOrigins<Origin> {
  #lines: readonly string[] = [];
  #origins: readonly Origin[] = [];
  readonly #known = new Map<string, readonly Origin[]>();

  /** The present lines' origins, the first line first. */
  get origins(): readonly Origin[] {
    return this.#origins;
  }

  get lines(): readonly string[] {
    return this.#lines;
  }

  /** The next version. False when its difference is too large to be found in time: then all of it is of that origin. */
  take(text: string, origin: Origin): boolean {
    const lines = splitLines(text);
    const { start, endOld, endNew } = commonEnds(this.#lines, lines);
    const old = this.#lines.slice(start, endOld);
    const fresh = lines.slice(start, endNew);
    const parts = old.length === 0 || fresh.length === 0 ? undefined : diffArrays(old, fresh, { timeout: diffTimeoutMs });
    const between: Origin[] = [];
    let at = start;
    for (const part of parts ?? []) {
      if (part.removed) at += part.count;
      else if (part.added) for (let line = 0; line < part.count; line++) between.push(origin);
      else {
        between.push(...this.#origins.slice(at, at + part.count));
        at += part.count;
      }
    }
    while (between.length < fresh.length) between.push(origin);
    const isExact = parts !== undefined || old.length === 0 || fresh.length === 0;
    this.#origins = [...this.#origins.slice(0, start), ...between, ...this.#origins.slice(endOld)];
    this.#lines = lines;
    return isExact;
  }

  /** Remembers the present lines under that name. */
  keep(name: string): void {
    this.#known.set(name, this.#origins);
  }

  /** A content that stood here before came back: its lines are those that they were. False when the name is not known. */
  restore(name: string, text: string): boolean {
    const origins = this.#known.get(name);
    if (origins === undefined) return false;
    this.#lines = splitLines(text);
    this.#origins = origins;
    return true;
  }
}

const diffTimeoutMs = 500;

/** Without their ends; a last line end begins no further line. */
export function splitLines(text: string): string[] {
  const lines = text.split('\n').map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line));
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

function commonEnds(
  a: readonly string[],
  b: readonly string[],
): { readonly start: number; readonly endOld: number; readonly endNew: number } {
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start += 1;
  let endOld = a.length;
  let endNew = b.length;
  while (endOld > start && endNew > start && a[endOld - 1] === b[endNew - 1]) {
    endOld -= 1;
    endNew -= 1;
  }
  return { start, endOld, endNew };
}
