/**
 * When two characters count as the same while case is ignored, and the symbols that an index is made of.
 * - The same are those that a regular expression with the flags `iu` takes for the same: Unicode's simple case folding, in no
 *   language of its own. So `I` is `i`, the Turkish `İ` and `ı` are only themselves, `ß` is `ẞ` and not `ss`.
 * - A symbol is a number below 128, the same for all that fold alike. Many characters share one: an index may say that a text
 *   could be there when it is not, never the other way round.
 */

/** Code units folded so that equal ones are surely equal; some more fall together (`ı` with `i`), which a symbol may. */
export function foldUnit(code: number): number {
  if (code < 0x80) return code >= 0x41 && code <= 0x5a ? code + 0x20 : code;
  const known = folded[code]!;
  if (known !== 0) return known;
  const made = isSurrogate(code) ? (code < 0xdc00 ? code : 0xdc00) : foldCharacter(code);
  folded[code] = made;
  return made;
}

const folded = new Uint16Array(0x10000);

const isSurrogate = (code: number): boolean => code >= 0xd800 && code <= 0xdfff;

function foldCharacter(code: number): number {
  const char = String.fromCharCode(code);
  const upper = char.toUpperCase();
  const lower = (upper.length === 1 ? upper : char).toLowerCase();
  return lower.length === 1 ? lower.charCodeAt(0) : code;
}

/** Every code unit outside ASCII that folds as this one does. Of a half of a pair: none. */
export function foldedLike(code: number): readonly number[] {
  if (likes === undefined) {
    likes = new Map();
    for (let other = 0x80; other <= 0xffff; other++) {
      if (isSurrogate(other)) continue;
      const fold = foldUnit(other);
      if (fold === other && fold >= 0x80) continue;
      for (const key of fold === other ? [fold] : [fold, other]) likes.set(key, [...(likes.get(key) ?? []), other]);
    }
  }
  const fold = foldUnit(code);
  return isSurrogate(code)
    ? []
    : [...new Set([...(likes.get(fold) ?? []), ...(fold >= 0x80 ? [fold] : []), ...(code >= 0x80 ? [code] : [])])];
}

let likes: Map<number, number[]> | undefined;

export const symbolBits = 7;
/** Symbols from here on are shared by everything outside ASCII. */
const otherSymbols = 76;

/** Of an ASCII character; 0 is left for none. */
function asciiSymbol(code: number): number {
  const fold = foldUnit(code);
  if (fold === 0x0a) return 1;
  if (fold === 0x09) return 2;
  if (fold < 0x20 || fold === 0x7f) return 3;
  // 0x20 to 0x40, then 0x5b to 0x7e.
  return fold < 0x41 ? fold - 0x20 + 4 : fold - 0x5b + 37;
}

/** Symbols of the ASCII characters, by code. */
export const asciiSymbols: Uint8Array = Uint8Array.from({ length: 0x80 }, (_, code) => asciiSymbol(code));

export function symbolOf(code: number): number {
  const fold = foldUnit(code);
  return fold < 0x80 ? asciiSymbols[fold]! : otherSymbols + ((fold * 7 + (fold >> 8)) % (128 - otherSymbols));
}

/** How many characters one entry of an index stands for. A shorter needle has none. */
export const gramLength = 3;
export const gramCount: number = 1 << (symbolBits * gramLength);

/** The distinct grams of a text. */
export function gramsOf(text: string): number[] {
  const grams = new Set<number>();
  let gram = 0;
  for (let index = 0; index < text.length; index++) {
    gram = ((gram << symbolBits) | symbolOf(text.charCodeAt(index))) & (gramCount - 1);
    if (index >= gramLength - 1) grams.add(gram);
  }
  return [...grams];
}
