import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import type { Disposable } from '../base/disposable.ts';
import type { WorkspacePath } from '../model/workspacePath.ts';
import { BatchReader, FilteredReader, type AnswerReader } from './gitAnswers.ts';

/**
 * Reads git's own objects through one long-lived `git cat-file --batch`. Nothing is ever written to the repository: no
 * lock, no index refresh, no fetch. `readBlob` executes nothing that the repository's config names; `readCheckedOut` does
 * run its filters, as a checkout would, and is for trusted workspaces only.
 */
export interface GitObjects extends Disposable {
  /** The blob's bytes, or undefined when it is not there, is no blob, is larger than `maxBytes`, or git cannot be run. */
  readBlob(oid: string, maxBytes?: number): Promise<Uint8Array | undefined>;
  /** The bytes that a checkout would have written at `path` (relative to the repository): line ends converted, filters run. */
  readCheckedOut(oid: string, path: WorkspacePath, maxBytes?: number): Promise<Uint8Array | undefined>;
}

export interface GitObjectsOptions {
  /** The program; default `git` on PATH. */
  readonly git?: string;
  readonly environment?: NodeJS.ProcessEnv;
  /** An answer that takes longer ends the process; the next question starts a new one. */
  readonly timeoutMs?: number;
  /** The process ends when nothing was asked for so long. */
  readonly idleMs?: number;
}

const defaultMaxBytes = 64 * 1024 * 1024;

/** The environment for every git that we run: it asks nobody, locks nothing, fetches nothing, and no GIT_DIR of ours leads it elsewhere. */
export function quietGitEnvironment(environment: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  const quiet: NodeJS.ProcessEnv = {};
  for (const [name, value] of Object.entries(environment)) if (!/^GIT_/i.test(name)) quiet[name] = value;
  return {
    ...quiet,
    GIT_OPTIONAL_LOCKS: '0',
    GIT_TERMINAL_PROMPT: '0',
    GIT_ASKPASS: '',
    SSH_ASKPASS: '',
    GIT_PAGER: 'cat',
    GIT_NO_LAZY_FETCH: '1',
    // Keeps an older git, which does not know the line before, from reaching any remote.
    GIT_ALLOW_PROTOCOL: 'none',
    GIT_LFS_SKIP_SMUDGE: '1',
    LC_ALL: 'C',
  };
}

/** `-c` options for every git that we run: programs that a repository's config could name are not started. */
export const quietGitOptions: readonly string[] = ['-c', 'core.fsmonitor=false', '-c', 'core.hooksPath=', '-c', 'credential.helper='];

export function openGitObjects(folder: string, options: GitObjectsOptions = {}): GitObjects {
  const plain = new CatFile(folder, false, options);
  const filtered = new CatFile(folder, true, options);
  return {
    async readBlob(oid, maxBytes = defaultMaxBytes) {
      return isObjectId(oid) ? plain.ask(oid, maxBytes) : undefined;
    },
    async readCheckedOut(oid, path, maxBytes = defaultMaxBytes) {
      // A path with a line break cannot be asked for in this protocol; its plain blob is what most checkouts write.
      if (!isObjectId(oid)) return undefined;
      return /[\r\n\0]/.test(path) ? plain.ask(oid, maxBytes) : filtered.ask(`${oid} ${path}`, maxBytes);
    },
    dispose() {
      plain.dispose();
      filtered.dispose();
    },
  };
}

const isObjectId = (oid: string): boolean => /^[0-9a-f]{40}([0-9a-f]{24})?$/.test(oid);

interface Question {
  readonly line: string;
  readonly maxBytes: number;
  readonly answer: (bytes: Uint8Array | undefined) => void;
  tries: number;
}

/** One `git cat-file --batch`: questions are answered in their order; one that died in the middle is asked once more. */
class CatFile implements Disposable {
  readonly #folder: string;
  readonly #isFiltered: boolean;
  readonly #options: GitObjectsOptions;
  #process: ChildProcessWithoutNullStreams | undefined;
  #questions: Question[] = [];
  #reader: AnswerReader = new BatchReader();
  #endMark: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isDisposed = false;

  constructor(folder: string, isFiltered: boolean, options: GitObjectsOptions) {
    this.#folder = folder;
    this.#isFiltered = isFiltered;
    this.#options = options;
  }

  ask(line: string, maxBytes: number): Promise<Uint8Array | undefined> {
    if (this.#isDisposed) return Promise.resolve(undefined);
    return new Promise((answer) => {
      this.#send({ line, maxBytes, answer, tries: 0 });
    });
  }

  dispose(): void {
    this.#isDisposed = true;
    this.#stop();
    for (const question of this.#questions.splice(0)) question.answer(undefined);
  }

  #send(question: Question): void {
    this.#questions.push(question);
    question.tries += 1;
    const child = (this.#process ??= this.#start());
    child.stdin.write(this.#endMark === undefined ? `${question.line}\n` : `${question.line}\n${this.#endMark} end\n`);
    this.#watch();
  }

  #start(): ChildProcessWithoutNullStreams {
    const child = spawn(
      this.#options.git ?? 'git',
      [...quietGitOptions, 'cat-file', '--batch', ...(this.#isFiltered ? ['--filters'] : [])],
      {
        cwd: this.#folder,
        env: quietGitEnvironment(this.#options.environment),
        stdio: ['pipe', 'pipe', 'pipe'],
        windowsHide: true,
      },
    );
    // The size in the head line is the blob's, not that of what the filters made of it, so a name that nothing bears is
    // asked for after each question: the answer ends where git says that it is missing.
    this.#endMark = this.#isFiltered ? `tapedeck-${randomUUID()}` : undefined;
    const reader = (this.#reader = this.#endMark === undefined ? new BatchReader() : new FilteredReader(this.#endMark));
    const isCurrent = (): boolean => this.#process === child;
    child.stdout.on('data', (chunk: Buffer) => {
      if (!isCurrent()) return;
      reader.push(chunk);
      this.#takeAnswers();
    });
    // Read, so that the pipe never fills; what it says is of no use to a caller that gets "not there".
    child.stderr.resume();
    child.stdin.on('error', () => {});
    const onEnd = (): void => {
      if (!isCurrent()) return;
      this.#process = undefined;
      clearTimeout(this.#timer);
      const left = this.#questions.splice(0);
      for (const question of left) {
        if (question.tries < 2 && !this.#isDisposed) this.#send(question);
        else question.answer(undefined);
      }
    };
    child.on('error', onEnd);
    child.on('close', onEnd);
    // Does not keep the CLI alive.
    child.unref();
    for (const stream of [child.stdin, child.stdout, child.stderr]) (stream as unknown as { unref?: () => void }).unref?.();
    return child;
  }

  #takeAnswers(): void {
    for (;;) {
      const question = this.#questions[0];
      if (question === undefined) return this.#watch();
      const answer = this.#reader.take(question.maxBytes);
      if (answer === undefined) return;
      this.#questions.shift();
      question.answer(answer.bytes);
    }
  }

  #watch(): void {
    clearTimeout(this.#timer);
    const isIdle = this.#questions.length === 0;
    const waitMs = isIdle ? (this.#options.idleMs ?? 60_000) : (this.#options.timeoutMs ?? 15_000);
    this.#timer = setTimeout(() => (isIdle ? this.#stop() : this.#process?.kill()), waitMs);
    if (isIdle) this.#timer.unref();
  }

  #stop(): void {
    clearTimeout(this.#timer);
    const child = this.#process;
    this.#process = undefined;
    child?.stdin.end();
    child?.kill();
  }
}
