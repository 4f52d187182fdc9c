import { Command, CommanderError } from 'commander';
import { callerOf } from './caller.ts';
import { CliError, usageError } from './cliError.ts';
import type { CliProcess, CommandEntry, CommandWork } from './command.ts';
import { blameCommand } from './commands/blameCommand.ts';
import { blockCommand, decideCommand, noteCommand, unblockCommand } from './commands/entryCommands.ts';
import { confirmCommand, decisionsCommand, disproveCommand, rejectCommand, supersedeCommand } from './commands/decisionCommands.ts';
import { catCommand, filesCommand, stateCommand } from './commands/pastCommands.ts';
import { historyCommand } from './commands/historyCommand.ts';
import { exportCommand, reportCommand } from './commands/exportCommand.ts';
import { importCommand } from './commands/importCommand.ts';
import { linkCommand, pastCommand } from './commands/pastRunsCommand.ts';
import { logCommand } from './commands/logCommand.ts';
import { planCommand } from './commands/planCommand.ts';
import { recordCommand } from './commands/recordCommand.ts';
import { driftCommand, resumeCommand } from './commands/resumeCommand.ts';
import { rewindCommand, undoCommand } from './commands/rewindCommand.ts';
import { diffCommand } from './commands/diffCommand.ts';
import { searchCommand } from './commands/searchCommand.ts';
import { endCommand, startCommand, updateCommand } from './commands/sessionCommands.ts';
import { sessionsCommand } from './commands/sessionsCommand.ts';
import { setCommand } from './commands/setCommand.ts';
import { statusCommand } from './commands/statusCommand.ts';
import { trailerCommand } from './commands/trailerCommand.ts';
import { usageCommand } from './commands/usageCommand.ts';
import { verifyCommand } from './commands/verifyCommand.ts';
import { namedPointWords } from './namedPoint.ts';
import { weighCommand } from './commands/weighCommand.ts';
import { Output } from './output.ts';
import { openWorkspace } from './workspace.ts';

/** Every command, in the order of the help. */
const commands: readonly CommandEntry[] = [
  statusCommand,
  startCommand,
  updateCommand,
  endCommand,
  logCommand,
  searchCommand,
  decideCommand,
  decisionsCommand,
  confirmCommand,
  rejectCommand,
  supersedeCommand,
  disproveCommand,
  blockCommand,
  unblockCommand,
  noteCommand,
  planCommand,
  setCommand,
  trailerCommand,
  resumeCommand,
  driftCommand,
  sessionsCommand,
  verifyCommand,
  usageCommand,
  rewindCommand,
  undoCommand,
  filesCommand,
  catCommand,
  diffCommand,
  blameCommand,
  historyCommand,
  stateCommand,
  recordCommand,
  pastCommand,
  importCommand,
  exportCommand,
  reportCommand,
  linkCommand,
  weighCommand,
];

export type ExitCode = 0 | 1 | 2;

/** Runs one command line (without the program's own name). Never rejects: what fails is told on standard error. */
export async function runCli(words: readonly string[], process: CliProcess, version: string): Promise<ExitCode> {
  let exitCode: ExitCode = 0;
  // Asked for before anything is parsed: what cannot be parsed is told in the same way.
  const isJson = words.slice(0, words.includes('--') ? words.indexOf('--') : words.length).includes('--json');
  const program = new Command('tapedeck');
  const options = (): { dir?: string; json?: boolean } => program.opts();
  const act =
    <Given extends readonly unknown[]>(work: CommandWork<Given>) =>
    async (...given: Given): Promise<void> => {
      const output = new Output(process.stdout, process.stderr, options().json === true);
      const done = await work(
        {
          process,
          output,
          caller: callerOf(process.environment),
          workspace: (directory) => openWorkspace(directory ?? options().dir, process.cwd),
        },
        ...given,
      );
      exitCode = done ?? 0;
    };

  program
    .description('Record, rewind and resume what you and your coding agents do in a workspace.')
    .version(version, '-V, --version')
    .option('--dir <dir>', 'the workspace; by default the nearest folder above that has a log, else the current one')
    .option('--json', 'answer in JSON: one document, or one a line for lists')
    .exitOverride()
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => process.stdout.write(text),
      writeErr: (text) => {
        if (!isJson) process.stderr.write(text);
      },
    });
  for (const add of commands) add(program, act);
  for (const command of program.commands) completeHelp(command);
  program.addHelpText(
    'after',
    `
${eventWords}
Exit codes: 0 done, 1 failed or refused, 2 the command was not given right.`,
  );

  try {
    await program.parseAsync([...words], { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError && (error.exitCode === 0 || !isJson)) return error.exitCode === 0 ? 0 : 2;
    const told = toldOf(error);
    if (isJson) process.stderr.write(`${JSON.stringify({ ok: false, reason: told.reason, message: told.message })}\n`);
    else new Output(process.stdout, process.stderr, false).note(`tapedeck: ${told.message}`);
    return told.exitCode;
  }
}

const eventWords = `An event is named by its id (k3f9ab2c.12), its position in the session (1 is the first, -1 the last), a time,\nor as a point that has a name: ${namedPointWords}.`;

/** A command that says no more of itself than its line in the list says that again, and whoever takes an event says how. */
function completeHelp(command: Command): void {
  const summary = command.summary();
  if (command.description() === '') command.description(`${summary.slice(0, 1).toUpperCase()}${summary.slice(1)}.`);
  const takesEvent =
    command.options.some(({ flags }) => flags.includes('<event>')) ||
    command.registeredArguments.some((argument) => ['event', 'from', 'to'].includes(argument.name()));
  if (takesEvent) command.addHelpText('after', `\n${eventWords}`);
}

function toldOf(error: unknown): CliError {
  if (error instanceof CliError) return error;
  if (error instanceof CommanderError)
    return usageError(error.code === 'commander.help' ? 'Give a command' : error.message.replace(/^error: /, ''));
  return new CliError(1, reasonOf(error), error instanceof Error ? error.message : String(error));
}

/** The reason that a failure carries, else the system's code. */
function reasonOf(error: unknown): string {
  const { code, reason } = error as { readonly code?: unknown; readonly reason?: unknown };
  return typeof reason === 'string' ? reason : typeof code === 'string' ? code : 'failed';
}
