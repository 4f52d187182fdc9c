import { mkdir, open, readdir, readFile, utimes } from 'node:fs/promises';
import { join } from 'node:path';

const uuid = /\b([0-9a-f]{8})(-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\b/g;
const names = /\b(?:msg|toolu|req)_[A-Za-z0-9]+/g;
const time = /"timestamp":"([^"]+)"/g;

export interface GeneratedTranscripts {
  readonly files: number;
  readonly lines: number;
  readonly bytes: number;
}

/**
 * Claude Code's transcripts below `home`, about `totalBytes` of them: the project's own recordings of the real program again
 * and again, each copy with ids and times of its own, in files of some 2.5 MB. Nobody touched them for ten days.
 */
export async function writeClaudeTranscripts(
  home: string,
  fixtures: string,
  cwd: string,
  totalBytes: number,
): Promise<GeneratedTranscripts> {
  const talks = await talksIn(fixtures);
  const folder = join(home, '.claude', 'projects', cwd.replaceAll(/[^A-Za-z0-9]/g, '-'));
  await mkdir(folder, { recursive: true });
  const old = new Date(Date.now() - 10 * 24 * 3_600_000);
  let files = 0;
  let lines = 0;
  let bytes = 0;
  let copy = 0;
  while (bytes < totalBytes) {
    files += 1;
    const session = `00000000-0000-4000-8000-${files.toString(16).padStart(12, '0')}`;
    const path = join(folder, `${session}.jsonl`);
    const handle = await open(path, 'w');
    try {
      for (let size = 0; size < fileBytes;) {
        const text = copyOf(talks[copy % talks.length]!, session, cwd, copy++);
        lines += text.length;
        const chunk = Buffer.from(`${text.join('\n')}\n`);
        await handle.write(chunk);
        size += chunk.length;
        bytes += chunk.length;
      }
    } finally {
      await handle.close();
    }
    await utimes(path, old, old);
  }
  return { files, lines, bytes };
}

const fileBytes = 2.5 * 1024 * 1024;

interface Talk {
  readonly session: string;
  readonly cwd: string;
  readonly lines: readonly string[];
}

async function talksIn(folder: string): Promise<readonly Talk[]> {
  const talks: Talk[] = [];
  for (const entry of (await readdir(folder, { recursive: true })).toSorted()) {
    if (!entry.endsWith('.jsonl') || entry.includes('subagents')) continue;
    const lines = (await readFile(join(folder, entry), 'utf8')).split('\n').filter((line) => line !== '');
    const told = lines.map((line) => JSON.parse(line) as { readonly sessionId?: string; readonly cwd?: string });
    const session = told.find(({ sessionId }) => sessionId !== undefined)?.sessionId;
    const cwd = told.find((record) => record.cwd !== undefined)?.cwd;
    if (session !== undefined && cwd !== undefined && lines.some((line) => line.includes('"usage"'))) talks.push({ session, cwd, lines });
  }
  if (talks.length === 0) throw new Error(`No recordings in ${folder}.`);
  return talks;
}

/** The same conversation by other ids, an hour later for each copy. */
function copyOf({ session, cwd, lines }: Talk, newSession: string, newCwd: string, copy: number): string[] {
  const salt = (Math.imul(copy + 1, 2654435761) >>> 0).toString(16).padStart(8, '0');
  const mixed = (hex: string): string => ((Number.parseInt(hex, 16) ^ Number.parseInt(salt, 16)) >>> 0).toString(16).padStart(8, '0');
  const from = JSON.stringify(cwd).slice(1, -1);
  const to = JSON.stringify(newCwd).slice(1, -1);
  return lines.map((line) =>
    line
      .replaceAll(uuid, (whole, head: string, rest: string) => (whole === session ? newSession : `${mixed(head)}${rest}`))
      .replaceAll(names, (id) => `${id}${salt}`)
      .replaceAll(time, (whole, at: string) => {
        const ms = Date.parse(at);
        return Number.isNaN(ms) ? whole : `"timestamp":"${new Date(firstMs + (copy % 20_000) * 60_000 + (ms % 3_600_000)).toISOString()}"`;
      })
      .replaceAll(from, to)
      // The recordings' own results are short; real ones are long, some of them very.
      .replace(result, (begin) => `${begin}${filler(copy, lines.length)}`),
  );
}

const result = /"(?:stdout|content)":"(?=[^"])/;

/** Text as tools give it, most of it short, some of it long. */
function filler(copy: number, salt: number): string {
  const step = Math.imul(copy + 7, salt + 13) >>> 0;
  const lines = step % 16 === 0 ? 250 : step % 4 === 0 ? 60 : 12;
  return Array.from(
    { length: lines },
    (_, n) => `src/part${(step + n) % 97}.ts:${n}: const value${n} = read(\\"key ${step % 1000}\\");\\n`,
  ).join('');
}

const firstMs = Date.parse('2026-01-01T00:00:00.000Z');
