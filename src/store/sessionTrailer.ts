import { execFile } from 'node:child_process';
import { chmod, mkdir, readFile, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { quietGitEnvironment } from './gitObjects.ts';
import { replaceFile } from './replaceFile.ts';

/**
 * The trailer `Tapedeck-Session: <id>` in the messages of commits, for who asked for it.
 * - Only a hook of our own is ever written or removed: where there is another one, or the hooks lie outside of git's own
 *   folder (`core.hooksPath`, a manager of hooks, a folder that is itself under version control), nothing is touched and
 *   the reason is told. A hook of somebody else's that we had to call, move and put back is one that we could lose.
 * - The hook is a few lines of sh that git itself runs. It needs nothing of ours, never fails a commit, and says nothing
 *   while there is no session: the session's id stands in a file of git's folder, which is there only while one is recorded.
 */
export type TrailerRefusal = 'other-hook' | 'hooks-elsewhere' | 'no-hooks';

const hookName = 'prepare-commit-msg';
const sessionFile = 'tapedeck-session';
const hook = `#!/bin/sh
# Written by Tapedeck, for the setting tapedeck.git.sessionTrailer; it goes when that is turned off.
file=$(git rev-parse --git-path ${sessionFile}) && [ -s "$file" ] &&
  git interpret-trailers --in-place --if-exists addIfDifferent --trailer "Tapedeck-Session: $(cat "$file")" "$1"
exit 0
`;

/** Puts the hook in place. Rejects with the system's error. */
export async function installTrailerHook(folder: string): Promise<TrailerRefusal | undefined> {
  const { hooks, own } = await hookPlaces(folder);
  if (hooks === undefined) return 'no-hooks';
  if (hooks !== own) return 'hooks-elsewhere';
  const path = join(hooks, hookName);
  const present = await readIfThere(path);
  if (present === hook) return undefined;
  if (present !== undefined && !isOurs(present)) return 'other-hook';
  await mkdir(hooks, { recursive: true });
  await replaceFile(path, hook);
  await chmod(path, 0o755);
  return undefined;
}

/** Takes the hook away if it is ours, and with it the session's name. */
export async function removeTrailerHook(folder: string): Promise<void> {
  const { hooks } = await hookPlaces(folder);
  const path = hooks === undefined ? undefined : join(hooks, hookName);
  if (path !== undefined && isOurs((await readIfThere(path)) ?? '')) await rm(path, { force: true });
  await nameTrailerSession(folder, undefined);
}

/** The session whose id commits get from now on; undefined: none. */
export async function nameTrailerSession(folder: string, session: string | undefined): Promise<void> {
  const path = await gitPath(folder, sessionFile);
  if (path === undefined) return;
  if (session === undefined) await rm(path, { force: true });
  else await replaceFile(path, `${session}\n`);
}

/** For a hook of the user's own: adds the trailer to the message in that file. */
export async function addTrailer(folder: string, messageFile: string, session: string): Promise<void> {
  const trailer = `Tapedeck-Session: ${session}`;
  await askGit(folder, [
    'interpret-trailers',
    '--in-place',
    '--if-exists',
    'addIfDifferent',
    '--trailer',
    trailer,
    resolve(folder, messageFile),
  ]);
}

const isOurs = (text: string): boolean => text.includes('# Written by Tapedeck, for the setting tapedeck.git.sessionTrailer');

async function hookPlaces(folder: string): Promise<{ readonly hooks: string | undefined; readonly own: string }> {
  const common = await askGit(folder, ['rev-parse', '--git-common-dir']);
  return { hooks: await gitPath(folder, 'hooks'), own: resolve(folder, common, 'hooks') };
}

/** With the user's own `core.hooksPath`, which all other questions to git leave out. Rejects with the system's error. */
async function askGit(folder: string, words: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)('git', ['-c', 'core.fsmonitor=false', ...words], {
    cwd: folder,
    env: quietGitEnvironment(),
    windowsHide: true,
    timeout: 20_000,
  });
  return stdout.trim();
}

async function gitPath(folder: string, name: string): Promise<string | undefined> {
  const told = await askGit(folder, ['rev-parse', '--git-path', name]);
  return told === '' ? undefined : resolve(folder, told);
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
