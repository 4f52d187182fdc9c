import path from 'node:path';
import { systemClock } from '../base/clock.ts';
import type { Disposable } from '../base/disposable.ts';
import type { SessionId } from '../model/ids.ts';
import { updateReports, type ReportUpdate } from '../services/reporter.ts';
import { nodeDigest } from '../store/digest.ts';
import type { Deck } from './deck.ts';
import { readSettings, readTimes } from './settings.ts';

/** Where the pages about the sessions are written; undefined where nothing is to be. */
export function reportFolder(deck: Deck): string | undefined {
  const { reports } = readSettings();
  if (deck.layout === undefined || deck.mode !== 'recorder' || !reports.isOn) return undefined;
  return reports.directory === undefined ? deck.layout.reports : path.resolve(deck.folders[0]?.path ?? '', reports.directory);
}

/** Brings the pages up to date; undefined where they are switched off. Rejects when they cannot be written. */
export async function writeReports(deck: Deck, session: SessionId): Promise<ReportUpdate | undefined> {
  const folder = reportFolder(deck);
  const { layout, sessions } = deck;
  if (folder === undefined || layout === undefined || sessions === undefined) return undefined;
  const { indexRows, recentSessions } = readSettings().reports;
  return updateReports(
    {
      layout,
      sessions,
      digest: nodeDigest,
      clock: systemClock,
      time: readTimes(),
      title: deck.folders[0]?.name ?? 'workspace',
      folder,
      indexRows: Math.floor(indexRows),
      recentSessions: Math.floor(recentSessions),
    },
    session,
  );
}

/** Writes the pages when a session is over that did not end by a command of this window: gone idle, followed by another, ended elsewhere. */
export function watchReports(deck: Deck, trace: (message: string) => void): Disposable {
  let recorded = deck.recorder?.status().session;
  return deck.onDidChange(() => {
    const session = deck.recorder?.status().session;
    if (session === recorded) return;
    const former = recorded;
    recorded = session;
    if (former === undefined) return;
    void writeReports(deck, former).catch((error: unknown) => trace(`The pages about the sessions could not be written: ${String(error)}`));
  });
}
