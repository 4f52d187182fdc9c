import { oneLine } from './timelineWords.ts';

/**
 * Text from outside, set into Markdown so that it stays data: it cannot end its own quotation, begin a heading or a list, hide
 * itself, or steer a terminal. What it says stays as it is.
 */

/** A block, fenced by more backticks than it holds anywhere. At most `limit` characters: the middle is left out, and said so. */
export function quoteBlock(text: string, limit: number): string {
  const body = cutMiddle(stripControl(text).replace(/\n+$/, ''), limit);
  const fence = '`'.repeat(Math.max(3, longestRun(body) + 1));
  return `${fence}text\n${body}\n${fence}`;
}

/** One line of prose. */
export function inlineText(text: string, limit = 300): string {
  return oneLine(withoutHidden(text.slice(0, limit * 4)), limit).replace(/^(?=[#>*+|~`-]|\d+[.)])/, '\u200a');
}

/** One line of code, in more backticks than it holds anywhere. */
export function inlineCode(text: string, limit = 200): string {
  const body = oneLine(withoutHidden(text.slice(0, limit * 4)), limit);
  if (body === '') return '` `';
  const run = longestRun(body);
  if (run === 0) return `\`${body}\``;
  const ticks = '`'.repeat(run + 1);
  return `${ticks} ${body} ${ticks}`;
}

/** The text with its middle left out where it is longer, cut at line ends where there are some near. */
export function cutMiddle(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const headLimit = Math.ceil(limit * 0.65);
  const head = text.slice(0, atLineEnd(text, headLimit));
  const tailFrom = text.length - (limit - headLimit);
  const lineStart = text.indexOf('\n', tailFrom);
  const tail = text.slice(lineStart >= 0 && lineStart < tailFrom + (limit - headLimit) / 2 ? lineStart + 1 : tailFrom);
  const left = text.length - head.length - tail.length;
  return `${wholeEnd(head)}\n[… ${left.toLocaleString('en-US')} characters left out …]\n${wholeStart(tail)}`;
}

/** The last lines of an output, without colours. */
export function outputTail(output: string, lines: number, limit: number): string {
  const plain = stripControl(output).replace(/\s+$/, '').split('\n').slice(-lines).join('\n');
  return plain.length > limit ? wholeStart(plain.slice(-limit)) : plain;
}

function atLineEnd(text: string, limit: number): number {
  const end = text.lastIndexOf('\n', limit);
  return end > limit / 2 ? end : limit;
}

/** Without half of a surrogate pair at the cut. */
const wholeEnd = (text: string): string => (/[\ud800-\udbff]$/.test(text) ? text.slice(0, -1) : text);
const wholeStart = (text: string): string => (/^[\udc00-\udfff]/.test(text) ? text.slice(1) : text);

function longestRun(text: string): number {
  let longest = 0;
  for (const [run] of text.matchAll(/`+/g)) longest = Math.max(longest, run.length);
  return longest;
}

/** Without terminal escapes and control characters; line ends become `\n`, tabs stay. */
function stripControl(text: string): string {
  return withoutHidden(
    text
      .replaceAll(/\u001b(?:\[[0-9;:?<=>]{0,40}[ -/]{0,4}[@-~]|\][^\u0007\u001b]{0,2000}(?:\u0007|\u001b\\)|[@-Z\\-_])/g, '')
      .replaceAll(/\r\n?|[\u2028\u2029]/g, '\n')
      .replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, ''),
  );
}

/** Without what reverses the reading order or cannot be seen (tags, zero width), which hides words from people. */
export function withoutHidden(text: string): string {
  return text.replaceAll(/[\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\u{e0000}-\u{e007f}]/gu, '');
}
