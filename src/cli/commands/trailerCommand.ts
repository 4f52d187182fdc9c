import path from 'node:path';
import { addTrailer } from '../../store/sessionTrailer.ts';
import { CliError } from '../cliError.ts';
import type { CommandEntry } from '../command.ts';

export const trailerCommand: CommandEntry = (program, act) => {
  program
    .command('trailer')
    .summary('name the session in a commit’s message')
    .description(
      'Add the trailer Tapedeck-Session to the message of a commit, for a prepare-commit-msg hook of your own: tapedeck trailer "$1" || true. Without a file it is printed. Does nothing while no session is open.',
    )
    .argument('[file]', 'the file that holds the message')
    .action(
      act(async (run, file: string | undefined) => {
        const workspace = await run.workspace();
        const card = await workspace.sessions.current();
        if (card !== undefined && file !== undefined) {
          const absolute = path.resolve(run.process.cwd, file);
          await addTrailer(path.dirname(absolute), absolute, card.id).catch((error: unknown) => {
            throw new CliError(
              1,
              'no-trailer',
              `The message could not be changed: ${error instanceof Error ? error.message : String(error)}`,
            );
          });
        }
        await run.output.answer(
          { ok: true, session: card?.id ?? null },
          card === undefined || file !== undefined ? [] : [`Tapedeck-Session: ${card.id}`],
        );
      }),
    );
};
