import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { SerialQueue } from '../base/serialQueue.ts';
import { indexPage, recentPage } from '../core/indexPages.ts';
import { buildResumePrompt } from '../core/resumePrompt.ts';
import { sessionDigest, type SessionDigest } from '../core/sessionDigest.ts';
import { foldVersion } from '../core/sessionFold.ts';
import { sessionPage } from '../core/sessionPage.ts';
import type { ZonedTime } from '../core/zonedTime.ts';
import type { Clock } from '../base/clock.ts';
import type { Digest } from '../model/digest.ts';
import type { SessionId } from '../model/ids.ts';
import type { SessionState } from '../model/sessionState.ts';
import type { TapedeckLayout } from '../store/layout.ts';
import { replaceFile } from '../store/replaceFile.ts';
import { listSessionIds, type StoredCard } from '../store/sessionCard.ts';
import { keptEverySparsely, readSessionState } from './sessionFolding.ts';
import type { Sessions } from './sessions.ts';

/**
 * Writes the pages about the sessions: SESSION_INDEX.md (the newest rows; older ones in SESSION_INDEX_ARCHIVE.md),
 * RECENT_WORK.md and `sessions/<id>.md`, beside the log or where the user wants them.
 * - Everything is derived: it can be deleted, and comes again. Each file is replaced in one step.
 * - A session is folded once for as long as its log does not grow: what the lists say of it is kept in its cache.
 * - One update at a time; a session whose log cannot be read is left out and named in the answer.
 */
export interface ReporterOptions {
  readonly layout: TapedeckLayout;
  readonly sessions: Sessions;
  readonly digest: Digest;
  readonly clock: Clock;
  readonly time: ZonedTime;
  /** What the workspace is called. */
  readonly title: string;
  /** Absolute; by default that of the layout. */
  readonly folder?: string | undefined;
  readonly indexRows?: number;
  readonly recentSessions?: number;
  readonly recentLines?: number;
}

export interface ReportUpdate {
  readonly folder: string;
  /** Pages of sessions that were written. */
  readonly pages: readonly string[];
  readonly failed: readonly { readonly session: SessionId; readonly reason: string }[];
  /** Of the session that was asked for. */
  readonly digest: SessionDigest | undefined;
}

const queues = new Map<string, SerialQueue>();

/** Brings the pages up to date, `session`’s own in any case. Rejects when the folder cannot be written. */
export function updateReports(options: ReporterOptions, session?: SessionId): Promise<ReportUpdate> {
  const folder = options.folder ?? options.layout.reports;
  const queue = queues.get(folder) ?? new SerialQueue();
  queues.set(folder, queue);
  return queue.run(() => update({ ...options, folder }, session));
}

async function update(options: ReporterOptions & { readonly folder: string }, wanted: SessionId | undefined): Promise<ReportUpdate> {
  const { layout, sessions, folder, time, title } = options;
  const { indexRows = 200, recentSessions = 20, recentLines = 100 } = options;
  const pages: string[] = [];
  const failed: { session: SessionId; reason: string }[] = [];
  const digests: SessionDigest[] = [];
  for (const id of (await listSessionIds(layout)).toReversed()) {
    try {
      const card = await sessions.read(id);
      if (card === undefined) continue;
      const kept = id === wanted ? undefined : await readKept(options, card);
      if (kept !== undefined) digests.push(kept);
      else {
        const state = await stateOf(options, id);
        digests.push(await keep(options, card, state));
        pages.push(await writePage(options, id, state));
      }
    } catch (error) {
      failed.push({ session: id, reason: error instanceof Error ? error.message : String(error) });
    }
  }
  digests.sort((a, b) => (a.startedAt < b.startedAt ? 1 : -1));
  const index = digests.slice(0, indexRows);
  const older = digests.slice(indexRows);
  const about = { title, time };
  await replaceFile(path.join(folder, 'SESSION_INDEX.md'), indexPage(index, about, { isArchive: false, others: older.length }));
  const archive = path.join(folder, 'SESSION_INDEX_ARCHIVE.md');
  if (older.length > 0) await replaceFile(archive, indexPage(older, about, { isArchive: true, others: 0 }));
  else await rm(archive, { force: true });
  await replaceFile(path.join(folder, 'RECENT_WORK.md'), recentPage(digests, about, { sessions: recentSessions, lines: recentLines }));
  return { folder, pages, failed, digest: digests.find(({ session }) => session === wanted) };
}

export const sessionPagePath = (folder: string, session: SessionId): string => path.join(folder, 'sessions', `${session}.md`);

const stateOf = ({ layout, digest }: ReporterOptions, session: SessionId): Promise<SessionState> =>
  readSessionState({ layout, session, digest, keepEvery: keptEverySparsely });

async function writePage(options: ReporterOptions & { readonly folder: string }, id: SessionId, state: SessionState): Promise<string> {
  const { folder, time, clock } = options;
  const resume = buildResumePrompt(state, { size: 'standard', now: clock.now() }).text;
  const file = sessionPagePath(folder, id);
  await replaceFile(file, sessionPage(state, { time, resume }));
  return file;
}

/** What is kept of a session in its cache, and of which log it was made. */
interface Kept {
  readonly version: string;
  readonly readTo: StoredCard['readTo'];
  readonly digest: SessionDigest;
}

/** Raise the first number when `SessionDigest` changes. */
const keptVersion = `1.${foldVersion}`;
const keptPath = (layout: TapedeckLayout, id: SessionId): string => path.join(layout.session(id).cache, 'digest.json');

async function readKept({ layout, folder }: ReporterOptions, { id, readTo }: StoredCard): Promise<SessionDigest | undefined> {
  try {
    const kept = JSON.parse(await readFile(keptPath(layout, id), 'utf8')) as Partial<Kept>;
    const isOf = kept.readTo?.at === readTo.at && kept.readTo.w === readTo.w && kept.readTo.n === readTo.n;
    if (kept.version !== keptVersion || !isOf || kept.digest?.session !== id) return undefined;
    // A page that was deleted comes again.
    await readFile(sessionPagePath(folder ?? layout.reports, id));
    return kept.digest;
  } catch {
    return undefined;
  }
}

async function keep({ layout }: ReporterOptions, { id, readTo }: StoredCard, state: SessionState): Promise<SessionDigest> {
  const digest = { ...sessionDigest(state), session: id };
  const kept: Kept = { version: keptVersion, readTo, digest };
  // Without it the session is folded again the next time.
  await replaceFile(keptPath(layout, id), JSON.stringify(kept)).catch(() => {});
  return digest;
}
