import { systemClock } from '../../base/clock.ts';
import { counted } from '../../core/timelineWords.ts';
import { careForContents, type ContentCare } from '../../services/contentCare.ts';
import { nodeDigest } from '../../store/digest.ts';
import { describeBytes, readStorageUse, type StorageUse } from '../../store/storageUse.ts';
import { CliError } from '../cliError.ts';
import type { CommandEntry } from '../command.ts';

export const usageCommand: CommandEntry = (program, act) => {
  program
    .command('usage')
    .summary('say how much room the recording takes')
    .option('--collect', 'give back the room of contents that no log mentions any more')
    .addHelpText(
      'after',
      `
What nothing mentions is first set down for removal, which every process sees, and removed a day later. What a kept log, a
checkpoint or a rewind mentions is never removed. VS Code does this by itself, once a day.`,
    )
    .action(
      act(async (run, options: { readonly collect?: boolean }) => {
        const { layout } = await run.workspace();
        const care = options.collect === true ? await careForContents({ layout, digest: nodeDigest, clock: systemClock }) : undefined;
        if (care?.state === 'refused') throw new CliError(1, care.reason, care.message);
        const use = await readStorageUse(layout);
        await run.output.answer({ root: layout.root, ...use, collection: care ?? null }, [
          ...describeUse(layout.root, use),
          ...(care === undefined ? [] : describeCare(care)),
        ]);
      }),
    );
};

function describeUse(root: string, use: StorageUse): string[] {
  return [
    `${describeBytes(use.totalBytes)} in ${root}`,
    `Contents of files: ${describeBytes(use.contentBytes)} in ${counted(use.packs, 'pack')}${use.largeContents === 0 ? '' : ` and ${counted(use.largeContents, 'large file')}`}`,
    `Logs of ${counted(use.sessions, 'session')}: ${describeBytes(use.logBytes)}`,
    `Can be made again: ${describeBytes(use.derivedBytes)}`,
  ];
}

function describeCare({ freedBytes, condemnedBytes, unneededBytes }: Extract<ContentCare, { state: 'collected' }>): string[] {
  if (freedBytes === 0 && condemnedBytes === 0 && unneededBytes === 0)
    return ['Every content is mentioned by a log: there is nothing to remove'];
  return [
    ...(freedBytes === 0 ? [] : [`Removed: ${describeBytes(freedBytes)}`]),
    ...(condemnedBytes === 0 ? [] : [`Set down for removal, a day from then: ${describeBytes(condemnedBytes)}`]),
    ...(unneededBytes <= condemnedBytes ? [] : [`Not needed, but lies among what is: ${describeBytes(unneededBytes - condemnedBytes)}`]),
  ];
}
