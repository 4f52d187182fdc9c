import { readdir } from 'node:fs/promises';
import * as vscode from 'vscode';
import { DisposableStore } from '../base/disposable.ts';
import type { EventOf } from '../model/event.ts';
import type { Recorder } from '../services/recorder.ts';
import { openRewinder, type Rewinder } from '../services/rewinder.ts';
import type { SessionFeed } from '../services/sessionFeed.ts';
import { nodeDigest } from '../store/digest.ts';
import { openLogReader, type LogReader } from '../store/logReader.ts';
import type { Deck } from './deck.ts';
import { editorDocuments } from './openDocuments.ts';
import { requireRecorder } from './outcome.ts';
import type { Prompts } from './prompts.ts';
import { kindOf, type RewindKind } from './rewindKind.ts';
import { randomName } from './randomName.ts';

/** What is needed of the session that is rewound. */
export type RewoundSession = Pick<SessionFeed, 'session' | 'reader'>;

/**
 * The rewinder of the session that is looked at. An earlier session is rewound with all that came after it, whichever
 * session it was recorded in. What is done is written into the session that records now.
 */
export async function withRewinder<T>(deck: Deck, feed: RewoundSession, work: (rewinder: Rewinder) => Promise<T>): Promise<T> {
  const recorder = requireRecorder(deck);
  // What changed a moment ago must be in the log first, or it would be taken for a conflict.
  await recorder.flush();
  await recorder.reconcile('rewind');
  return openFor(deck, recorder, feed, work);
}

async function openFor<T>(deck: Deck, recorder: Recorder, feed: RewoundSession, work: (rewinder: Rewinder) => Promise<T>): Promise<T> {
  const disposables = new DisposableStore();
  try {
    const rewinder = openRewinder({
      layout: recorder.layout,
      folders: deck.folders,
      reader: feed.reader,
      laterReaders: await readersAfter(deck, feed, disposables),
      journal: recorder.journal,
      content: recorder.content,
      digest: nodeDigest,
      random: randomName,
      documents: editorDocuments,
      during: (restore) => recorder.during(restore),
    });
    return await work(rewinder);
  } finally {
    disposables.dispose();
  }
}

async function readersAfter(deck: Deck, feed: RewoundSession, disposables: DisposableStore): Promise<LogReader[]> {
  const layout = deck.layout;
  if (layout === undefined || deck.sessions === undefined) return [];
  const later = (await deck.sessions.list()).filter(({ id }) => id > feed.session).toReversed();
  const readers: LogReader[] = [];
  for (const { id } of later) readers.push(disposables.add(await openLogReader({ layout, session: id, digest: nodeDigest })));
  return readers;
}

/**
 * The newest rewind that is not undone, and its session: the one that is recorded or was last, or the one before, for a
 * night's pause ends a session, and the rewind that it ended with can be undone all the same.
 */
export async function findUndoable(
  deck: Deck,
  disposables: DisposableStore,
): Promise<{ readonly session: RewoundSession; readonly rewind: string; readonly kind: RewindKind } | undefined> {
  const { layout, sessions } = deck;
  if (layout === undefined || sessions === undefined) return undefined;
  const undone = new Set<string>();
  for (const { id } of (await sessions.list()).slice(0, 2)) {
    const reader = disposables.add(await openLogReader({ layout, session: id, digest: nodeDigest }));
    const applied: EventOf<'rewind.applied'>[] = [];
    for await (const batch of reader.batches({ filter: { kinds: ['rewind'] } })) {
      for (const event of batch) {
        if (event.kind === 'rewind.undone') undone.add(event.rewind);
        else if (event.kind === 'rewind.applied') applied.push(event);
      }
    }
    const rewind = applied.findLast((candidate) => !undone.has(candidate.id));
    if (rewind !== undefined) return { session: { session: id, reader }, rewind: rewind.id, kind: kindOf(rewind) };
  }
  return undefined;
}

/**
 * Ends rewinds that died in the middle, forward or back, before anything else is done in this window, and says which.
 * Costs one look into a folder when there is none.
 */
export async function recoverRewinds(deck: Deck, prompts: Prompts): Promise<void> {
  const { recorder, feed } = deck;
  if (recorder === undefined || feed === undefined || !(await hasJournals(recorder.layout.rewinds))) return;
  const { t } = vscode.l10n;
  await recorder.during(() =>
    openFor(deck, recorder, feed, async (rewinder) => {
      for (const { outcome, left } of await rewinder.recover()) {
        if (outcome === 'rolled-back') void prompts.inform(t('A rewind was interrupted. All its files are as they were before it.'));
        else if (outcome === 'rolled-forward') void prompts.inform(t('A rewind was interrupted after its last file. It is complete now.'));
        else if (outcome === 'left')
          void prompts.warn(
            t('A rewind was interrupted, and these files could not be put right yet: {0}', left.map(({ path }) => path).join(', ')),
          );
      }
    }),
  );
}

async function hasJournals(folder: string): Promise<boolean> {
  try {
    return (await readdir(folder)).some((name) => name.endsWith('.json'));
  } catch {
    return false;
  }
}
