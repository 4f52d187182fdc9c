import { usageError } from './cliError.ts';

/** A count as an option's value: a whole number from 1 on. Throws a usage error. */
export function toCount(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1) throw usageError(`${text} is no number to count with: give 1 or more`);
  return count;
}
