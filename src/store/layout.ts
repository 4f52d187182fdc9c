import { unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isSessionId, type SessionId, type WriterId } from '../model/ids.ts';
import { makeFolders } from './makeFolders.ts';

/** Where everything lies under one `.tapedeck` folder. Paths only; nothing is touched. */
export interface TapedeckLayout {
  readonly root: string;
  /** Holds `*`: never committed by accident, and passed by where agents search. */
  readonly gitignore: string;
  /** Which project this is. */
  readonly project: string;
  readonly sessions: string;
  /** Packs, named by `packName`. */
  readonly blobs: string;
  /** Large contents, one file each: `loose/ab/<hash>`. */
  readonly looseBlobs: string;
  /** Journals of rewinds: `<id>.json`. */
  readonly rewinds: string;
  /** Who records now: `<writer>.json`. */
  readonly recorders: string;
  /** Who makes sessions of the past now, and who waits to: see `takeTurn`. */
  readonly imports: string;
  /** May be deleted at any time. */
  readonly cache: string;
  readonly reports: string;
  /** Throws when the id is none, so that no path leaves the folder. */
  session(id: SessionId): SessionLayout;
}

export interface SessionLayout {
  readonly id: SessionId;
  readonly folder: string;
  /** The truth: one writer's segments each. */
  readonly events: string;
  /** The rebuildable card. */
  readonly card: string;
  /** Tokens of short-lived writers that ended well: whoever unlinks one goes on as that writer. */
  readonly free: string;
  /** What was cut off or put aside. Never deleted by us. */
  readonly damaged: string;
  readonly cache: string;
  segment(writer: WriterId, number: number): string;
}

export function tapedeckLayout(root: string): TapedeckLayout {
  const sessions = join(root, 'sessions');
  return {
    root,
    gitignore: join(root, '.gitignore'),
    project: join(root, 'project.json'),
    sessions,
    blobs: join(root, 'blobs'),
    looseBlobs: join(root, 'blobs', 'loose'),
    rewinds: join(root, 'rewinds'),
    recorders: join(root, 'recorders'),
    imports: join(root, 'imports'),
    cache: join(root, 'cache'),
    reports: join(root, 'reports'),
    session(id) {
      if (!isSessionId(id)) throw new Error(`Not a session id: ${id}`);
      const folder = join(sessions, id);
      const events = join(folder, 'events');
      return {
        id,
        folder,
        events,
        card: join(folder, 'session.json'),
        free: join(folder, 'free'),
        damaged: join(folder, 'damaged'),
        cache: join(folder, 'cache'),
        segment: (writer, number) => join(events, segmentName(writer, number)),
      };
    },
  };
}

export interface SegmentName {
  readonly writer: WriterId;
  /** 1, 2, 3 … */
  readonly number: number;
}

export function segmentName(writer: WriterId, number: number): string {
  return `${writer}-${String(number).padStart(4, '0')}.jsonl`;
}

/** What a file's name says, or undefined when it is no segment (a sync program's conflict copy, say). */
export function parseSegmentName(name: string): SegmentName | undefined {
  const match = /^([a-z0-9]{4,32})-(\d{4,9})\.jsonl$/.exec(name);
  return match ? { writer: match[1]!, number: Number(match[2]) } : undefined;
}

/** Creates the root with its `.gitignore`. An existing one is left as it is. */
export async function prepareRoot(layout: TapedeckLayout): Promise<void> {
  await makeFolders(layout.root);
  try {
    await writeFile(layout.gitignore, '*\n', { flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return;
    // On a full disk the file is there with nothing in it, and would be taken for the user's own.
    await unlink(layout.gitignore).catch(() => {});
    throw error;
  }
}
