import { compareFiles, unifiedDiff } from '../../services/pointDiff.ts';
import { usageError } from '../cliError.ts';
import type { CommandEntry } from '../command.ts';
import { pointId, withPast } from '../pastReading.ts';

interface DiffOptions {
  readonly session?: string;
  readonly nameOnly?: boolean;
}

export const diffCommand: CommandEntry = (program, act) => {
  program
    .command('diff')
    .summary('compare the files at two points')
    .description('Compare the files that were touched as they were right after one event and right after another one, as a unified diff.')
    .argument('<from>', 'the earlier point')
    .argument('[to]', 'the later point; by default the last event')
    .option('--name-only', 'only name the files and what became of them')
    .option('--session <id>', 'the session; by default the open or newest one')
    .action(
      act(async (run, from: string, to: string | undefined, options: DiffOptions) => {
        const workspace = await run.workspace();
        await withPast(workspace, { event: from, session: options.session }, undefined, async (earlier) =>
          withPast(workspace, { event: to, session: options.session, since: earlier.session }, undefined, async (later) => {
            if (later.session < earlier.session)
              throw usageError(`${from} is later than ${to ?? 'the last event'}: give the earlier point first`);
            const differences = compareFiles(
              await earlier.rewinder.filesAt(pointId(earlier)),
              await later.rewinder.filesAt(pointId(later)),
            );
            const read = (hash: string): Promise<Uint8Array | undefined> => earlier.content.get(hash);
            for (const difference of differences) {
              const { path, change } = difference;
              if (run.output.isJson)
                await run.output.document({
                  path,
                  change,
                  ...(options.nameOnly !== true && { diff: await unifiedDiff(difference, read) }),
                });
              else if (options.nameOnly === true) await run.output.line(`${change.padEnd(7)}  ${path}`);
              else for (const line of (await unifiedDiff(difference, read)).split('\n').slice(0, -1)) await run.output.line(line);
            }
          }),
        );
      }),
    );
};
