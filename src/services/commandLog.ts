import type { Clock, UnixMs } from '../base/clock.ts';
import type { Disposable } from '../base/disposable.ts';
import { classifyCommand } from '../core/checkCommand.ts';
import { agentOfCommand } from '../core/commandLine.ts';
import { countTests } from '../core/testCount.ts';
import type { Author } from '../model/author.ts';
import type { Digest } from '../model/digest.ts';
import type { EventOf, TapedeckEvent } from '../model/event.ts';
import { eventId } from '../model/ids.ts';
import { CommandOutput } from './commandOutput.ts';
import type { Journal } from './journal.ts';

export interface CommandLogOptions {
  readonly journal: Journal;
  readonly clock: Clock;
  readonly digest: Digest;
  /** Programs that are agents, to the agent's short name. */
  readonly agents: ReadonlyMap<string, string>;
  readonly keepsOutput: boolean;
  /** A command has ended: what it changed can be looked for. */
  readonly onEnded: () => void;
  readonly onFailure: (error: unknown) => void;
}

/** A command that runs in a terminal. Who starts one ends it once; later calls do nothing. */
export interface TerminalCommand {
  /** Raw output as it comes; a bounded part is kept, a full-screen program's is discarded. */
  write(data: string): void;
  /** `exitCode` undefined: the terminal did not tell. */
  end(exitCode: number | undefined): void;
}

interface Running {
  readonly end: (exitCode: number | undefined, outcome?: EventOf<'command.ended'>['outcome']) => void;
}

/** A shell's exit code for Ctrl+C: on POSIX, and on Windows (STATUS_CONTROL_C_EXIT, unsigned and signed). */
const interruptedCodes = new Set([130, 3221225786, -1073741510]);

/**
 * Terminal commands from start to end. A command whose end is never told (a sub-shell, a terminal that was closed, a shell
 * that lost its integration) ends as closed with the next one of its terminal, or with the terminal. A line that starts an
 * agent is the agent's, by overlap: a person typed it, the agent acts in it.
 */
export class CommandLog implements Disposable {
  readonly #options: CommandLogOptions;
  readonly #running = new Map<string, Running>();
  readonly #writing = new Set<Promise<unknown>>();

  constructor(options: CommandLogOptions) {
    this.#options = options;
  }

  start({ terminal, command, cwd }: { readonly terminal: string; readonly command: string; readonly cwd?: string }): TerminalCommand {
    this.#running.get(terminal)?.end(undefined, 'closed');
    const { journal, clock, digest } = this.#options;
    const startedAt: UnixMs = clock.now();
    const agent = agentOfCommand(command, this.#options.agents);
    const by: Author = agent === undefined ? { actor: 'user', how: 'terminal' } : { actor: 'agent', name: agent, how: 'overlap' };
    const place = { command, ...(cwd === undefined ? {} : { cwd }), terminal };
    const output = new CommandOutput();
    const started = this.#write(journal.record({ kind: 'command.started', by, ...place }));
    let isRunning = true;
    const running: Running = {
      end: (exitCode, outcome) => {
        if (!isRunning) return;
        isRunning = false;
        if (this.#running.get(terminal) === running) this.#running.delete(terminal);
        const endedAt = clock.now();
        const ended = started.then((start) => {
          const kept = this.#options.keepsOutput ? output.finish(digest) : undefined;
          const how = outcome ?? (exitCode !== undefined && interruptedCodes.has(exitCode) ? 'interrupted' : undefined);
          return journal.record({
            kind: 'command.ended',
            by,
            ...place,
            ...(start === undefined ? {} : { started: eventId(start) }),
            exitCode: exitCode ?? null,
            durationMs: endedAt - startedAt,
            ...(kept === undefined ? {} : { output: kept }),
            ...(how === undefined ? {} : { outcome: how }),
          });
        });
        void this.#write(ended).then(() => this.#options.onEnded());
      },
    };
    this.#running.set(terminal, running);
    return {
      write: (data) => {
        if (isRunning && this.#options.keepsOutput) output.write(data);
      },
      end: (exitCode) => running.end(exitCode),
    };
  }

  terminalClosed(terminal: string): void {
    this.#running.get(terminal)?.end(undefined, 'closed');
  }

  /** Every running command's end is not going to be heard here any more. */
  closeAll(): void {
    for (const running of [...this.#running.values()]) running.end(undefined, 'closed');
  }

  /** Derives a test's result from a command that has ended, an agent's as well as a person's. */
  async noteEnded(event: TapedeckEvent): Promise<void> {
    if (event.kind !== 'command.ended' || event.exitCode === null || event.outcome !== undefined) return;
    if (classifyCommand(event.command) !== 'test') return;
    await this.#write(
      this.#options.journal.record({
        kind: 'tests.finished',
        by: event.by,
        ...(event.run === undefined ? {} : { run: event.run }),
        ...(event.turn === undefined ? {} : { turn: event.turn }),
        command: event.command,
        ok: event.exitCode === 0,
        ...(event.output === undefined ? {} : countTests(event.output.tail ?? event.output.head)),
        ...(event.started === undefined ? {} : { started: event.started }),
      }),
    );
  }

  async idle(): Promise<void> {
    while (this.#writing.size > 0) await Promise.all(this.#writing);
  }

  dispose(): void {
    this.closeAll();
  }

  #write<T>(writing: Promise<T>): Promise<T | undefined> {
    const safe = writing.catch((error: unknown) => {
      this.#options.onFailure(error);
      return undefined;
    });
    this.#writing.add(safe);
    void safe.finally(() => this.#writing.delete(safe));
    return safe;
  }
}
