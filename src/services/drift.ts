import { compareMarks } from '../core/eventOrder.ts';
import type { Drift, DriftedHead } from '../core/resumeDrift.ts';
import { isSameVersion } from '../model/fileVersion.ts';
import type { WorkspacePath } from '../model/workspacePath.ts';
import type { PresentFile } from '../core/rewindPlan.ts';
import type { FileState, SessionState } from '../model/sessionState.ts';
import { diskFileSystem } from '../store/diskFileSystem.ts';
import { openGitRepository } from '../store/gitRepository.ts';
import type { TapedeckLayout } from '../store/layout.ts';
import { restorePlatform, type FilePlace } from '../store/presentFile.ts';
import { listSessionIds } from '../store/sessionCard.ts';
import { readPresentFiles } from './presentFiles.ts';
import { placeOf } from './rewindFolders.ts';
import type { SessionFolder } from './sessions.ts';

export interface DriftOptions {
  readonly layout: TapedeckLayout;
  /** As they lie on this machine. */
  readonly folders: readonly SessionFolder[];
  /** The session as it was at the point that is asked about. */
  readonly before: SessionState;
  /** The same session as it is now, where it went on; else as `before`. */
  readonly now: SessionState;
}

/** So many files are compared, those that changed last. */
const filesCompared = 300;
const commitsTold = 200;

/**
 * What is no longer as it was at a point of a session: files on disk, HEAD and branch, checks, later work. Only reads. What
 * cannot be read is said in `unknown`; never rejects.
 */
export async function readDrift(options: DriftOptions): Promise<Drift> {
  const { before: then, now, layout } = options;
  const unknown: string[] = [];
  const [heads, files, sessions] = await Promise.all([
    readHeads(options, unknown),
    readFiles(options, unknown),
    laterSessions(layout, then),
  ]);
  const since = then.session.last;
  const isLater = (mark: { at: string; w: string; n: number } | undefined): boolean =>
    mark !== undefined && since !== undefined && compareMarks(mark, since) > 0;
  return {
    since: then.session.lastAt ?? '',
    ...heads,
    ...files,
    checks: [...now.commands.values()]
      .filter(({ check, last, lastExitCode }) => check !== undefined && isLater(last) && lastExitCode !== null)
      .map((command) => ({
        command: command.command,
        before: then.commands.get(command.command)?.lastExitCode ?? undefined,
        now: command.lastExitCode!,
      }))
      .filter(({ before, now: after }) => before !== after),
    settled: settledSince(then, now),
    sessions,
    prompts: now.prompts.count - then.prompts.count,
    unknown,
  };
}

async function readHeads({ before: then, folders }: DriftOptions, unknown: string[]): Promise<Pick<Drift, 'heads' | 'headsCompared'>> {
  const heads: DriftedHead[] = [];
  let headsCompared = 0;
  for (const [name, was] of then.heads) {
    const folder = name === '' ? folders[0] : folders.find((candidate, index) => index > 0 && candidate.name === name);
    if (folder === undefined) {
      unknown.push(`the folder ${name} is not open`);
      continue;
    }
    try {
      const repository = await openGitRepository(folder.path);
      if (repository === undefined) continue;
      const { commit, branch } = await repository.head();
      headsCompared += 1;
      if (commit === was.head && branch === was.branch) continue;
      const commits =
        commit === undefined || commit === was.head ? [] : await repository.commits(was.head, commit, commitsTold).catch(() => []);
      // A log whose baseline had no branch tells nothing of one.
      heads.push({ folder: name, from: was.head, to: commit, branchThen: was.branch, branchNow: branch, commits });
    } catch (error) {
      unknown.push(`git of ${folder.name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return { heads, headsCompared };
}

async function readFiles(
  { before: then, folders, layout }: DriftOptions,
  unknown: string[],
): Promise<Pick<Drift, 'files' | 'filesCompared'>> {
  const platform = restorePlatform();
  const wanted = [...then.files.values()]
    .filter((file) => file.last !== undefined && file.changes > 0 && canCompare(file))
    .sort((a, b) => compareMarks(b.last!, a.last!))
    .slice(0, filesCompared);
  const places = new Map<WorkspacePath, FilePlace>();
  for (const { path } of wanted) {
    const place = placeOf(path, folders, layout.root, platform);
    if (typeof place === 'object') places.set(path, place);
  }
  const missing = wanted.length - places.size;
  if (missing > 0) unknown.push(`${missing} files whose folder is not open`);
  const present = await readPresentFiles(places, diskFileSystem, platform).catch(() => undefined);
  if (present === undefined) {
    unknown.push('the files on disk');
    return { files: [], filesCompared: 0 };
  }
  const files: { path: string; change: 'changed' | 'deleted' | 'created' }[] = [];
  for (const file of wanted) {
    const found = present.get(file.path);
    if (found === undefined) continue;
    const change = changeOf(file, found);
    if (change !== undefined) files.push({ path: file.path, change });
  }
  return { files, filesCompared: places.size };
}

/** What is known of it by content; a file that was too large to be kept has no hash, and nobody can tell. */
const canCompare = ({ exists, latest }: FileState): boolean => !exists || latest?.hash !== undefined;

function changeOf({ exists, latest }: FileState, found: PresentFile): 'changed' | 'deleted' | 'created' | undefined {
  if (found.state === 'absent') return exists ? 'deleted' : undefined;
  if (!exists) return 'created';
  return found.state === 'file' && isSameVersion(found.version, latest) ? undefined : 'changed';
}

/** Decisions that were judged and blockers that were cleared or raised later. */
function settledSince(then: SessionState, now: SessionState): string[] {
  const words: string[] = [];
  for (const decision of now.decisions.values()) {
    const before = then.decisions.get(decision.id);
    if (before === undefined && decision.status === 'confirmed') words.push(`Decided since: ${decision.what}`);
    else if (before !== undefined && before.status !== decision.status)
      words.push(`A decision is ${decision.status} now: ${decision.what}`);
  }
  for (const blocker of now.blockers.values()) {
    const before = then.blockers.get(blocker.id);
    if (blocker.isInferred) continue;
    if (before?.isOpen === true && !blocker.isOpen) words.push(`A blocker was cleared: ${blocker.what}`);
    if (before === undefined && blocker.isOpen) words.push(`A blocker was raised: ${blocker.what}`);
  }
  return words;
}

/** Ids begin with the time at which a session began. */
async function laterSessions(layout: TapedeckLayout, then: SessionState): Promise<number> {
  const { id } = then.session;
  const last = then.session.lastAt;
  if (id === undefined || last === undefined) return 0;
  const ids = await listSessionIds(layout).catch(() => []);
  return ids.filter((other) => other > id).length;
}
