import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** A program of this folder, bundled as what ships is, to be run as a process of its own. */
export interface BundledProgram {
  /** Where it lies: a folder of its own, removed with it. */
  readonly folder: string;
  run(...args: readonly string[]): ChildProcess;
  /** Runs it until it ends or is killed. */
  finish(options: ProgramRun): Promise<ProgramEnd>;
  close(): Promise<void>;
}

export interface ProgramRun {
  readonly args: readonly (string | number)[];
  /** Beside this process's own. */
  readonly env?: NodeJS.ProcessEnv;
  /** Called when the first line has come: before it there is nothing to lose. `told` gives the lines that have come by then. */
  readonly onFirstLine?: (kill: () => void, told: () => readonly string[]) => void;
  /** Killed after so long, whatever it does. Two minutes by default. */
  readonly limitMs?: number;
}

export interface ProgramEnd {
  /** The whole lines of its standard output; of one that was killed in the middle of a line, not that one. */
  readonly lines: readonly string[];
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly errors: string;
}

export async function bundleProgram(name: string): Promise<BundledProgram> {
  const folder = await mkdtemp(join(tmpdir(), 'tapedeck-program-'));
  const outfile = join(folder, 'program.mjs');
  await build({
    entryPoints: [fileURLToPath(new URL(name, import.meta.url))],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'error',
  });
  return {
    folder,
    run: (...args) => spawn(process.execPath, [outfile, ...args], { stdio: ['pipe', 'pipe', 'inherit'] }),
    async finish({ args, env = {}, onFirstLine, limitMs = 120_000 }) {
      const child = spawn(process.execPath, [outfile, ...args.map(String)], {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { ...process.env, ...env },
      });
      const limit = setTimeout(() => child.kill('SIGKILL'), limitMs);
      let output = '';
      let errors = '';
      const told = (): string[] =>
        output
          .slice(0, output.lastIndexOf('\n') + 1)
          .split('\n')
          .slice(0, -1);
      child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        const isFirst = output === '';
        output += text;
        if (isFirst) onFirstLine?.(() => child.kill('SIGKILL'), told);
      });
      const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
        child.on('error', reject);
        child.on('close', (...end) => resolve(end));
      });
      clearTimeout(limit);
      return { lines: told(), code, signal, errors };
    },
    close: () => rm(folder, { recursive: true, force: true, maxRetries: 5 }),
  };
}

/** Runs `count` rounds, two at a time: no machine that is served has fewer cores. */
export async function inPairs(count: number, round: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < count) await round(next++);
  };
  await Promise.all([work(), work()]);
}
