import type { ChainBreak, LogHealth } from './logHealth.ts';
import type { ContentDamage } from './pack.ts';
import type { Damage } from './writerStream.ts';

const damageWords: Readonly<Record<Damage['reason'], string>> = {
  torn: 'unfinished line at the end',
  crc: 'checksum does not match',
  framing: 'not a line of the log',
  json: 'not JSON',
  nul: 'run of NUL bytes',
  shape: 'a line without writer, number, time or chain',
  'too-long': 'line too long to be read',
  stray: 'line of another writer',
  unreadable: 'file could not be read',
};

const breakWords: Readonly<Record<ChainBreak['reason'], string>> = {
  missing: 'missing',
  altered: 'altered after it was written',
  inserted: 'inserted by something else than its writer',
  duplicated: 'there twice',
  misplaced: 'not where it was written',
};

/** The health of a log in lines for a person: a summary first, then every finding with its place. Plain text. */
export function describeHealth(health: LogHealth): string[] {
  const size = `${count(health.events, 'event')} by ${count(health.writers, 'writer')} in ${count(health.files, 'file')}, ${health.sizeBytes} bytes`;
  const lines = [
    health.isSound ? `Sound: ${size}.` : `Damaged: ${size}; ${count(health.damage.length + health.breaks.length, 'finding')}.`,
  ];
  for (const { file, from, to, reason } of health.damage) lines.push(`${file}, bytes ${from} to ${to}: ${damageWords[reason]}`);
  for (const { writer, fromN, toN, file, from, reason } of health.breaks) {
    const numbers = fromN === toN ? `event ${writer}.${fromN}` : `events ${writer}.${fromN} to ${writer}.${toN}`;
    lines.push(`${numbers}: ${breakWords[reason]}${file === '' ? '' : ` (${file}, byte ${from})`}`);
  }
  const { foreign } = health;
  if (foreign['unknown-kind'] > 0) lines.push(`${count(foreign['unknown-kind'], 'event')} of a kind that this version does not know; kept`);
  if (foreign['newer-version'] > 0) lines.push(`${count(foreign['newer-version'], 'event')} written by a newer version; kept`);
  if (foreign.misshapen > 0) lines.push(`${count(foreign.misshapen, 'event')} whose fields do not fit their kind; kept`);
  if (health.repeated > 0) lines.push(`${count(health.repeated, 'line')} written once more after a failed sync; harmless`);
  for (const { file } of health.growing) lines.push(`${file}: its last line is still being written`);
  for (const name of health.strangers) lines.push(`${name}: not a file of the log; not read`);
  return lines;
}

const contentWords: Readonly<Record<ContentDamage['reason'], string>> = {
  header: 'not the head of a stored content',
  name: 'not a pack',
  codec: 'stored in a way that this version does not know',
  payload: 'checksum does not match',
  hash: 'not the content that its name says',
  base: 'the content that it builds upon is damaged or gone',
  gone: 'can no longer be read',
};

/** A damaged content in a line for a person, with its place in the blobs folder. */
export function describeContentDamage({ file, from, to, reason, hash }: ContentDamage): string {
  return `${file}, bytes ${from} to ${to}: ${contentWords[reason]}${hash === undefined ? '' : ` (${hash.slice(0, 12)}…)`}`;
}

function count(value: number, noun: string): string {
  return `${value} ${noun}${value === 1 ? '' : 's'}`;
}
