import path from 'node:path';
import type { RunSummary } from '../../core/transcripts/runSummary.ts';
import { transcriptAdapters } from '../../core/transcripts/table.ts';
import { summariseTranscripts, transcriptsAt, type ImportedRuns } from '../../services/transcriptImport.ts';
import { whyNot } from '../../services/transcriptListing.ts';
import { importSession, isSessionExport } from '../../services/sessionExchange.ts';
import { nodeDigest } from '../../store/digest.ts';
import { CliError } from '../cliError.ts';
import type { CommandEntry, CommandRun } from '../command.ts';
import { policyOption, readPolicy } from '../policyReading.ts';
import { agentEnvironment, describeImport, rebuildSessions } from '../sessionRebuilding.ts';

export const importCommand: CommandEntry = (program, act) => {
  program
    .command('import')
    .summary('make sessions of what agents did here before it was recorded')
    .description(
      `Makes sessions of what agents did in this workspace when nobody recorded it, out of their own transcripts and of git's history. Their events are marked as reconstructed and carry their own times. What stands in the log already is left out: a second import adds nothing.

With a path: of that transcript, or of those in that folder, alone; it tells of every run what it holds. With a path and --json it only tells: no workspace is needed, and nothing is written.

With a file that export wrote: takes that session in as it was.`,
    )
    .argument('[path]', 'a transcript of any known agent, or a folder of them; without one all that the agents keep on this machine')
    .option('--dry-run', 'say what would be made, and write nothing')
    .option('--no-git', 'leave git’s history out')
    .option(...policyOption)
    .addHelpText(
      'after',
      `
Knows ${transcriptAdapters.map((adapter) => adapter.name).join(', ')}, by where the file lies or by what stands in it.
With a path and --json one document a line for each run:
  agent, run       whose it is, and the agent's own id of it
  prompts          what a person asked; slashCommands are counted apart, ! lines and what the program put in are none
  replies          texts of the agent
  tools            its calls by name
  commands         command lines that it ran
  failed           calls that failed, were refused or broken off
  filesEdited, filesRead   absolute paths, as its tools told them
  tokens           input (without the cached ones), output, cacheRead, cacheWrite; each response once
  model, startedAt, endedAt   null where nothing tells
  unknownRecords   records of types that this version does not know, unknownTypes by type
  damaged          places that cannot be read, and records that lack what their type needs
  title, cwd, parent, forkedFrom, files`,
    )
    .action(
      act(async (run, place: string | undefined, options: { dryRun?: boolean; git: boolean; policy?: string }) => {
        const isDryRun = options.dryRun === true;
        if (place !== undefined && (await isExport(path.resolve(run.process.cwd, place)))) {
          const workspace = await run.workspace();
          const { session, events, damaged } = await importSession(path.resolve(run.process.cwd, place), workspace.layout, nodeDigest);
          if (damaged.count > 0)
            run.output.note(`${damaged.count} lines are no events and were left out, the first is line ${damaged.first}`);
          await run.output.answer({ ok: true, session, events, damaged }, [`Session ${session}: ${events} events`]);
          return damaged.count === 0 ? 0 : 1;
        }
        const git = options.git ? 'always' : 'never';
        if (place === undefined) {
          const workspace = await run.workspace();
          const policy = await readPolicy(run, workspace, options.policy);
          const report = await rebuildSessions(run, workspace, { git, isDryRun, policy });
          for (const { path: file, reason } of report.failed) run.output.note(`${file} cannot be read: ${reason}`);
          await run.output.answer({ ok: !report.isCancelled, ...report }, describeImport(report, isDryRun));
          return report.failed.length === 0 && !report.isCancelled ? 0 : 1;
        }
        const imported = await tellRuns(run, place);
        if (run.output.isJson) return imported.failed.length === 0 ? 0 : 1;
        const { transcripts } = await transcriptsAt(path.resolve(run.process.cwd, place), {
          adapters: transcriptAdapters,
          environment: agentEnvironment(run),
        });
        const workspace = await run.workspace();
        const report = await rebuildSessions(run, workspace, {
          transcripts,
          policy: await readPolicy(run, workspace, options.policy),
          git: options.git ? 'with-runs' : 'never',
          isDryRun,
        });
        for (const line of describeImport(report, isDryRun)) await run.output.line(line);
        return imported.failed.length === 0 && !report.isCancelled ? 0 : 1;
      }),
    );
};

const isExport = (file: string): Promise<boolean> => isSessionExport(file).catch(() => false);

async function tellRuns(run: CommandRun, place: string): Promise<ImportedRuns> {
  const found = path.resolve(run.process.cwd, place);
  const imported = await summariseTranscripts(found, {
    adapters: transcriptAdapters,
    environment: agentEnvironment(run),
    digest: nodeDigest,
  }).catch((error: unknown) => {
    const why = whyNot(error);
    throw new CliError(1, 'no-file', why === 'ENOENT' ? `There is no ${found}` : `${found} cannot be read: ${why}`);
  });
  for (const { path: file, reason } of imported.failed) run.output.note(`${file} cannot be read: ${reason}`);
  if (imported.transcripts === 0) throw new CliError(1, 'no-transcript', `${found} holds no transcript of a known agent`);
  if (imported.strange.length > 0) run.output.note(`${imported.strange.length} files are no transcripts of a known agent`);
  await run.output.list(imported.runs, describeRun);
  return imported;
}

function describeRun(run: RunSummary): string {
  const { tokens } = run;
  const calls = Object.values(run.tools).reduce((sum, count) => sum + count, 0);
  return [
    `${run.agent} ${run.run ?? run.files[0] ?? ''}`,
    `${run.startedAt ?? 'at an unknown time'}, ${run.model ?? 'unknown model'}`,
    `${run.prompts} prompts, ${run.replies} replies, ${calls} calls (${run.failed} failed), ${run.commands} commands`,
    `${run.filesEdited.length} files edited, ${run.filesRead.length} read`,
    `tokens: ${tokens.input} in, ${tokens.output} out, ${tokens.cacheRead} from the cache, ${tokens.cacheWrite} into it`,
    `${run.unknownRecords} unknown records, ${run.damaged} damaged`,
  ].join('; ');
}
