import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { WriterId } from '../model/ids.ts';
import type { SessionLayout } from './layout.ts';

/** How far a writer had come when it said so: number and hash of its last line. */
export interface ToldEnd {
  readonly n: number;
  readonly hash: string;
}

/**
 * What writers said of their ends (see `writerClaim.ts`): by it a log whose end was cut off, or whose last line was altered,
 * is told from a whole one. A writer that died said nothing.
 */
export async function readToldEnds(session: SessionLayout): Promise<Map<WriterId, ToldEnd>> {
  const ends = new Map<WriterId, ToldEnd>();
  const names = await readdir(session.free).catch((): string[] => []);
  for (const name of names) {
    const writer = name.replace(/\.ended$/, '');
    const end = /^[a-z0-9]{4,32}$/.test(writer) ? await readEnd(join(session.free, name)) : undefined;
    if (end !== undefined && end.n > (ends.get(writer)?.n ?? 0)) ends.set(writer, end);
  }
  return ends;
}

async function readEnd(path: string): Promise<ToldEnd | undefined> {
  try {
    const { n, prev } = JSON.parse(await readFile(path, 'utf8')) as { readonly n?: unknown; readonly prev?: unknown };
    return typeof n === 'number' && typeof prev === 'string' ? { n, hash: prev } : undefined;
  } catch {
    // Half-written, or gone meanwhile.
    return undefined;
  }
}
