import type { Writable } from 'node:stream';
import type { Worker } from 'node:worker_threads';
import type { Command } from 'commander';
import type { Author } from '../model/author.ts';
import type { Environment } from './caller.ts';
import type { Output } from './output.ts';
import type { Workspace } from './workspace.ts';

/** What a process hands to the command line. */
export interface CliProcess {
  readonly cwd: string;
  readonly environment: Environment;
  readonly stdout: Writable;
  readonly stderr: Writable;
  readonly stdin: NodeJS.ReadableStream;
  /** A person sits at the terminal and can be asked. */
  readonly isInteractive: boolean;
  /** Resolves when the process is asked to end (SIGINT, SIGTERM). */
  readonly whenStopped: () => Promise<void>;
  /** Starts a thread that scans segments of logs (`store/scanCrew.ts`). */
  readonly startScanThread: () => Worker;
}

/** What a command has at hand while it runs. */
export interface CommandRun {
  readonly process: CliProcess;
  readonly output: Output;
  /** The user, or the agent in whose shell we run. */
  readonly caller: Author;
  /** What `--dir` named, else the workspace around the current folder. Throws CliError. */
  workspace(directory?: string): Promise<Workspace>;
}

/** Ends with the exit code, 0 when it gives none. Throws CliError for what the user must be told. */
export type CommandWork<Given extends readonly unknown[]> = (run: CommandRun, ...given: Given) => Promise<0 | 1 | void>;

/** One line of the command table: names the command, its arguments and options, and its work. */
export type CommandEntry = (
  program: Command,
  act: <Given extends readonly unknown[]>(work: CommandWork<Given>) => (...given: Given) => Promise<void>,
) => void;

/** The fields by which an entry says who wrote it. */
export function authorFields(caller: Author): { by: Author; run?: string } {
  return { by: caller, ...(caller.run === undefined ? {} : { run: caller.run }) };
}
