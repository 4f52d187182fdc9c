import { Option } from 'commander';
import { systemClock } from '../../base/clock.ts';
import { buildResumePrompt, type ResumeSize } from '../../core/resumePrompt.ts';
import { usageError } from '../cliError.ts';
import type { CommandEntry } from '../command.ts';
import { readState } from '../stateReading.ts';
import { chooseSession } from '../workspace.ts';

export const resumeCommand: CommandEntry = (program, act) => {
  program
    .command('resume')
    .summary('print the prompt with which the next agent takes up the work')
    .addOption(new Option('--size <size>', 'how much it says').choices(['short', 'standard', 'full']).default('standard'))
    .option('--budget <tokens>', 'the most that it may cost, in tokens; by default that of the size', Number)
    .option('--session <id>', 'the session; by default the open or newest one')
    .option('--at <event>', 'as it would have been right after that event')
    .action(
      act(async (run, options: { size: ResumeSize; budget?: number; session?: string; at?: string }) => {
        const { size, budget } = options;
        if (budget !== undefined && !(budget > 0)) throw usageError('--budget is a number of tokens');
        const workspace = await run.workspace();
        const session = await chooseSession(workspace, options.session);
        const state = await readState(workspace, session, options.at);
        const prompt = buildResumePrompt(state, {
          size,
          now: systemClock.now(),
          ...(budget === undefined ? {} : { budgetTokens: budget }),
        });
        if (run.output.isJson) await run.output.document({ session, size, ...prompt });
        else await run.output.bytes(prompt.text);
      }),
    );
};
