import { execFile } from 'node:child_process';
import { quietGitEnvironment, quietGitOptions } from './gitObjects.ts';

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
