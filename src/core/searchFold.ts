/**
 * When two characters count as the same while case is ignored, and the symbols that an index is made of.
 * - The same are those that a regular expression with the flags `iu` takes for the same: Unicode's simple case folding, in no
 *   language of its own. So `I` is `i`, the Turkish `İ` and `ı` are only themselves, `ß` is `ẞ` and not `ss`.
 * - A symbol is a small number, the same for all that fold alike. Many characters share one: an index may say that a text
 *   could be there when it is not, never the other way round.
 */

/** Code units folded so that equal ones are surely equal; some more fall together (`ı` with `i`), which a symbol may. */
export function foldUnit(code: number): number {
  if (code < 0x80) return code >= 0x41 && code <= 0x5a ? code + 0x20 : code;
  const known = folded[code]!;
  if (known !== 0) return known;
  // Cases of characters beyond the first plane: the halves of pairs are all alike.
  const made = isSurrogate(code) ? code & 0xfc00 : foldCharacter(code);
  folded[code] = made;
  return made;
}

const folded = new Uint16Array(0x10000);

const isSurrogate = (code: number): boolean => code >= 0xd800 && code <= 0xdfff;

/** The same since Unicode 15.1, though neither is the other's capital. */
const twins: ReadonlyMap<number, number> = new Map([
  [0x1fd3, 0x0390],
  [0x1fe3, 0x03b0],
  [0xfb06, 0xfb05],
]);

function foldCharacter(code: number): number {
  const twin = twins.get(code);
  if (twin !== undefined) return twin;
  const char = String.fromCharCode(code);
  const upper = char.toUpperCase();
  const lower = (upper.length === 1 ? upper : char).toLowerCase();
  return lower.length === 1 ? lower.charCodeAt(0) : code;
}

/** Every code unit outside ASCII that folds as this one does. Of a half of a pair: none. */
export function foldedLike(code: number): readonly number[] {
  // Two letters of ASCII alone have such: the sign for kelvin and the long s.
  if (code < 0x80) return foldUnit(code) === 0x6b ? [0x212a] : foldUnit(code) === 0x73 ? [0x017f] : [];
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

export const symbolBits = 6;
const symbolCount = 1 << symbolBits;

/** Characters of ASCII that are told apart; those that stand together are not. 0 is left for none. */
const asciiGroups: readonly string[] = [
  ...Array.from('abcdefghijklmnopqrstuvwxyz0123456789 "(),-./:;<>=[]_{}\n'),
  ...['!?', '#$', '%&@', "'`", '*+', '^~|\\'],
];

function asciiSymbol(code: number): number {
  const char = String.fromCharCode(foldUnit(code));
  const group = asciiGroups.findIndex((chars) => chars.includes(char));
  // The controls and the tab.
  return group < 0 ? asciiGroups.length + 1 : group + 1;
}

/** Symbols of the ASCII characters, by code. */
export const asciiSymbols: Uint8Array = Uint8Array.from({ length: 0x80 }, (_, code) => asciiSymbol(code));

export function symbolOf(code: number): number {
  const fold = foldUnit(code);
  // Spread over all of them: a text in another script has its own grams by how they follow one another.
  return fold < 0x80 ? asciiSymbols[fold]! : 1 + ((fold * 37 + (fold >> 6)) % (symbolCount - 1));
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
