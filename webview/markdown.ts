/**
 * Markdown as agents write it, as plain data; painting is another's work. Promises: whatever comes in, every character of text
 * comes out in some node, as text; HTML is text; the time is linear in the text. CommonMark's main parts and GitHub's tables,
 * task lists and strikethrough; no references, no HTML, no images (their words stay).
 */
export type Inline =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'code'; readonly text: string }
  | { readonly type: 'break' }
  | { readonly type: 'strong' | 'em' | 'del'; readonly children: readonly Inline[] }
  | { readonly type: 'link'; readonly href: string; readonly children: readonly Inline[] };

export type Block =
  | { readonly type: 'paragraph' | 'heading'; readonly children: readonly Inline[] }
  | { readonly type: 'code'; readonly language: string; readonly text: string }
  | { readonly type: 'quote'; readonly blocks: readonly Block[] }
  | { readonly type: 'list'; readonly start: number | undefined; readonly items: readonly ListEntry[] }
  | { readonly type: 'table'; readonly head: readonly TableCell[]; readonly rows: readonly (readonly TableCell[])[] }
  | { readonly type: 'rule' };

export interface ListEntry {
  /** Undefined when it is no task. */
  readonly isDone: boolean | undefined;
  readonly blocks: readonly Block[];
}
export type TableCell = readonly Inline[];

/** Quotes and lists inside one another deeper than this are text. */
const depthLimit = 8;

export function parseMarkdown(text: string): readonly Block[] {
  return parseBlocks(text.replace(/\r\n?/g, '\n').split('\n'), 0);
}

const fencePattern = /^ {0,3}(`{3,}|~{3,})\s*([^`\s]*)[^`]*$/;
const headingPattern = /^ {0,3}#{1,6}(?:\s(.*))?$/;
const rulePattern = /^ {0,3}(?:(?:-\s*){3,}|(?:\*\s*){3,}|(?:_\s*){3,})$/;
const itemPattern = /^( *)(?:[-*+]|(\d{1,9})[.)])(?: +|$)(.*)$/;
const quotePattern = /^ {0,3}> ?/;
const dividerPattern = /^ {0,3}\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*$/;

function parseBlocks(lines: readonly string[], depth: number): readonly Block[] {
  const blocks: Block[] = [];
  let paragraph: string[] = [];
  const flush = (): void => {
    if (paragraph.length > 0) blocks.push({ type: 'paragraph', children: parseInline(paragraph.join('\n')) });
    paragraph = [];
  };
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at]!;
    if (line.trim() === '') {
      flush();
      continue;
    }
    const fence = fencePattern.exec(line);
    if (fence !== null) {
      flush();
      const end = fenceEnd(lines, at + 1, fence[1]!);
      blocks.push({ type: 'code', language: fence[2]!.toLowerCase(), text: lines.slice(at + 1, end).join('\n') });
      at = end;
      continue;
    }
    const heading = headingPattern.exec(line);
    if (heading !== null) {
      flush();
      blocks.push({ type: 'heading', children: parseInline(headingText(heading[1] ?? '')) });
      continue;
    }
    if (rulePattern.test(line)) {
      flush();
      blocks.push({ type: 'rule' });
      continue;
    }
    if (depth < depthLimit && quotePattern.test(line)) {
      flush();
      let end = at;
      while (end < lines.length && quotePattern.test(lines[end]!)) end += 1;
      const inner = lines.slice(at, end).map((quoted) => quoted.replace(quotePattern, ''));
      blocks.push({ type: 'quote', blocks: parseBlocks(inner, depth + 1) });
      at = end - 1;
      continue;
    }
    const item = depth < depthLimit ? itemPattern.exec(line) : null;
    // A number in the middle of a paragraph begins a list only when it is the first.
    if (item !== null && (paragraph.length === 0 || item[2] === undefined || item[2] === '1')) {
      flush();
      const { list, end } = parseList(lines, at, depth);
      blocks.push(list);
      at = end - 1;
      continue;
    }
    if (line.includes('|') && dividerPattern.test(lines[at + 1] ?? '') && (lines[at + 1] ?? '').includes('-')) {
      flush();
      let end = at + 2;
      while (end < lines.length && lines[end]!.includes('|') && lines[end]!.trim() !== '') end += 1;
      blocks.push({ type: 'table', head: cellsOf(line), rows: lines.slice(at + 2, end).map(cellsOf) });
      at = end - 1;
      continue;
    }
    paragraph.push(line);
  }
  flush();
  return blocks;
}

/** Without the marks that may close it. */
function headingText(text: string): string {
  const words = text.trim();
  let end = words.length;
  while (words[end - 1] === '#') end -= 1;
  return end === words.length || (end > 0 && words[end - 1] !== ' ') ? words : words.slice(0, end).trimEnd();
}

function fenceEnd(lines: readonly string[], from: number, fence: string): number {
  for (let at = from; at < lines.length; at++) {
    const line = lines[at]!.trim();
    if (line.length >= fence.length && line.startsWith(fence) && line === fence[0]!.repeat(line.length)) return at;
  }
  return lines.length;
}

function parseList(lines: readonly string[], from: number, depth: number): { readonly list: Block; readonly end: number } {
  const first = itemPattern.exec(lines[from]!)!;
  const indent = first[1]!.length;
  const isOrdered = first[2] !== undefined;
  const items: ListEntry[] = [];
  let inner: string[] = [];
  let end = from;
  const flush = (): void => {
    if (inner.length === 0) return;
    const task = /^\[([ xX])\] +/.exec(inner[0]!);
    if (task !== null) inner[0] = inner[0]!.slice(task[0].length);
    items.push({ isDone: task === null ? undefined : task[1] !== ' ', blocks: parseBlocks(inner, depth + 1) });
    inner = [];
  };
  for (; end < lines.length; end++) {
    const line = lines[end]!;
    const item = itemPattern.exec(line);
    if (item !== null && item[1]!.length <= indent + 1 && item[1]!.length >= indent && (item[2] !== undefined) === isOrdered) {
      flush();
      inner.push(item[3]!);
    } else if (line.trim() === '') {
      // An empty line ends the list unless what follows is of it.
      const next = lines[end + 1];
      if (next === undefined || (indentOf(next) <= indent && !isItemOf(next, indent, isOrdered))) break;
      inner.push('');
    } else if (indentOf(line) > indent) {
      inner.push(line.slice(Math.min(indentOf(line), indent + (isOrdered ? 3 : 2))));
    } else if (item !== null || inner.at(-1) === '' || fencePattern.test(line) || headingPattern.test(line) || quotePattern.test(line)) {
      break;
    } else {
      inner.push(line);
    }
  }
  flush();
  return { list: { type: 'list', start: isOrdered ? Number(first[2]) : undefined, items }, end };
}

const indentOf = (line: string): number => line.length - line.trimStart().length;

function isItemOf(line: string, indent: number, isOrdered: boolean): boolean {
  const item = itemPattern.exec(line);
  return item !== null && item[1]!.length >= indent && (item[2] !== undefined) === isOrdered;
}

function cellsOf(line: string): readonly TableCell[] {
  const inner = line.trim().replace(/^\|/, '').replace(/\|$/, '');
  return inner.split(/(?<!\\)\|/).map((cell) => parseInline(cell.trim().replaceAll('\\|', '|')));
}

/** What a paragraph holds. Each kind of mark is looked for at most once more than it is found, so the time stays linear. */
export function parseInline(text: string, depth = 0): readonly Inline[] {
  const nodes: Inline[] = [];
  const missing = new Set<string>();
  let plain = '';
  const push = (node: Inline): void => {
    if (plain !== '') nodes.push({ type: 'text', text: plain });
    plain = '';
    nodes.push(node);
  };
  let at = 0;
  while (at < text.length) {
    const found = depth < depthLimit ? nodeAt(text, at, depth, missing) : undefined;
    if (found !== undefined) {
      push(found.node);
      at = found.end;
      continue;
    }
    const char = text[at]!;
    if (char === '\\' && /[!-/:-@[-`{-~]/.test(text[at + 1] ?? '')) {
      plain += text[at + 1]!;
      at += 2;
    } else if (char === '`') {
      // A run of them that nothing closes is passed whole.
      const run = runOf(text, at, '`');
      plain += text.slice(at, at + run);
      at += run;
    } else if (char === '\n' && text.slice(at - 2, at) === '  ') {
      plain = plain.trimEnd();
      push({ type: 'break' });
      at += 1;
    } else {
      const next = at + 1 + text.slice(at + 1, at + 4097).search(/[\\`*_~[!\n]/);
      const end = next > at ? next : Math.min(text.length, at + 4097);
      plain += text.slice(at, end);
      at = end;
    }
  }
  if (plain !== '') nodes.push({ type: 'text', text: plain });
  return nodes;
}

interface Found {
  readonly node: Inline;
  readonly end: number;
}

function nodeAt(text: string, at: number, depth: number, missing: Set<string>): Found | undefined {
  switch (text[at]) {
    case '`':
      return codeAt(text, at, missing);
    case '*':
    case '_':
    case '~':
      return spanAt(text, at, depth, missing);
    case '!':
      return text[at + 1] === '[' ? linkAt(text, at + 1, depth) : undefined;
    case '[':
      return linkAt(text, at, depth);
    default:
      return undefined;
  }
}

function codeAt(text: string, at: number, missing: Set<string>): Found | undefined {
  const run = runOf(text, at, '`');
  const mark = '`'.repeat(run);
  if (missing.has(mark)) return undefined;
  for (let end = text.indexOf(mark, at + run); end >= 0;) {
    const closing = runOf(text, end, '`');
    if (closing === run) {
      const code = text.slice(at + run, end).replaceAll('\n', ' ');
      const isPadded = code.startsWith(' ') && code.endsWith(' ') && code.trim() !== '';
      return { node: { type: 'code', text: isPadded ? code.slice(1, -1) : code }, end: end + run };
    }
    end = text.indexOf(mark, end + closing);
  }
  missing.add(mark);
  return undefined;
}

function spanAt(text: string, at: number, depth: number, missing: Set<string>): Found | undefined {
  const char = text[at]!;
  const run = Math.min(2, runOf(text, at, char));
  if (char === '~' && run < 2) return undefined;
  const mark = char.repeat(run);
  const opens = isFilled(text[at + run]) && (char !== '_' || !isWord(text[at - 1]));
  if (!opens || missing.has(mark)) return undefined;
  for (let end = text.indexOf(mark, at + run + 1); end >= 0;) {
    const closing = runOf(text, end, char);
    const last = end + Math.max(run, closing) - run;
    if ((closing === run || closing > 2) && isFilled(text[end - 1]) && (char !== '_' || !isWord(text[last + run]))) {
      const children = parseInline(text.slice(at + run, last), depth + 1);
      return { node: { type: char === '~' ? 'del' : run === 2 ? 'strong' : 'em', children }, end: last + run };
    }
    end = text.indexOf(mark, end + closing);
  }
  missing.add(mark);
  return undefined;
}

/** `[words](target)` on one line, the words without brackets of their own; anything else is text. */
function linkAt(text: string, at: number, depth: number): Found | undefined {
  linkPattern.lastIndex = at;
  const match = linkPattern.exec(text);
  if (match === null) return undefined;
  return { node: { type: 'link', href: match[2]!, children: parseInline(match[1]!, depth + 1) }, end: linkPattern.lastIndex };
}

const linkPattern = /\[([^\][\n]{1,1000})\]\(<?([^\s()<>]{1,2000}(?:\([^\s()<>]{0,200}\)[^\s()<>]{0,200})?)>?(?: "[^"\n]{0,300}")?\)/y;

function runOf(text: string, at: number, char: string): number {
  let end = at;
  while (text[end] === char) end += 1;
  return end - at;
}

const isFilled = (char: string | undefined): boolean => char !== undefined && !/\s/.test(char);
const isWord = (char: string | undefined): boolean => char !== undefined && /[\p{L}\p{N}_]/u.test(char);
