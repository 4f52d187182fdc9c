import type { DamageReason } from '../core/logCodec.ts';
import type { ChainBreak, LogFault, LogHealth } from './logHealth.ts';
import type { ContentDamage } from './pack.ts';

/** What each fault is, and where it is not plain from that, what it means. */
const faultWords: Readonly<Record<DamageReason | ChainBreak['reason'], string>> = {
  torn: 'an unfinished line at the end; it was never acknowledged, or was written again elsewhere',
  crc: 'the checksum does not match: bytes were changed, by the disk or by hand',
  framing: 'not a line of the log, or only a part of one',
  json: 'not JSON',
  nul: 'zeros where nothing was written, as a disk leaves them after a power cut',
  shape: 'a line without writer, number, time or chain',
  'too-long': 'a line too long to be read',
  stray: 'a line of another writer',
  unreadable: 'the file could not be read',
  cut: 'cut off by another program after it was read',
  replaced: 'replaced by another program after it was read',
  gone: 'removed by another program after it was read',
  missing: 'no longer there: cut out, or the end was cut off',
  altered: 'not the line that was written: changed later, with a checksum made to fit',
  inserted: 'put in by something else than its writer',
  duplicated: 'there a second time; it is shown once',
  misplaced: 'not where it was written: lines or files changed places',
};

/** A fault in a line for a person: file, line, bytes, whose events, what it means, what it cost. */
export function describeFault({ reason, file, from, to, line, writer, fromN, toN, lost }: LogFault): string {
  const bytes = reason === 'missing' ? `before byte ${from}` : `bytes ${from} to ${to}`;
  const place = file === '' ? [] : [`${file}, ${line === undefined ? '' : `line ${line}, `}${bytes}`];
  const numbers =
    writer === undefined || fromN === undefined || toN === undefined
      ? undefined
      : fromN === toN
        ? `event ${writer}.${fromN}`
        : `events ${writer}.${fromN} to ${writer}.${toN}`;
  const isOwn = numbers !== undefined && (lost === 0 || reason === 'missing');
  const cost = lost === 0 ? '' : isOwn ? ` (${lost} lost)` : `; ${numbers} ${lost === 1 ? 'is' : 'are'} lost`;
  return `${[...place, ...(isOwn ? [numbers] : [])].join(': ')}: ${faultWords[reason]}${cost}`;
}

/** More than a person reads; all of them stand in the JSON. */
const shownFaults = 200;

/** The health of a log in lines for a person: a summary first, then every finding with its place. Plain text. */
export function describeHealth(health: LogHealth): string[] {
  const size = `${count(health.events, 'event')} by ${count(health.writers, 'writer')} in ${count(health.files, 'file')}, ${health.sizeBytes} bytes`;
  const lost = health.lost === 0 ? 'no event is known to be lost' : `${count(health.lost, 'event')} lost`;
  const lines = [health.isSound ? `Sound: ${size}.` : `Damaged: ${size}; ${count(health.faults.length, 'finding')}, ${lost}.`];
  lines.push(...health.faults.slice(0, shownFaults).map(describeFault));
  if (health.faults.length > shownFaults) lines.push(`and ${health.faults.length - shownFaults} more findings`);
  if (health.gone.length > 0 && health.breaks.some(({ reason }) => reason === 'missing'))
    lines.push(`${health.gone.join(', ')}: no longer there`);
  const { foreign } = health;
  if (foreign['unknown-kind'] > 0) lines.push(`${count(foreign['unknown-kind'], 'event')} of a kind that this version does not know; kept`);
  if (foreign['newer-version'] > 0) lines.push(`${count(foreign['newer-version'], 'event')} written by a newer version; kept`);
  if (foreign.misshapen > 0) lines.push(`${count(foreign.misshapen, 'event')} whose fields do not fit their kind; kept`);
  if (health.repeated > 0) lines.push(`${count(health.repeated, 'line')} written once more after a failed sync; harmless`);
  for (const { file } of health.growing) lines.push(`${file}: its last line is still being written`);
  for (const name of health.strangers) lines.push(`${name}: not a file of the log; not read`);
  for (const { file, sizeBytes } of health.copies) lines.push(`${file}: a damaged end that was put aside, ${sizeBytes} bytes`);
  return lines;
}

/** What to do about a damaged log, in lines for a person; nothing about a sound one. */
export function describeNextSteps(health: LogHealth): string[] {
  if (health.isSound) return [];
  const isAltered = health.breaks.some(({ reason }) => reason === 'altered' || reason === 'inserted');
  return [
    'Nothing has to be repaired: every sound event is read and shown, recording goes on in new files, and the damaged bytes are left as they are.',
    ...(health.lost > 0 ? ['What is lost may still stand in a backup of the files named above: put them back and verify again.'] : []),
    ...(health.damage.some(({ reason }) => reason === 'crc' || reason === 'nul' || reason === 'unreadable')
      ? ['Bytes that change by themselves may mean a failing disk: check it.']
      : []),
    ...(isAltered ? ['Somebody or something rewrote lines: do not rely on what they say.'] : []),
  ];
}

const contentWords: Readonly<Record<ContentDamage['reason'], string>> = {
  header: 'not the head of a stored content',
  name: 'not a pack',
  codec: 'stored in a way that this version does not know',
  payload: 'checksum does not match',
  hash: 'not the content that its name says',
  base: 'the content that it builds upon is damaged or gone',
  gone: 'can no longer be read',
  torn: 'unfinished at the end',
};

/** A damaged content in a line for a person, with its place in the blobs folder. */
export function describeContentDamage({ file, from, to, reason, hash }: ContentDamage): string {
  return `${file}, bytes ${from} to ${to}: ${contentWords[reason]}${hash === undefined ? '' : ` (${hash.slice(0, 12)}…)`}`;
}

function count(value: number, noun: string): string {
  return `${value} ${noun}${value === 1 ? '' : 's'}`;
}
