import { toCount } from '../argument.ts';
import type { CommandEntry } from '../command.ts';
import { sessionFacts } from './statusCommand.ts';

export const sessionsCommand: CommandEntry = (program, act) => {
  program
    .command('sessions')
    .summary('list the sessions, newest first')
    .option('--last <count>', 'only so many', toCount)
    .action(
      act(async (run, options: { last?: number }) => {
        const { sessions } = await run.workspace();
        const current = await sessions.current();
        const cards = (await sessions.list()).slice(0, options.last);
        const items = cards.map((card) => Object.assign(sessionFacts(card), { isOpen: card.id === current?.id }));
        if (run.output.isJson) await run.output.list(items, String);
        else
          for (const card of cards)
            await run.output.line(
              `${card.id}  ${card.endedAt === undefined ? (card.id === current?.id ? 'open ' : 'idle ') : 'ended'}  ${card.lastAt}${card.label === undefined ? '' : `  ${card.label}`}${card.isReconstructed === true ? '  (reconstructed)' : ''}`,
            );
      }),
    );
};
