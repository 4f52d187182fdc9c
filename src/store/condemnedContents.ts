import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import type { ContentHash } from '../model/ids.ts';
import { replaceFile } from './replaceFile.ts';

/**
 * What of the content store is to go: packs and large contents in which no log finds anything that it needs, or little. It
 * stands in the store for a day before it goes. Meanwhile it can be read, but nobody stands on it: whoever stores a content
 * that lies only there stores it anew. So what goes a day later is not what somebody has just taken for kept; every store
 * looks at this list before it takes anything for kept, and not longer ago than `lookEveryMs`.
 */
const CondemnedList = z.object({
  tapedeck: z.literal('condemned'),
  v: z.literal(1),
  packs: z.array(z.object({ name: z.string(), at: z.string() })),
  loose: z.array(z.object({ hash: z.string(), at: z.string() })),
  /** When it was last looked for what is not needed. ISO 8601. */
  lookedAt: z.string().optional(),
});

export interface Condemned {
  readonly packs: readonly { readonly name: string; readonly at: string }[];
  readonly loose: readonly { readonly hash: ContentHash; readonly at: string }[];
  readonly lookedAt?: string | undefined;
}

/** A store that is to keep what it takes for kept looks so often. */
export const lookEveryMs = 10_000;

const none: Condemned = { packs: [], loose: [] };

export const condemnedPath = (blobs: string): string => join(blobs, 'condemned.json');

/** Rejects when there is a list that cannot be read: then nobody knows what is condemned. */
export async function readCondemned(blobs: string): Promise<Condemned> {
  let text: string;
  try {
    text = await readFile(condemnedPath(blobs), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return none;
    throw error;
  }
  return CondemnedList.parse(JSON.parse(text));
}

export function writeCondemned(blobs: string, condemned: Condemned): Promise<void> {
  return replaceFile(condemnedPath(blobs), JSON.stringify({ tapedeck: 'condemned', v: 1, ...condemned }));
}

/** The list as one store knows it. */
export class CondemnedWatch {
  readonly #blobs: string;
  readonly #everyMs: number;
  readonly #onChange: () => Promise<void>;
  #packs: ReadonlySet<string> = new Set();
  #stamp: string | undefined;
  #lookedAtMs = Number.NEGATIVE_INFINITY;
  #lookedAtDate = 0;

  constructor(blobs: string, everyMs: number, onChange: () => Promise<void>) {
    this.#blobs = blobs;
    this.#everyMs = everyMs;
    this.#onChange = onChange;
  }

  get isDue(): boolean {
    // One of the clocks stands still while the machine sleeps, the other can be put back.
    return performance.now() - this.#lookedAtMs >= this.#everyMs || Math.abs(Date.now() - this.#lookedAtDate) >= this.#everyMs;
  }

  has(pack: string): boolean {
    return this.#packs.has(pack);
  }

  /** Costs one call to the disk when nothing has changed. */
  async look(): Promise<void> {
    const [at, date] = [performance.now(), Date.now()];
    const found = await stat(condemnedPath(this.#blobs)).catch(() => undefined);
    const stamp = found === undefined ? undefined : `${found.mtimeMs} ${found.size} ${found.ino}`;
    if (stamp !== this.#stamp) {
      try {
        this.#packs = new Set((await readCondemned(this.#blobs)).packs.map(({ name }) => name));
        this.#stamp = stamp;
      } catch {
        // Half-written by hand, or damaged: those that were condemned stay so, and whoever collects says it.
      }
      await this.#onChange();
    }
    this.#lookedAtMs = at;
    this.#lookedAtDate = date;
  }
}
