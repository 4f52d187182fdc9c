import { constants } from 'node:fs';
import { access, mkdir, open, readdir, readFile, rm, stat, statfs, writeFile } from 'node:fs/promises';
import * as os from 'node:os';
import { join } from 'node:path';
import * as z from 'zod';
import { SerialQueue } from '../base/serialQueue.ts';
import type { Drift } from '../core/transcripts/drift.ts';
import type { TapedeckLayout } from './layout.ts';
import { describeFailure, failureReason, type LogFailureReason } from './writerHealth.ts';

/**
 * Which processes record into one root. Each keeps one small file; the oldest one that is alive on this machine is the
 * leader. Nobody holds a lock: a file of a dead process is just passed over, and removed by whoever sees it.
 * For a moment two may both believe that they lead; then an event is recorded twice, which the fold passes over.
 *
 * The file says too what keeps its process from recording, for others to see. It is written over in its place and never
 * grows, so that this succeeds on a full disk; where it does not, it is tried again until it does. So it is behind by
 * seconds at most, or by as long as nothing at all can be written there, which whoever reads it can see for himself.
 */
/** What keeps a process from recording. */
export const RecorderTrouble = z.object({
  /** One sentence for a person. */
  message: z.string(),
  /** Of the log's writer; absent for any other trouble. */
  reason: z.string().optional(),
  /** ISO 8601, UTC. */
  since: z.string(),
  /** Events that wait in memory, and those that found no room there. */
  waiting: z.number().optional(),
  lost: z.number().optional(),
});
export type RecorderTrouble = z.infer<typeof RecorderTrouble>;

/** Records of a type that this version does not know. */
const RecordDrift = z.object({ agent: z.string(), version: z.string().optional(), recordType: z.string(), count: z.number() });

export const PresenceCard = z.object({
  writer: z.string(),
  pid: z.number(),
  host: z.string(),
  /** ISO 8601, UTC. */
  startedAt: z.string(),
  app: z.string(),
  trouble: RecorderTrouble.optional(),
  /** What of the agents' records the process does not know, the most first. */
  drift: z.array(RecordDrift).optional(),
});
export type PresenceCard = z.infer<typeof PresenceCard>;

export interface PresenceOptions {
  readonly layout: TapedeckLayout;
  readonly card: PresenceCard;
  /** True when the process that wrote the card still runs on this machine. */
  readonly isAlive?: (card: PresenceCard) => boolean | Promise<boolean>;
}

export interface Presence {
  /** Looks who is there, and is there itself if its file was removed. Resolves with whether this one leads, and whom it saw dead (they ended without a word). */
  look(): Promise<{ readonly isLeader: boolean; readonly others: readonly PresenceCard[]; readonly dead: readonly PresenceCard[] }>;
  /** Says what keeps this process from recording; undefined: nothing does any more. */
  tell(trouble: RecorderTrouble | undefined): void;
  /** Says what of the agents' records it does not know. What was said last is not written again. */
  tellDrift(drift: readonly Drift[]): void;
  leave(): Promise<void>;
}

/** Every card is filled up to this with spaces. */
const cardBytes = 2048;
const retryMs = 3000;
const maxDrifts = 6;

function cardText(card: PresenceCard): string {
  let text = JSON.stringify(card);
  if (Buffer.byteLength(text) >= cardBytes && card.drift !== undefined) return cardText(withoutDrift(card));
  if (Buffer.byteLength(text) >= cardBytes && card.trouble !== undefined)
    text = JSON.stringify({ ...card, trouble: { ...card.trouble, message: `${card.trouble.message.slice(0, 200)}…` } });
  return `${text}${' '.repeat(Math.max(0, cardBytes - 1 - Buffer.byteLength(text)))}\n`;
}

function withoutDrift(card: PresenceCard): PresenceCard {
  const { drift: _, ...rest } = card;
  return rest;
}

/** Writes this process's file and looks once. Rejects when the root cannot be written. */
export async function openPresence({ layout, card, isAlive = isProcessAlive }: PresenceOptions): Promise<Presence> {
  const name = `${card.writer}.json`;
  const path = join(layout.recorders, name);
  let present = card;
  let isGone = false;
  let retry: NodeJS.Timeout | undefined;
  const write = async (): Promise<void> => {
    await mkdir(layout.recorders, { recursive: true });
    await writeFile(path, cardText(present));
  };
  const queue = new SerialQueue();
  let isUntold = false;
  const overwrite = async (): Promise<void> => {
    isUntold = false;
    clearTimeout(retry);
    if (isGone) return;
    try {
      const file = await open(path, 'r+');
      try {
        await file.write(cardText(present), 0);
      } finally {
        await file.close();
      }
    } catch {
      retry = setTimeout(() => void queue.run(overwrite), retryMs);
      retry.unref();
    }
  };
  await write();
  return {
    async look() {
      const others: PresenceCard[] = [];
      const dead: PresenceCard[] = [];
      const names: readonly string[] = await readdir(layout.recorders).catch(() => []);
      // The folder was removed under us: the others have to see us all the same.
      if (!names.includes(name)) await write();
      for (const name of names) {
        if (!name.endsWith('.json') || name === `${card.writer}.json`) continue;
        const other = await readCard(join(layout.recorders, name));
        // Of another machine (a shared drive, a container) nothing can be known from here.
        if (other === undefined || other.host !== card.host) continue;
        if (other.pid === card.pid) {
          if (isOlder(other, card)) others.push(other);
        } else if (await isAlive(other)) others.push(other);
        else {
          dead.push(other);
          await rm(join(layout.recorders, name), { force: true });
        }
      }
      return { isLeader: others.every((other) => isOlder(card, other)), others, dead };
    },
    tell(trouble) {
      const { trouble: _, ...rest } = present;
      present = trouble === undefined ? rest : { ...rest, trouble };
      // A burst of news is one write.
      if (!isUntold) void queue.run(overwrite);
      isUntold = true;
    },
    tellDrift(told) {
      const drift = told.slice(0, maxDrifts);
      if (JSON.stringify(drift) === JSON.stringify(present.drift ?? [])) return;
      present = drift.length === 0 ? withoutDrift(present) : { ...present, drift };
      if (!isUntold) void queue.run(overwrite);
      isUntold = true;
    },
    leave() {
      isGone = true;
      clearTimeout(retry);
      return queue.run(() => rm(path, { force: true }));
    },
  };
}

function isOlder(a: PresenceCard, b: PresenceCard): boolean {
  return a.startedAt === b.startedAt ? a.writer < b.writer : a.startedAt < b.startedAt;
}

async function readCard(path: string): Promise<PresenceCard | undefined> {
  try {
    const card = PresenceCard.safeParse(JSON.parse(await readFile(path, 'utf8')));
    return card.success ? card.data : undefined;
  } catch {
    // Half-written, or gone meanwhile.
    return undefined;
  }
}

/** Alive, and no later process that was given the same number: not from before this machine started, nor started after the card. */
export async function isProcessAlive(card: Pick<PresenceCard, 'pid' | 'startedAt'>): Promise<boolean> {
  try {
    process.kill(card.pid, 0);
  } catch (error) {
    // EPERM: it is there, and somebody else's.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  const startedAt = Date.parse(card.startedAt);
  if (startedAt < Date.now() - os.uptime() * 1000 - clockSlackMs) return false;
  try {
    // Linux: the folder of a process is as old as the process.
    return (await stat(`/proc/${card.pid}`)).ctimeMs <= startedAt + clockSlackMs;
  } catch {
    return true;
  }
}

const clockSlackMs = 60_000;

/** The recorders of this machine that are alive, the oldest (which leads) first. Writes nothing. */
export async function readRecorders(layout: TapedeckLayout): Promise<PresenceCard[]> {
  const names = await readdir(layout.recorders).catch(() => []);
  const cards: PresenceCard[] = [];
  for (const name of names.filter((file) => file.endsWith('.json'))) {
    const card = await readCard(join(layout.recorders, name));
    if (card !== undefined && card.host === os.hostname() && (await isProcessAlive(card))) cards.push(card);
  }
  return cards.sort((a, b) => (isOlder(a, b) ? -1 : 1));
}

/** What would keep anybody from writing into that root now, as far as looking can tell; undefined where it is not even there. */
export async function findRootTrouble(
  layout: TapedeckLayout,
): Promise<{ readonly reason: LogFailureReason; readonly message: string } | undefined> {
  const trouble = (error: unknown): { reason: LogFailureReason; message: string } => {
    const reason = failureReason(error);
    return { reason, message: describeFailure(reason, error) };
  };
  try {
    await access(layout.root, constants.W_OK);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? undefined : trouble(error);
  }
  const space = await statfs(layout.root).catch(() => undefined);
  // Some systems tell of no blocks at all.
  return space === undefined || space.blocks === 0 || space.bavail > 0 ? undefined : trouble({ code: 'ENOSPC' });
}

/** Cards of other machines, which nobody here can tell alive from dead, with when they were written last, Unix ms. */
export async function readForeignRecorders(layout: TapedeckLayout): Promise<{ readonly card: PresenceCard; readonly writtenMs: number }[]> {
  const foreign: { card: PresenceCard; writtenMs: number }[] = [];
  for (const name of await readdir(layout.recorders).catch(() => [])) {
    const path = join(layout.recorders, name);
    const card = name.endsWith('.json') ? await readCard(path) : undefined;
    if (card !== undefined && card.host !== os.hostname())
      foreign.push({ card, writtenMs: (await stat(path).catch(() => ({ mtimeMs: 0 }))).mtimeMs });
  }
  return foreign;
}
