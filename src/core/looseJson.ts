/**
 * The value of a text in the form in which VS Code keeps its settings: JSON with comments, commas behind the last item, and a
 * byte order mark. Throws SyntaxError for what is not even that.
 */
export function parseLooseJson(text: string): unknown {
  let plain = '';
  let kept = text.startsWith('\uFEFF') ? 1 : 0;
  /** Where in `plain` a comma stands that nothing but space and comments follow so far. */
  let comma = -1;
  const keepTo = (at: number): void => {
    plain += text.slice(kept, at);
    kept = at;
  };
  for (let at = kept; at < text.length;) {
    const char = text[at]!;
    if (char === '/' && (text[at + 1] === '/' || text[at + 1] === '*')) {
      keepTo(at);
      at = kept = text[at + 1] === '/' ? endOfLine(text, at) : endOfBlock(text, at);
      plain += ' ';
      continue;
    }
    if (char === ',') {
      keepTo(at);
      comma = plain.length;
    } else if (char === ']' || char === '}') {
      keepTo(at);
      if (comma >= 0) plain = plain.slice(0, comma) + plain.slice(comma + 1);
      comma = -1;
    } else if (!isSpace(char)) comma = -1;
    at = char === '"' ? endOfString(text, at) : at + 1;
  }
  keepTo(text.length);
  return JSON.parse(plain) as unknown;
}

const isSpace = (char: string): boolean => char === ' ' || char === '\n' || char === '\r' || char === '\t';

function endOfLine(text: string, from: number): number {
  let at = from;
  while (at < text.length && text[at] !== '\n' && text[at] !== '\r') at += 1;
  return at;
}

function endOfBlock(text: string, from: number): number {
  const end = text.indexOf('*/', from + 2);
  if (end < 0) throw new SyntaxError('A comment has no end');
  return end + 2;
}

function endOfString(text: string, from: number): number {
  let at = from + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return Math.min(at + 1, text.length);
}
