import { foldedLike, gramsOf } from './searchFold.ts';

/**
 * What is looked for, ready to be looked for. A text is found as it stands in a field, whatever characters; a letter with
 * marks is found in both of Unicode's spellings (NFC, as most programs write, and NFD, as macOS once named files), since
 * nobody sees the difference. Case is as in `searchFold`.
 */
export interface Needle {
  /** Its spellings, each as exact text. */
  readonly forms: readonly string[];
  readonly ignoresCase: boolean;
  /** For each form the grams that a text must hold to hold the form; undefined when it is too short to have any. */
  readonly grams: readonly (readonly number[])[] | undefined;
  /**
   * What a line's bytes, read as Latin-1, must hold for one of its texts to hold the needle, if the line is written as our
   * writer does it. Undefined: nothing can be said beforehand.
   */
  readonly raw: RawNeedle | undefined;
  /** The first places where a text holds it, in order, without overlaps, at most `limit`. In UTF-16 code units. */
  find(text: string, limit: number): readonly TextRange[];
}

/** `texts`: one of them; `pattern`: has the flags `gi`. Never both. */
export type RawNeedle = { readonly texts: readonly string[] } | { readonly pattern: RegExp };

export interface TextRange {
  readonly from: number;
  readonly to: number;
}

export function createNeedle(text: string, ignoresCase: boolean): Needle {
  const forms = [...new Set([text, text.normalize('NFC'), text.normalize('NFD')])].filter((form) => form !== '');
  const grams = forms.map(gramsOf);
  // Half of a pair is a character of no text; a whole one of which it is the half would not show it in a line.
  const isWhole = !/\p{Surrogate}/u.test(text);
  return {
    forms,
    ignoresCase,
    grams: isWhole && grams.every(({ length }) => length > 0) ? grams : undefined,
    raw: !isWhole ? undefined : ignoresCase ? { pattern: new RegExp(forms.map(rawPattern).join('|'), 'gi') } : { texts: forms.map(inLine) },
    find: ignoresCase ? findByPattern(new RegExp(forms.map(escapePattern).join('|'), 'giu')) : findExact(forms),
  };
}

function findByPattern(pattern: RegExp): Needle['find'] {
  return (text, limit) => {
    const found: TextRange[] = [];
    pattern.lastIndex = 0;
    while (found.length < limit) {
      const match = pattern.exec(text);
      if (match === null) break;
      found.push({ from: match.index, to: match.index + match[0].length });
    }
    return found;
  };
}

function findExact(forms: readonly string[]): Needle['find'] {
  return (text, limit) => {
    const found: TextRange[] = [];
    for (let at = 0; found.length < limit;) {
      let best: TextRange | undefined;
      for (const form of forms) {
        const from = text.indexOf(form, at);
        if (from >= 0 && (best === undefined || from < best.from)) best = { from, to: from + form.length };
      }
      if (best === undefined) break;
      found.push(best);
      at = best.to;
    }
    return found;
  };
}

const escapePattern = (text: string): string => text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`);

const encoder = new TextEncoder();

/** As it stands in a line: escaped, in UTF-8, each byte as one character. */
function inLine(text: string): string {
  return Array.from(encoder.encode(JSON.stringify(text).slice(1, -1)), (byte) => String.fromCharCode(byte)).join('');
}

/** Each character in all its cases. The flag `i` sees to ASCII letters. */
function rawPattern(form: string): string {
  return Array.from(form, (char) => {
    const isAscii = char < '\u0080';
    const alike = char.length > 1 ? [] : foldedLike(char.charCodeAt(0)).map((code) => String.fromCharCode(code));
    const cases = new Set([char, ...alike, ...(isAscii ? [] : [char.toLowerCase(), char.toUpperCase()])]);
    const raw = [...new Set([...cases].filter((other) => Array.from(other).length === 1).map(inLine))].map(escapePattern);
    return raw.length === 1 ? raw[0]! : `(?:${raw.join('|')})`;
  }).join('');
}
