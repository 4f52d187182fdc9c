/** The form of `valueCodec`: its tags, and how a time and a count are told in numbers. */

/** Thrown for what is no plain data, and for bytes that are none of this form. */
export class CodecError extends Error {}

export const tags = {
  undefined: 0,
  null: 1,
  false: 2,
  true: 3,
  /** Followed by eight bytes. */
  double: 4,
  /** Followed by the number's zigzag. */
  integer: 5,
  array: 6,
  map: 7,
  object: 8,
  mark: 9,
  /** An event's id: a string and a number. */
  id: 10,
  /** An author by its number; and the first of its kind. */
  author: 11,
  newAuthor: 12,
  /** 64 … 127: the integers 0 … 63. */
  small: 64,
  /** 128 … 255: a string by its number; bit 64 says that more of the number follows. */
  string: 128,
} as const;

/** Strings are parsed and written in chunks of no more than these, but for a single longer one. */
export const stringsInChunk = 256;
export const charsInChunk = 16 << 10;
/** So many entries of an outer list or map are one piece. */
export const entriesInPiece = 4;

/** True when digits alone stand from there to the end, as a count is written. */
export function isCount(text: string, from: number): boolean {
  if (text.length - from > 15 || text.charCodeAt(from) === 48) return false;
  for (let index = from; index < text.length; index++) {
    const digit = text.charCodeAt(index) - 48;
    if (digit < 0 || digit > 9) return false;
  }
  return text.length > from;
}

export interface Mark {
  readonly at: string;
  readonly w: string;
  readonly n: number;
}

/** The time of an event's place as a number, when both can be had back; else -1. */
export function timeOf({ at, w, n }: Mark): number {
  if (typeof at !== 'string' || at.length !== 24 || typeof w !== 'string') return -1;
  return Number.isSafeInteger(n) && Math.abs(n) <= largestCount ? readTime(at) : -1;
}

export const largestZigzag = 2 ** 52 - 1;
/** So that the difference of two has a zigzag. */
export const largestCount = 2 ** 50;

/** `2026-01-01T10:00:00.000Z` as one number by its digits alone, which is no count of milliseconds; -1 for any other text. */
export function readTime(at: string): number {
  const year = digits(at, 0, 4);
  const month = digits(at, 5, 2);
  const day = digits(at, 8, 2);
  const hour = digits(at, 11, 2);
  const minute = digits(at, 14, 2);
  const second = digits(at, 17, 2);
  const milli = digits(at, 20, 3);
  if (year < 0 || month < 1 || month > 12 || day < 1 || day > 31 || hour < 0 || hour > 23) return -1;
  if (minute < 0 || minute > 59 || second < 0 || second > 59 || milli < 0) return -1;
  // - - T : : . Z
  if (at.charCodeAt(4) !== 45 || at.charCodeAt(7) !== 45 || at.charCodeAt(10) !== 84 || at.charCodeAt(13) !== 58) return -1;
  if (at.charCodeAt(16) !== 58 || at.charCodeAt(19) !== 46 || at.charCodeAt(23) !== 90) return -1;
  const days = (year * 12 + month - 1) * 31 + day - 1;
  return (((days * 24 + hour) * 60 + minute) * 60 + second) * 1000 + milli;
}

export function digits(text: string, from: number, count: number): number {
  let value = 0;
  for (let index = from; index < from + count; index++) {
    const digit = text.charCodeAt(index) - 48;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}

/** `2026-01-01T10:` */
export function writeHour(hour: number): string {
  if (!(hour >= 0)) throw new CodecError('no time');
  const days = Math.floor(hour / 24);
  const months = Math.floor(days / 31);
  return `${digitsOf(Math.floor(months / 12), 4)}-${digitsOf((months % 12) + 1, 2)}-${digitsOf((days % 31) + 1, 2)}T${digitsOf(hour % 24, 2)}:`;
}

/** `05:12.` of a second of an hour. */
export const writeSecond = (second: number): string => `${digitsOf(Math.floor(second / 60), 2)}:${digitsOf(second % 60, 2)}.`;

export const digitsOf = (value: number, count: number): string => String(value).padStart(count, '0');

export const zigzag = (value: number): number => (value < 0 ? -2 * value - 1 : 2 * value);
export const unzigzag = (value: number): number => (value % 2 === 0 ? value / 2 : -(value + 1) / 2);
