import { readdir, readFile, rm, stat, utimes } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod';
import { isProcessAlive } from './presence.ts';
import { replaceFile } from './replaceFile.ts';

/**
 * One process at a time, of all that take a turn in a folder, without a lock that could break: Lamport's bakery in files.
 * - Each has a card of its own, which it alone writes. It draws a number higher than all that it sees; the lowest goes first.
 *   A card without a number is about to draw one, and is waited for, so that no two can believe that it is their turn.
 * - Of a process that died, killed or not, the card is passed over and removed. One of another machine, and one that cannot be
 *   read, counts for as long as it changes: whoever waits or is at work touches his own every few seconds.
 */
export interface Turn {
  /** Lets the next one go. Never rejects. */
  leave(): Promise<void>;
}

export interface TurnOptions {
  /** Absolute; made where it is missing. */
  readonly folder: string;
  /** Of this one alone, and good as a file's name. */
  readonly name: string;
  readonly signal?: AbortSignal | undefined;
  /** Somebody else is at work: told once. */
  readonly onWait?: (() => void) | undefined;
  readonly times?: { readonly lookMs: number; readonly touchMs: number; readonly leaseMs: number };
}

const Card = z.object({ pid: z.number(), host: z.string(), startedAt: z.string(), number: z.number() });
type Card = z.infer<typeof Card>;

const defaultTimes = { lookMs: 200, touchMs: 5000, leaseMs: 30_000 };
/** The cards of this process that count: another one with its number is of a process that was. */
const mine = new Set<string>();

/** Waits for the turn; undefined when that was called off. Rejects when the folder cannot be written. */
export async function takeTurn({ folder, name, signal, onWait, times = defaultTimes }: TurnOptions): Promise<Turn | undefined> {
  const path = join(folder, `${name}.json`);
  const seen = new Map<string, { readonly mark: string; readonly sinceMs: number }>();
  let number = 0;
  const card = { pid: process.pid, host: hostname(), startedAt: new Date().toISOString() };
  const write = (): Promise<void> => replaceFile(path, JSON.stringify({ ...card, number } satisfies Card));
  mine.add(path);
  const touching = setInterval(() => void utimes(path, new Date(), new Date()).catch(() => {}), times.touchMs);
  touching.unref();
  const leave = async (): Promise<void> => {
    clearInterval(touching);
    mine.delete(path);
    await rm(path, { force: true, maxRetries: 3 }).catch(() => {});
  };
  try {
    await write();
    for (let hasWaited = false; ;) {
      if (signal?.aborted === true) {
        await leave();
        return undefined;
      }
      const others = await othersIn(folder, path, seen, times.leaseMs);
      const isKnown = others.every((other) => other.number !== undefined);
      if (number === 0 && isKnown) {
        // Higher than that of whoever is at work: nothing may be missing here.
        number = 1 + Math.max(0, ...others.map((other) => other.number ?? 0));
        await write();
        continue;
      }
      if (isKnown && others.every((other) => isBefore({ path, number }, other))) return { leave };
      if (!hasWaited) onWait?.();
      hasWaited = true;
      await new Promise((resolve) => setTimeout(resolve, times.lookMs));
    }
  } catch (error) {
    await leave();
    throw error;
  }
}

interface Other {
  readonly path: string;
  /** 0: not drawn yet; undefined: cannot be read for the moment. */
  readonly number: number | undefined;
}

/** What has no number yet may get any. */
const isBefore = (own: { readonly path: string; readonly number: number }, { path, number = 0 }: Other): boolean =>
  number > own.number || (number === own.number && own.path < path);

async function othersIn(
  folder: string,
  own: string,
  seen: Map<string, { readonly mark: string; readonly sinceMs: number }>,
  leaseMs: number,
): Promise<readonly Other[]> {
  const others: Other[] = [];
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    if (!name.endsWith('.json') || path === own) continue;
    const card = await readCard(path);
    if (card === 'gone') continue;
    if (card !== 'unreadable' && card.host === hostname()) {
      if (card.pid === process.pid ? mine.has(path) : await isProcessAlive(card)) others.push({ path, number: card.number });
      else await rm(path, { force: true }).catch(() => {});
      continue;
    }
    const { mtimeMs, size } = await stat(path).catch(() => ({ mtimeMs: 0, size: 0 }));
    const mark = `${mtimeMs}/${size}`;
    const before = seen.get(path);
    const now = performance.now();
    if (before?.mark !== mark) seen.set(path, { mark, sinceMs: now });
    if (before?.mark !== mark || now - before.sinceMs < leaseMs)
      others.push({ path, number: card === 'unreadable' ? undefined : card.number });
  }
  return others;
}

async function readCard(path: string): Promise<Card | 'gone' | 'unreadable'> {
  try {
    const card = Card.safeParse(JSON.parse(await readFile(path, 'utf8')));
    return card.success ? card.data : 'unreadable';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'gone' : 'unreadable';
  }
}
