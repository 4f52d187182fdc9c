import { stat } from 'node:fs/promises';
import path from 'node:path';
import { systemClock } from '../../base/clock.ts';
import { ageWords, sizeWords } from '../../core/shortWords.ts';
import { commandLineIn } from '../../core/terminalLine.ts';
import { counted } from '../../core/timelineWords.ts';
import { transcriptAdapters } from '../../core/transcripts/table.ts';
import { ChosenModels } from '../../services/chosenModels.ts';
import { PastRuns, type PastRunItem } from '../../services/pastRuns.ts';
import { linkPlace } from '../../services/projectPlaces.ts';
import { nodeDigest } from '../../store/digest.ts';
import { toCount } from '../argument.ts';
import { usageError } from '../cliError.ts';
import type { CommandEntry } from '../command.ts';
import { openPlaces, placesOptions } from '../projectOpening.ts';
import { agentEnvironment } from '../sessionRebuilding.ts';

const defaultCount = 20;

export const pastCommand: CommandEntry = (program, act) => {
  program
    .command('past')
    .summary('find what agents did in this project, and how to take it up')
    .description(
      'List what agents did in this project, newest first, from the transcripts that they keep, also from before anything was recorded: what it was about, its last words, and the command that takes it up again. Found too where it was done in another worktree or clone, in a container, or before the folder was moved.',
    )
    .option('--agent <agent>', `of one agent: ${transcriptAdapters.map(({ id }) => id).join(', ')}`)
    .option('--search <words>', 'that hold all of these words in title, last words, files, model, branch or id')
    .option('--last <count>', `so many; ${defaultCount} by default`, toCount)
    .option('--skip <count>', 'leave out so many of the newest', toCount)
    .option('--children', 'also those that another run set to work')
    .action(
      act(async (run, options: { agent?: string; search?: string; last?: number; skip?: number; children?: boolean }) => {
        const { agent, search: words, skip = 0, last = defaultCount } = options;
        if (agent !== undefined && !transcriptAdapters.some(({ id }) => id === agent))
          throw usageError(`${agent} is no agent that is known`);
        const workspace = await run.workspace();
        const past = new PastRuns({
          adapters: transcriptAdapters,
          environment: agentEnvironment(run, workspace),
          digest: nodeDigest,
          places: await openPlaces(workspace),
          cacheFile: await cacheFileOf(workspace.layout.root, workspace.layout.cache),
        });
        const chosen = new ChosenModels({ layout: workspace.layout, digest: nodeDigest, sessions: workspace.sessions });
        let count = 0;
        let hasMore = false;
        for await (const { items } of past.list({ agent, words, withChildren: options.children })) {
          for (const found of items) {
            count += 1;
            if (count <= skip) continue;
            if (count > skip + last) {
              hasMore = true;
              break;
            }
            const item = { ...found, command: await chosen.commandOf(found) };
            if (run.output.isJson) await run.output.document(factsOf(item));
            else for (const line of describe(item)) await run.output.line(line);
          }
          if (hasMore) break;
        }
        for (const { path: file, reason } of past.problems) run.output.note(`${file} cannot be read: ${reason}`);
        if (count === 0) run.output.note(words === undefined ? 'No agent keeps anything of this project' : 'Nothing was found');
        else if (hasMore) run.output.note(`There are more: --skip ${skip + last}`);
      }),
    );
};

export const linkCommand: CommandEntry = (program, act) => {
  program
    .command('link')
    .summary('say that a folder which was moved was this one')
    .description(
      'Says that this workspace lay at that path before: it was moved or renamed, or a container or another machine names it so. What agents did there counts as done here, in `past` and `import`.',
    )
    .argument('<folder>', 'the former path; it need not be there')
    .option('--undo', 'it was not this one')
    .action(
      act(async (run, folder: string, options: { undo?: boolean }) => {
        const workspace = await run.workspace();
        const isForeign = /^[A-Za-z]:[\\/]/.test(folder) || folder.startsWith('/');
        const former = isForeign ? folder.replace(/(?<=.)[\\/]+$/, '') : path.resolve(run.process.cwd, folder);
        if (former === workspace.folder) throw usageError('That is where the workspace lies now');
        const card = await linkPlace(placesOptions(workspace), former, options.undo !== true);
        await run.output.answer({ ok: true, linked: card.linked }, [
          options.undo === true ? `${former} is no longer linked` : `What was done in ${former} counts as done in ${workspace.folder}`,
        ]);
      }),
    );
};

/** Nothing is made for a folder in which nothing was recorded. */
async function cacheFileOf(root: string, cache: string): Promise<string | undefined> {
  const isThere = await stat(root).then(
    (info) => info.isDirectory(),
    () => false,
  );
  return isThere ? path.join(cache, 'past.json') : undefined;
}

function factsOf({ run, agentName, transcript, lastAt, place, folder, command }: PastRunItem): Record<string, unknown> {
  const { startedAt, ...told } = run;
  return {
    ...told,
    agentName,
    startedAt: startedAt === undefined ? null : new Date(startedAt).toISOString(),
    lastAt: new Date(lastAt).toISOString(),
    sizeBytes: transcript.sizeBytes,
    transcript: transcript.file.path,
    place,
    folder,
    command,
  };
}

function describe(item: PastRunItem): string[] {
  const { run, agentName, transcript, lastAt, place, folder, command } = item;
  const parts = [
    agentName,
    run.model,
    transcript.sizeBytes === 0 ? undefined : sizeWords(transcript.sizeBytes),
    counted(run.prompts, 'prompt'),
    run.files.length === 0 ? undefined : `${run.isWhole ? '' : 'at least '}${counted(run.files.length, 'file')}`,
    run.branch,
    place === 'here' ? undefined : placeWords[place],
  ].filter((part) => part !== undefined);
  const line = commandLineIn(folder, command, process.platform);
  return [
    `${ageWords(systemClock.now() - lastAt)} ago  ${run.title ?? run.run}`,
    `    ${parts.join(', ')}`,
    ...(run.lastWords === undefined ? [] : [`    ${run.lastWords.by === 'user' ? 'You' : agentName}: ${run.lastWords.text}`]),
    ...(line === undefined ? [] : [`    ${line}`]),
  ];
}

const placeWords = {
  moved: 'before the folder was moved',
  repository: 'elsewhere in the repository',
  clone: 'in another clone',
  container: 'in a container',
} as const;
