import * as vscode from 'vscode';
import { DisposableStore, type Disposable } from '../base/disposable.ts';
import { agentOfCommand } from '../core/commandLine.ts';
import { transcriptAdapters } from '../core/transcripts/table.ts';
import type { TerminalCommand } from '../services/commandLog.ts';
import type { Recorder } from '../services/recorder.ts';

type Sink = Pick<Recorder, 'terminalCommandStarted' | 'terminalClosed'>;

interface Running {
  readonly command: TerminalCommand;
  readonly execution: vscode.TerminalShellExecution;
}

/**
 * Follows the commands of all integrated terminals through shell integration. Where a shell has none, nothing is heard
 * and nothing is guessed. Output is read as a bonus: for quick commands VS Code often has none to give.
 */
export class TerminalCommands implements Disposable {
  readonly #disposables = new DisposableStore();
  readonly #running = new Map<vscode.Terminal, Running>();
  readonly #names = new Map<vscode.Terminal, string>();
  #count = 0;
  readonly #sink: () => Sink | undefined;
  readonly #keepsOutput: () => boolean;

  /** `sink` is asked at each command, because recording may begin and end while terminals live. */
  constructor(sink: () => Sink | undefined, keepsOutput: () => boolean) {
    this.#sink = sink;
    this.#keepsOutput = keepsOutput;
    this.#disposables.add(vscode.window.onDidStartTerminalShellExecution((event) => this.#start(event)));
    this.#disposables.add(vscode.window.onDidEndTerminalShellExecution((event) => this.#end(event)));
    this.#disposables.add(vscode.window.onDidCloseTerminal((terminal) => this.#close(terminal)));
  }

  /** The terminal in which that agent runs, where there is one and no other. */
  terminalOf(agent: string): vscode.Terminal | undefined {
    const agents = new Map(transcriptAdapters.flatMap(({ id, commandNames }) => commandNames.map((name) => [name, id] as const)));
    const found = [...this.#running].filter(([, { execution }]) => agentOfCommand(execution.commandLine.value, agents) === agent);
    return found.length === 1 ? found[0]![0] : undefined;
  }

  #start({ terminal, execution }: vscode.TerminalShellExecutionStartEvent): void {
    const command = execution.commandLine.value.trim();
    const sink = this.#sink();
    if (command === '' || sink === undefined) return;
    const cwd = execution.cwd?.fsPath;
    const started = sink.terminalCommandStarted({ terminal: this.#nameOf(terminal), command, ...(cwd === undefined ? {} : { cwd }) });
    this.#running.set(terminal, { command: started, execution });
    if (this.#keepsOutput()) void readOutput(execution, started);
  }

  #end({ terminal, execution, exitCode }: vscode.TerminalShellExecutionEndEvent): void {
    const running = this.#running.get(terminal);
    if (running === undefined || running.execution !== execution) return;
    this.#running.delete(terminal);
    running.command.end(exitCode);
  }

  #close(terminal: vscode.Terminal): void {
    const name = this.#names.get(terminal);
    this.#names.delete(terminal);
    this.#running.delete(terminal);
    if (name !== undefined) this.#sink()?.terminalClosed(name);
  }

  /** Two terminals may carry the same title; the number tells them apart. */
  #nameOf(terminal: vscode.Terminal): string {
    let name = this.#names.get(terminal);
    if (name === undefined) {
      this.#count += 1;
      name = `${terminal.name} #${this.#count}`;
      this.#names.set(terminal, name);
    }
    return name;
  }

  dispose(): void {
    this.#disposables.dispose();
  }
}

async function readOutput(execution: vscode.TerminalShellExecution, command: TerminalCommand): Promise<void> {
  try {
    for await (const chunk of execution.read()) command.write(chunk);
  } catch {
    // The stream ends with its terminal; the command's end is told by its own event.
  }
}
