import { execFile, spawn } from 'node:child_process';
import { quietGitEnvironment, quietGitOptions } from './gitObjects.ts';
import { TimeSlice } from './timeSlice.ts';

/** Git could not be run, or said no. `reason` `no-git`: there is no such program. */
export class GitError extends Error {
  readonly reason: 'no-git' | 'failed' | 'timeout';
  readonly exitCode: number | undefined;

  constructor(reason: 'no-git' | 'failed' | 'timeout', message: string, exitCode?: number) {
    super(message);
    this.name = 'GitError';
    this.reason = reason;
    this.exitCode = exitCode;
  }
}

/** Runs a reading git command, in an environment in which it takes no lock and so never writes the user's index, and gives its output. Rejects with a GitError. */
export function runGit(folder: string, args: readonly string[], timeoutMs = 60_000): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    execFile(
      'git',
      [...quietGitOptions, '-c', 'core.untrackedCache=false', ...args],
      { cwd: folder, env: quietGitEnvironment(), encoding: 'buffer', maxBuffer: 512 * 1024 * 1024, windowsHide: true, timeout: timeoutMs },
      (error, stdout, stderr) => {
        if (error === null) {
          resolve(stdout);
          return;
        }
        const code = (error as NodeJS.ErrnoException).code as string | number | undefined;
        if (code === 'ENOENT') reject(new GitError('no-git', 'There is no git program.'));
        else if (error.killed === true) reject(new GitError('timeout', `git ${args[0]} took longer than ${timeoutMs} ms.`));
        else
          reject(
            new GitError(
              'failed',
              stderr.toString('utf8').trim().split('\n')[0] ?? `git ${args[0]} failed.`,
              typeof code === 'number' ? code : undefined,
            ),
          );
      },
    );
  });
}

/**
 * Runs a reading git command and hands over each of its NUL-ended records as it comes, without ever having the whole. The
 * record's bytes are valid during the call. Rejects with a GitError; what was handed over before is then not all there is.
 */
export async function eachGitRecord(
  folder: string,
  args: readonly string[],
  take: (bytes: Buffer, start: number, end: number) => void,
  { timeoutMs = 60_000, input }: { readonly timeoutMs?: number; readonly input?: Uint8Array } = {},
): Promise<void> {
  const child = spawn('git', [...quietGitOptions, '-c', 'core.untrackedCache=false', ...args], {
    cwd: folder,
    env: quietGitEnvironment(),
    stdio: ['pipe', 'pipe', 'pipe'],
    windowsHide: true,
  });
  // A program that ended without reading it says why by its exit code.
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  let isLate = false;
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    if (complaint.length < 4096) complaint += text;
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on('error', (error: NodeJS.ErrnoException) =>
      reject(error.code === 'ENOENT' ? new GitError('no-git', 'There is no git program.') : new GitError('failed', error.message)),
    );
    child.on('close', resolve);
  });
  // Awaited below; a failure to start must not be an unhandled one until then.
  ended.catch(() => {});
  const timer = setTimeout(() => {
    isLate = true;
    child.kill();
  }, timeoutMs);
  try {
    const slice = new TimeSlice();
    let rest: Buffer | undefined;
    for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
      const bytes: Buffer = rest === undefined ? chunk : Buffer.concat([rest, chunk]);
      let start = 0;
      for (let end = bytes.indexOf(0, start); end >= 0; end = bytes.indexOf(0, start)) {
        take(bytes, start, end);
        start = end + 1;
      }
      rest = start < bytes.length ? bytes.subarray(start) : undefined;
      if (slice.isSpent) await slice.pause();
    }
    const code = await ended;
    if (isLate) throw new GitError('timeout', `git ${args[0]} took longer than ${timeoutMs} ms.`);
    if (code !== 0) throw new GitError('failed', complaint.trim().split('\n')[0] || `git ${args[0]} failed.`, code ?? undefined);
  } finally {
    clearTimeout(timer);
    // Only where it was left early: a consumer that threw.
    if (child.exitCode === null && child.signalCode === null) child.kill();
  }
}
