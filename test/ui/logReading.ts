import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

export type Line = Readonly<Record<string, any>>;

/** Every line of the newest session's log, in order, as any JSONL tool would read it. */
export function readLog(folder: string): Line[] {
  const sessions = path.join(folder, '.tapedeck', 'sessions');
  const newest = namesIn(sessions).at(-1);
  if (newest === undefined) return [];
  const events = path.join(sessions, newest, 'events');
  return namesIn(events)
    .filter((name) => name.endsWith('.jsonl'))
    .flatMap((name) => readFileSync(path.join(events, name), 'utf8').split('\n'))
    .filter((line) => line.endsWith('"}'))
    .map((line) => JSON.parse(line) as Line)
    .toSorted((a, b) => (a['at'] === b['at'] ? a['n'] - b['n'] : a['at'] < b['at'] ? -1 : 1));
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).toSorted();
  } catch {
    return [];
  }
}

/** Waits until `look` finds something in the log. */
export async function eventuallyInLog<T>(
  folder: string,
  look: (lines: readonly Line[]) => T | undefined,
  what: string,
  limitMs = 60_000,
): Promise<T> {
  const end = Date.now() + limitMs;
  for (;;) {
    const lines = readLog(folder);
    const found = look(lines);
    if (found !== undefined) return found;
    if (Date.now() > end) {
      const tail = lines.slice(-40).map((line) => `${line['kind']} ${line['path'] ?? line['command'] ?? ''} ${JSON.stringify(line['by'])}`);
      throw new Error(`Not in the log in time: ${what}\n${tail.join('\n')}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

/** The author of each file event as it is known at the end: a later finding replaces the first. */
export function authorsByPath(lines: readonly Line[]): Map<string, Line> {
  const findings = new Map(
    lines.filter(({ kind }) => kind === 'file.attributed').map((line) => [line['event'] as string, line['by'] as Line]),
  );
  const authors = new Map<string, Line>();
  for (const line of lines) {
    if (!/^file\.(?:created|changed|deleted|renamed)$/.test(line['kind'])) continue;
    authors.set(line['path'], findings.get(`${line['w']}.${line['n']}`) ?? line['by']);
  }
  return authors;
}
