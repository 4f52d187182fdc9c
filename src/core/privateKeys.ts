/** A stretch of a text: `from` inclusive, `to` exclusive. */
export interface TextSpan {
  readonly from: number;
  readonly to: number;
}

/**
 * Where private keys stand in a text, in order: whole blocks, blocks whose end was cut off (the header and the base64 after it),
 * and blocks whose beginning was cut off (the base64 before the footer). Linear in the text's length.
 */
export function findPrivateKeys(text: string): readonly TextSpan[] {
  if (!text.includes(keyWords)) return [];
  const spans: TextSpan[] = [];
  let done = 0;
  let begin = text.indexOf(beginMark);
  let end = text.indexOf(endMark);
  while (begin >= 0 || end >= 0) {
    if (begin >= 0 && (end < 0 || begin < end)) {
      const header = matchAt(headerPattern, text, begin);
      if (header === undefined) {
        begin = text.indexOf(beginMark, begin + beginMark.length);
        continue;
      }
      const footer = end >= 0 && end - begin <= keyLimit ? matchAt(footerPattern, text, end) : undefined;
      const to = footer === undefined ? matchBody(text, begin + header) : end + footer;
      spans.push({ from: begin, to });
      done = to;
    } else {
      const footer = matchAt(footerPattern, text, end);
      const from = footer === undefined ? end : bodyBefore(text, end, done);
      if (footer !== undefined && from < end - 1) {
        spans.push({ from, to: end + footer });
        done = end + footer;
      } else done = Math.max(done, end + endMark.length);
    }
    if (begin >= 0 && begin < done) begin = text.indexOf(beginMark, done);
    if (end >= 0 && end < done) end = text.indexOf(endMark, done);
  }
  return spans;
}

const dashes = '-----';
const beginMark = `${dashes}BEGIN `;
const endMark = `${dashes}END `;
const keyWords = 'PRIVATE KEY';
const keyLimit = 20_000;
const headerPattern = new RegExp(`${beginMark}[A-Z0-9 ]{0,30}${keyWords}(?: BLOCK)?${dashes}`, 'y');
const footerPattern = new RegExp(`${endMark}[A-Z0-9 ]{0,30}${keyWords}(?: BLOCK)?${dashes}`, 'y');
const bodyPattern = /(?:[\s"',+]|\\[nr]|[A-Za-z0-9+/=]{16,200}|(?:Proc-Type|DEK-Info|Version|Comment): ?[^\n\\]{0,100}){0,600}/y;

function matchAt(pattern: RegExp, text: string, at: number): number | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0].length;
}

function matchBody(text: string, at: number): number {
  return at + (matchAt(bodyPattern, text, at) ?? 0);
}

/** The start of the base64 lines that end at `end`; `end` itself when there are none. Not before `floor`. */
function bodyBefore(text: string, end: number, floor: number): number {
  const lowest = Math.max(floor, end - keyLimit);
  const lines = text.slice(lowest, end).split('\n');
  let from = end;
  for (const line of lines.toReversed()) {
    // The last piece is what stands before the footer on its own line: empty in a real key.
    const isBody = /^[A-Za-z0-9+/=]{16,4096}\r?$/.test(line) || (from === end && line === '');
    if (!isBody) break;
    from -= line.length + 1;
  }
  return Math.max(lowest, from + 1);
}
