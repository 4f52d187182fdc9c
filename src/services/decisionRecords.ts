import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { decisionRecord, recordMark } from '../core/decisionText.ts';
import { groupDecisions } from '../core/decisions.ts';
import type { SessionState } from '../model/sessionState.ts';

export interface WrittenRecords {
  /** Absolute. */
  readonly written: readonly string[];
  /** Decisions that have a record in the folder already; it is left as it is, for people write in it. */
  readonly present: number;
}

/**
 * Writes a decision record (ADR) for each decision that a person confirmed, also where it was given up later, into the folder,
 * numbered on from what is there. Writes over nothing. Rejects with the system's error.
 */
export async function writeDecisionRecords(folder: string, state: SessionState, day: (at: string) => string): Promise<WrittenRecords> {
  const { inForce, dropped } = groupDecisions(state);
  const settled = [...inForce, ...dropped.filter(({ history }) => history.some(({ status }) => status === 'confirmed'))].sort((a, b) =>
    a.mark.at < b.mark.at ? -1 : 1,
  );
  await mkdir(folder, { recursive: true });
  const names = await readdir(folder);
  const known = await knownMarks(folder, names);
  let number = Math.max(0, ...names.map((name) => Number(/^(?:adr[-_])?(\d{1,6})[-_.]/i.exec(name)?.[1] ?? 0)));
  const written: string[] = [];
  let present = 0;
  for (const decision of settled) {
    if (known.has(recordMark(decision.id))) {
      present += 1;
      continue;
    }
    number += 1;
    const { name, text } = decisionRecord(decision, state, number, day);
    const file = path.join(folder, name);
    await writeFile(file, text, { flag: 'wx' });
    written.push(file);
  }
  return { written, present };
}

const largestRecord = 256 * 1024;

async function knownMarks(folder: string, names: readonly string[]): Promise<ReadonlySet<string>> {
  const known = new Set<string>();
  for (const name of names) {
    if (!/\.(?:md|markdown)$/i.test(name)) continue;
    // A folder of that name, or what cannot be read, holds no record of ours.
    const text = await readFile(path.join(folder, name), 'utf8').catch(() => '');
    if (text.length > largestRecord) continue;
    for (const [mark] of text.matchAll(/<!-- tapedeck decision [A-Za-z0-9.:_-]{1,200} -->/g)) known.add(mark);
  }
  return known;
}
