/**
 * Terminal output as runs of text with their looks. Promises: no escape sequence and no control character is left in a text; of
 * what overwrote itself on one line the last stays; the time is linear in the output.
 */
export interface AnsiLook {
  /** 0 to 15 of the theme, or `#rrggbb`. */
  readonly color?: number | string;
  readonly background?: number | string;
  readonly isBold?: true;
  readonly isDim?: true;
  readonly isItalic?: true;
  readonly isUnderlined?: true;
  readonly isStruck?: true;
  readonly isInverse?: true;
}

export interface AnsiRun {
  readonly text: string;
  readonly look: AnsiLook;
}

const plainLook: AnsiLook = {};
/** More runs than this are joined into plain text: each costs an element. */
const runLimit = 4000;

const tokenPattern =
  /\u001b\[([0-?]*)([ -/]*[@-~]?)|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|\u001b[PX^_][^\u001b]*(?:\u001b\\)?|\u001b[ -/]*[0-~]?|\r+\n|[\r\n\b]|[\u0000-\u0007\u000b\u000c\u000e-\u001a\u001c-\u001f\u007f-\u009f]+/g;

export function parseAnsi(output: string): readonly AnsiRun[] {
  const runs: AnsiRun[] = [];
  let look = plainLook;
  let lineStart = 0;
  const push = (text: string): void => {
    if (text === '') return;
    const last = runs.at(-1);
    if (last !== undefined && runs.length > lineStart && (last.look === look || runs.length > runLimit))
      runs[runs.length - 1] = { text: last.text + text, look: last.look };
    else runs.push({ text, look });
  };
  let from = 0;
  for (const match of output.matchAll(tokenPattern)) {
    push(output.slice(from, match.index));
    const [token, parameters, final] = match;
    from = match.index + token.length;
    if (token.endsWith('\n')) {
      push('\n');
      lineStart = runs.length;
    } else if (token === '\r') {
      // What follows is written over it.
      runs.length = lineStart;
    } else if (final === 'm' && parameters !== undefined) look = nextLook(look, parameters);
  }
  push(output.slice(from));
  return runs;
}

function nextLook(look: AnsiLook, parameters: string): AnsiLook {
  let next: { -readonly [K in keyof AnsiLook]: AnsiLook[K] } = { ...look };
  const codes = parameters.slice(0, 200).split(/[;:]/).map(Number);
  for (let at = 0; at < codes.length; at++) {
    const code = codes[at]!;
    if (code === 0) next = {};
    else if (code === 1) next.isBold = true;
    else if (code === 2) next.isDim = true;
    else if (code === 3) next.isItalic = true;
    else if (code === 4) next.isUnderlined = true;
    else if (code === 7) next.isInverse = true;
    else if (code === 9) next.isStruck = true;
    else if (code === 22) {
      delete next.isBold;
      delete next.isDim;
    } else if (code === 23) delete next.isItalic;
    else if (code === 24) delete next.isUnderlined;
    else if (code === 27) delete next.isInverse;
    else if (code === 29) delete next.isStruck;
    else if (code >= 30 && code <= 37) next.color = code - 30;
    else if (code >= 90 && code <= 97) next.color = code - 82;
    else if (code >= 40 && code <= 47) next.background = code - 40;
    else if (code >= 100 && code <= 107) next.background = code - 92;
    else if (code === 39) delete next.color;
    else if (code === 49) delete next.background;
    else if (code === 38 || code === 48) {
      const { color, used } = longColor(codes, at + 1);
      at += used;
      if (color !== undefined) next[code === 38 ? 'color' : 'background'] = color;
    }
  }
  return Object.keys(next).length === 0 ? plainLook : next;
}

/** `5;n` of 256 colours, or `2;r;g;b`. */
function longColor(codes: readonly number[], at: number): { readonly color: number | string | undefined; readonly used: number } {
  if (codes[at] === 5) return { color: paletteColor(codes[at + 1] ?? 0), used: 2 };
  if (codes[at] === 2) return { color: rgb(codes[at + 1] ?? 0, codes[at + 2] ?? 0, codes[at + 3] ?? 0), used: 4 };
  return { color: undefined, used: 0 };
}

function paletteColor(index: number): number | string | undefined {
  if (!(index >= 0 && index < 256)) return undefined;
  if (index < 16) return index;
  if (index >= 232) return rgb(8 + (index - 232) * 10, 8 + (index - 232) * 10, 8 + (index - 232) * 10);
  const level = (value: number): number => (value === 0 ? 0 : 55 + value * 40);
  const cube = index - 16;
  return rgb(level(Math.floor(cube / 36)), level(Math.floor(cube / 6) % 6), level(cube % 6));
}

const rgb = (...channels: readonly number[]): string =>
  `#${channels.map((value) => (value >= 0 && value < 256 ? Math.round(value) : 0).toString(16).padStart(2, '0')).join('')}`;
