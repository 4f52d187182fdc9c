import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

/** What a run of the command line gave. */
export interface CliResult {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
  /** Of `out`, one document. */
  json(): unknown;
  /** Of `out`, one document a line. */
  lines(): unknown[];
}

/** A workspace of its own and the bundled command line, run as a process. */
export interface CliRoom {
  readonly folder: string;
  run(words: readonly string[], options?: RunOptions): Promise<CliResult>;
  /** Starts a command that goes on until it is stopped. */
  start(words: readonly string[], options?: RunOptions): RunningCommand;
  /** Starts `record` and resolves when it says that it records. */
  record(words?: readonly string[]): Promise<RunningRecorder>;
  write(path: string, content: string): Promise<void>;
  /** Path, type and content of everything in the workspace but the log. */
  tree(): Promise<Record<string, string>>;
  close(): Promise<void>;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly node?: string;
  readonly input?: string;
}

export interface RunningCommand {
  readonly out: () => string;
  stop(signal: NodeJS.Signals): Promise<number | null>;
}

export interface RunningRecorder {
  readonly process: ChildProcess;
  readonly err: () => string;
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

/** Bundles the command line as it ships. Resolves with the bundle's path. */
export async function bundleCli(): Promise<{ readonly path: string; remove(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'tapedeck-cli-'));
  const path = join(folder, 'dist', 'cli.js');
  await promisify(execFile)(process.execPath, ['esbuild.mjs', '--cli', dirname(path)]);
  await writeFile(join(folder, 'package.json'), await readFile('package.json'));
  return { path, remove: () => rm(folder, { recursive: true, force: true }) };
}

export async function openCliRoom(bundle: string): Promise<CliRoom> {
  const folder = await mkdtemp(join(tmpdir(), 'tapedeck-room-'));
  const home = await mkdtemp(join(tmpdir(), 'tapedeck-home-'));
  const running = new Set<ChildProcess>();

  const start = (words: readonly string[], { cwd = folder, environment = {}, node = process.execPath }: RunOptions = {}) => {
    // Nothing of the machine's own agents or of the shell that runs the tests.
    const child = spawn(node, [bundle, ...words], {
      cwd,
      env: { PATH: process.env['PATH'], HOME: home, USERPROFILE: home, ...environment },
      stdio: 'pipe',
    });
    running.add(child);
    let out = '';
    let err = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
    const ended = new Promise<number | null>((resolve) => {
      child.once('close', (code) => {
        running.delete(child);
        resolve(code);
      });
    });
    return { child, ended, out: () => out, err: () => err };
  };

  return {
    folder,
    async run(words, options) {
      const { child, ended, out, err } = start(words, options);
      child.stdin.end(options?.input ?? '');
      const code = await ended;
      return {
        code,
        out: out(),
        err: err(),
        json: () => JSON.parse(out()) as unknown,
        lines: () =>
          out()
            .split('\n')
            .filter((line) => line !== '')
            .map((line) => JSON.parse(line) as unknown),
      };
    },
    start(words, options) {
      const { child, ended, out } = start(words, options);
      return {
        out,
        stop(signal) {
          child.kill(signal);
          return ended;
        },
      };
    },
    async record(words = []) {
      const { child, ended, err } = start(['record', '--no-agents', ...words]);
      await waitFor(() => /(?:recording|viewing) 2/.test(err()), err);
      return {
        process: child,
        err,
        async stop(signal = 'SIGINT') {
          child.kill(signal);
          return ended;
        },
      };
    },
    async write(path, content) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), content);
    },
    async tree() {
      const found: Record<string, string> = {};
      for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
        const path = join(entry.parentPath, entry.name);
        const relative = path.slice(folder.length + 1).replaceAll('\\', '/');
        if (relative.startsWith('.tapedeck') || relative.startsWith('.git/') || entry.isDirectory()) continue;
        found[relative] = entry.isSymbolicLink()
          ? `-> ${await readlink(path)}`
          : createHash('sha256')
              .update(await readFile(path))
              .digest('hex');
      }
      return Object.fromEntries(Object.entries(found).sort(([a], [b]) => (a < b ? -1 : 1)));
    },
    async close() {
      for (const child of running) child.kill('SIGKILL');
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
      await rm(home, { recursive: true, force: true });
    },
  };
}

/** Polls until it holds; after 20 seconds it fails with what `tell` says. */
export async function waitFor(holds: () => boolean | Promise<boolean>, tell: () => string = () => ''): Promise<void> {
  for (const until = Date.now() + 20_000; Date.now() < until;) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`It did not come: ${tell()}`);
}
