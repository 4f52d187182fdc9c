// Reads every transcript below a folder and prints for each: agent, size, speed, memory, events by kind, records of unknown
// types, damage. Ends with 1 when a reader threw, a fact is none of the schema, a byte was passed over unseen, a line had no
// bound, or memory went over it.
import { createReadStream } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import type { DocumentPiece, Framing, TranscriptFact, TranscriptFile } from '../../src/core/transcripts/adapter.ts';
import { transcriptAdapters } from '../../src/core/transcripts/table.ts';
import { TapedeckEvent } from '../../src/model/event.ts';
import { recogniseTranscript, type RecognisedTranscript } from '../../src/services/transcriptRecognition.ts';
import { nodeDigest } from '../../src/store/digest.ts';
import { lookIntoSqlite, SqliteMissing, type SqliteLook } from '../../src/store/sqlite.ts';
import { readTranscriptFile } from '../../src/store/transcriptFile.ts';
import { transcriptsIn } from '../../src/store/transcriptSource.ts';
import type { TailDamage } from '../../src/store/transcriptTail.ts';
import { unseenStretches } from './byteAccount.ts';

const mebibyte = 1024 * 1024;
/** The line limit of the reading, and what a reader may hold beside such a line. */
const maxLineBytes = 16 * mebibyte;
const maxPeakBytes = 200 * mebibyte;

interface Checked {
  readonly transcript: RecognisedTranscript;
  readonly bytes: number;
  readonly seconds: number;
  readonly peakBytes: number;
  readonly kinds: ReadonlyMap<string, number>;
  readonly unknown: ReadonlyMap<string, number>;
  readonly misshapen: number;
  readonly damage: readonly TailDamage[];
  readonly faults: readonly string[];
}

async function main(folder: string): Promise<number> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  const files = entries.flatMap((entry) => (entry.isFile() ? [path.join(entry.parentPath, entry.name)] : [])).sort();
  const environment = { platform: process.platform, homeFolder: homedir(), variables: process.env };
  const strange: string[] = [];
  const checked: Checked[] = [];
  for (const file of files) {
    const transcript = await recogniseTranscript(file, transcriptAdapters, environment);
    if (transcript === undefined) {
      strange.push(path.relative(folder, file));
      continue;
    }
    const parts = await transcriptsIn(transcript.framing, transcript.file).catch((error: unknown) => {
      if (!(error instanceof SqliteMissing)) throw error;
      console.log(`${path.relative(folder, file)}: ${error.message}`);
      return [];
    });
    for (const part of parts) {
      const result = await check({ ...transcript, file: part });
      checked.push(result);
      print(folder, result);
    }
  }
  console.log(`\nNo transcripts of a known agent: ${strange.length} files${strange.length === 0 ? '' : `\n  ${strange.join('\n  ')}`}`);
  return summarise(checked);
}

async function check(transcript: RecognisedTranscript): Promise<Checked> {
  const { adapter, file, framing } = transcript;
  const faults: string[] = [];
  const kinds = new Map<string, number>();
  const damage: TailDamage[] = [];
  let reader = adapter.openReader(file, { digest: nodeDigest });
  const count = (facts: readonly TranscriptFact[]): void => {
    for (const fact of facts) kinds.set(fact.kind, (kinds.get(fact.kind) ?? 0) + 1);
  };
  globalThis.gc?.();
  const restBytes = heldBytes();
  let peakBytes = 0;
  let seconds = 0;
  let bytes = 0;
  try {
    const startedAt = process.hrtime.bigint();
    bytes = await readTranscriptFile(framing, file, {
      maxLineBytes,
      onRecord: (value, offset) => count(reader.read(value, { offset })),
      onDamage: (entry) => damage.push(entry),
      onChunk: () => {
        peakBytes = Math.max(peakBytes, heldBytes() - restBytes);
        return Promise.resolve();
      },
    });
    count(reader.quiet());
    seconds = Number(process.hrtime.bigint() - startedAt) / 1e9;
    const { counts } = reader;
    // Once more, for what must not disturb the measuring.
    reader = adapter.openReader(file, { digest: nodeDigest });
    faults.push(...(await verify(transcript, (value, offset) => reader.read(value, { offset }))));
    if (peakBytes > maxPeakBytes) faults.push(`${megabytes(peakBytes)} MB of memory`);
    return { transcript, bytes, seconds, peakBytes, kinds, unknown: counts.unknown, misshapen: counts.misshapen, damage, faults };
  } catch (error) {
    faults.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
    return { transcript, bytes, seconds, peakBytes, kinds, unknown: new Map(), misshapen: 0, damage, faults };
  }
}

/** What is wrong with how the file is read. */
async function verify(
  { file, framing }: RecognisedTranscript,
  read: (value: unknown, offset: number) => readonly TranscriptFact[],
): Promise<readonly string[]> {
  const faults: string[] = [];
  const records: { readonly value: unknown; readonly offset: number }[] = [];
  const damage: TailDamage[] = [];
  await readTranscriptFile(framing, file, {
    maxLineBytes,
    onRecord: (value, offset) => {
      records.push({ value, offset });
      for (const [index, fact] of read(value, offset).entries()) {
        const parsed = TapedeckEvent.safeParse({ v: 1, w: 'w', n: index + 1, at: '2026-01-01T00:00:00.000Z', ...fact });
        if (!parsed.success) faults.push(`no fact of the schema at ${offset}: ${parsed.error.issues[0]?.path.join('.')}`);
      }
    },
    onDamage: (entry) => damage.push(entry),
  });
  faults.push(...(await passedOver(framing, file, records, damage)));
  if (framing !== 'json-lines' && framing !== 'text-lines') return faults.slice(0, 20);
  const tooLong = damage.filter((entry) => entry.reason === 'too-long');
  for (const offset of await longLines(file.path))
    if (!tooLong.some((entry) => entry.offset === offset)) faults.push(`the line at ${offset} has no bound`);
  return faults.slice(0, 20);
}

/** What the records leave out, by the means of each framing. */
async function passedOver(
  framing: Framing,
  file: TranscriptFile,
  records: readonly { readonly value: unknown; readonly offset: number }[],
  damage: readonly TailDamage[],
): Promise<readonly string[]> {
  if (framing === 'opencode-database')
    return lookIntoSqlite(file.path, (look) => Promise.resolve(missingRows(look, file.session ?? '', records)));
  if (framing === 'openclaw-database')
    return lookIntoSqlite(file.path, (look) => {
      const rows = look.all('SELECT count(*) AS n FROM transcript_events WHERE session_id = ?', file.session ?? '');
      const told = records.filter(({ value }) => (value as { type?: unknown }).type !== 'openclaw.session').length;
      return Promise.resolve(told + damage.length === Number(rows[0]?.['n']) ? [] : ['rows were passed over']);
    });
  if (
    framing === 'packed-lines' ||
    framing === 'copilot-traces' ||
    framing === 'opencode-files' ||
    (await stat(file.path)).size > maxWholeBytes
  )
    return [];
  const bytes = await readFile(file.path);
  if (framing === 'json-lines')
    return unseenStretches(
      bytes,
      records.map((record) => record.offset),
      damage,
    ).map(({ offset, sizeBytes }) => `${sizeBytes} bytes at ${offset} were passed over`);
  const text = bytes.toString('utf8');
  if (framing === 'text-lines') {
    const lines = text.replace(/\n$/, '').split('\n');
    const isSame =
      damage.length > 0 ||
      lines.every((line, index) => (records[index]?.value as { line?: unknown } | undefined)?.line === line.replace(/\r$/, ''));
    return isSame ? [] : ['lines were passed over'];
  }
  return damage.length > 0 ||
    JSON.stringify(JSON.parse(text)) === JSON.stringify(documentOf(records.map(({ value }) => value as DocumentPiece)))
    ? []
    : ['pieces were passed over'];
}

function missingRows(look: SqliteLook, session: string, records: readonly { readonly value: unknown }[]): readonly string[] {
  const told = records.flatMap(({ value }) => {
    const message = (value as { member?: unknown; value?: { parts?: readonly unknown[] } }).member === 'messages' ? value : undefined;
    return message === undefined ? [] : [(message as { value: { parts: readonly unknown[] } }).value.parts.length];
  });
  const count = (table: string): number => Number(look.all(`SELECT count(*) AS n FROM ${table} WHERE session_id = ?`, session)[0]?.['n']);
  const parts = told.reduce((sum, own) => sum + own, 0);
  return told.length === count('message') && parts === count('part') ? [] : ['rows were passed over'];
}

function documentOf(pieces: readonly DocumentPiece[]): unknown {
  const document: Record<string, unknown> = {};
  for (const piece of pieces) {
    if (piece.member === null) continue;
    if (piece.index === undefined) document[piece.member] = piece.value;
    else ((document[piece.member] ??= []) as unknown[])[piece.index] = piece.value;
  }
  return '' in document && Object.keys(document).length === 1 ? document[''] : document;
}

const maxWholeBytes = 1024 * mebibyte;

/** Where the lines over the limit begin. */
async function longLines(file: string): Promise<readonly number[]> {
  const found: number[] = [];
  let at = 0;
  let from = 0;
  for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) {
    for (let index = chunk.indexOf(0x0a); index >= 0; index = chunk.indexOf(0x0a, index + 1)) {
      if (at + index - from > maxLineBytes) found.push(from);
      from = at + index + 1;
    }
    at += chunk.length;
  }
  if (at - from > maxLineBytes) found.push(from);
  return found;
}

function heldBytes(): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

function print(folder: string, result: Checked): void {
  const { transcript, bytes, seconds, kinds, unknown, misshapen, damage } = result;
  const speed = seconds === 0 ? 0 : bytes / mebibyte / seconds;
  const list = (counts: ReadonlyMap<string, number>): string => [...counts].map(([name, count]) => `${name} ${count}`).join(', ');
  console.log(
    `${path.relative(folder, transcript.file.path) || transcript.file.path}${transcript.file.session === undefined ? '' : ` ${transcript.file.session}`}: ${transcript.adapter.id}, ${megabytes(bytes)} MB, ${speed.toFixed(0)} MB/s, peak ${megabytes(result.peakBytes)} MB`,
  );
  console.log(`  events: ${kinds.size === 0 ? 'none' : list(kinds)}`);
  if (unknown.size > 0) console.log(`  unknown: ${list(unknown)}`);
  if (misshapen > 0) console.log(`  misshapen: ${misshapen}`);
  if (damage.length > 0) {
    const places = damage.slice(0, 5).map((entry) => `${entry.reason} ${entry.sizeBytes} bytes at ${entry.offset}`);
    console.log(`  damaged: ${damage.length} (${places.join('; ')}${damage.length > 5 ? ' …' : ''})`);
  }
  for (const fault of result.faults) console.log(`  FAULT: ${fault}`);
}

function summarise(checked: readonly Checked[]): number {
  console.log('');
  for (const adapter of transcriptAdapters) {
    const own = checked.filter((result) => result.transcript.adapter === adapter);
    if (own.length === 0) continue;
    const sum = (value: (result: Checked) => number): number => own.reduce((total, result) => total + value(result), 0);
    const unknown = sum((result) => [...result.unknown.values()].reduce((total, count) => total + count, 0));
    console.log(
      `${adapter.id}: ${own.length} transcripts, ${megabytes(sum((result) => result.bytes))} MB, ${sum((result) => [...result.kinds.values()].reduce((total, count) => total + count, 0))} events, ${unknown} unknown, ${sum((result) => result.misshapen)} misshapen, ${sum((result) => result.damage.length)} damaged`,
    );
  }
  const faulty = checked.filter((result) => result.faults.length > 0).length;
  console.log(`\n${checked.length} transcripts, ${faulty} with faults`);
  return faulty === 0 && checked.length > 0 ? 0 : 1;
}

const megabytes = (bytes: number): string => (bytes / mebibyte).toFixed(bytes < 10 * mebibyte ? 2 : 0);

const folder = process.argv[2];
if (folder === undefined) {
  console.error('Which folder? npm run check:corpus -- DIR');
  process.exitCode = 2;
} else process.exitCode = await main(path.resolve(folder));
