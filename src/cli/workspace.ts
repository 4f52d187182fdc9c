import { randomBytes } from 'node:crypto';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { systemClock } from '../base/clock.ts';
import type { SessionId } from '../model/ids.ts';
import { joinWorkspacePath, type WorkspacePath } from '../model/workspacePath.ts';
import { defaultRecorderSettings } from '../services/recorderSettings.ts';
import { createSessions, type SessionFolder, type Sessions } from '../services/sessions.ts';
import { nodeDigest } from '../store/digest.ts';
import { tapedeckLayout, type TapedeckLayout } from '../store/layout.ts';
import { openLogReader, type LogReader } from '../store/logReader.ts';
import { checkRoot } from '../store/rootCheck.ts';
import { listSessionIds, type StoredCard } from '../store/sessionCard.ts';
import { CliError, usageError } from './cliError.ts';

/** The folder that a command is about, and what Tapedeck holds of it. Opening one touches nothing. */
export interface Workspace {
  /** Absolute. */
  readonly folder: string;
  readonly layout: TapedeckLayout;
  readonly sessions: Sessions;
}

/** The log's folder in the workspace. */
export const logFolderName = '.tapedeck';

/**
 * The workspace in `directory`, or without one the nearest folder above `cwd` that has a log, else `cwd` itself.
 * Throws CliError when there is no such folder, and RootError when what lies there as its log is none.
 */
export async function openWorkspace(directory: string | undefined, cwd: string): Promise<Workspace> {
  const folder = directory === undefined ? ((await findLogAbove(cwd)) ?? cwd) : path.resolve(cwd, directory);
  const stats = await stat(folder).catch((error: unknown) => {
    const { code } = error as NodeJS.ErrnoException;
    throw new CliError(
      2,
      'no-folder',
      code === 'ENOENT' ? `There is no folder ${folder}` : `${folder} cannot be opened (${code ?? String(error)})`,
    );
  });
  if (!stats.isDirectory()) throw new CliError(2, 'no-folder', `${folder} is not a folder`);
  const layout = tapedeckLayout(path.join(folder, logFolderName));
  await checkRoot(layout, folder);
  const sessions = createSessions({
    layout,
    clock: systemClock,
    digest: nodeDigest,
    folders: [firstFolder(folder)],
    app: 'cli',
    idleHours: defaultRecorderSettings.idleHours,
    random: randomName,
    storesCards: true,
  });
  return { folder, layout, sessions };
}

export function firstFolder(folder: string): SessionFolder {
  return { name: path.basename(folder) || 'workspace', path: folder };
}

export function randomName(length: number): string {
  return Array.from(randomBytes(length), (byte) => (byte % 36).toString(36)).join('');
}

async function findLogAbove(from: string): Promise<string | undefined> {
  for (let folder = from; ; folder = path.dirname(folder)) {
    const isThere = await stat(path.join(folder, logFolderName, 'sessions')).then(
      (stats) => stats.isDirectory(),
      () => false,
    );
    if (isThere) return folder;
    if (path.dirname(folder) === folder) return undefined;
  }
}

/** The session that was named by its id or the beginning of it; without a name the one that is open, else the newest. */
export async function chooseSession(workspace: Workspace, name: string | undefined): Promise<SessionId> {
  const ids = await listSessionIds(workspace.layout);
  if (name !== undefined) {
    const found = ids.filter((id) => id.startsWith(name));
    if (found.length === 1 || found[0] === name) return found[0]!;
    if (found.length === 0) throw new CliError(1, 'no-session', `There is no session ${name} in ${workspace.folder}`);
    throw new CliError(1, 'no-session', `Several sessions begin with ${name}: ${found.slice(0, 5).join(', ')}`);
  }
  const card = (await workspace.sessions.current()) ?? (await workspace.sessions.list())[0];
  if (card === undefined) throw new CliError(1, 'no-session', `Nothing has been recorded in ${workspace.folder}`);
  return card.id;
}

export async function withReader<T>(workspace: Workspace, session: SessionId, work: (reader: LogReader) => Promise<T>): Promise<T> {
  const reader = await openLogReader({ layout: workspace.layout, session, digest: nodeDigest });
  try {
    return await work(reader);
  } finally {
    reader.dispose();
  }
}

/** The folders of a session as they lie on this machine: the first one is where the log is, the others where they were. */
export function foldersOf(workspace: Workspace, card: StoredCard | undefined): SessionFolder[] {
  return [{ ...firstFolder(workspace.folder), ...(card?.folders[0] && { name: card.folders[0].name }) }, ...(card?.folders.slice(1) ?? [])];
}

/** The log's name of a file that the user named, relative to `cwd` or absolute. Throws CliError when it lies outside. */
export function toWorkspacePath(folders: readonly SessionFolder[], cwd: string, name: string): WorkspacePath {
  if (name.startsWith('//')) return name;
  const absolute = path.resolve(cwd, name);
  for (const [index, folder] of folders.entries()) {
    const relative = path.relative(folder.path, absolute);
    if (relative === '' || relative.startsWith('..') || path.isAbsolute(relative)) continue;
    return joinWorkspacePath(index === 0 ? undefined : folder.name, relative.split(path.sep).join('/'));
  }
  throw usageError(`${name} is not a file of ${folders[0]?.path ?? 'the workspace'}`);
}
