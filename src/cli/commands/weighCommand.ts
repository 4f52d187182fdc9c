import { stat } from 'node:fs/promises';
import path from 'node:path';
import { staleWords, type ContextPart, type ContextWeight } from '../../core/contextWeight.ts';
import { counted } from '../../core/timelineWords.ts';
import { transcriptAdapters } from '../../core/transcripts/table.ts';
import { PastRuns } from '../../services/pastRuns.ts';
import { transcriptsAt } from '../../services/transcriptImport.ts';
import type { ToldTranscript } from '../../services/transcriptFacts.ts';
import { weighLogged, weighTranscript } from '../../services/weighRun.ts';
import { nodeDigest } from '../../store/digest.ts';
import { toCount } from '../argument.ts';
import { CliError } from '../cliError.ts';
import type { CommandEntry, CommandRun } from '../command.ts';
import { openPlaces } from '../projectOpening.ts';
import { agentEnvironment } from '../sessionRebuilding.ts';
import type { Workspace } from '../workspace.ts';

const defaultParts = 15;
const defaultTurns = 20;

interface WeighedRun {
  readonly run: string;
  readonly agent?: string;
  readonly model?: string | undefined;
  readonly source: 'transcript' | 'log';
  readonly weight: ContextWeight;
}

export const weighCommand: CommandEntry = (program, act) => {
  program
    .command('weigh')
    .summary('tell what fills the context of a run')
    .description(
      'Tells of a run its tokens by turn, what fills its context now and how stale that is, and what compaction or a rewind cut. Tokens of turns are those that the agent reported; those of a single part are estimated from its text. Read from the agent’s own transcript where it is still there, else from the log.',
    )
    .argument('[run]', 'the agent’s id of the run, or the beginning of it, or a transcript; by default the run that was at work last')
    .option('--parts <count>', `so many of the heaviest parts; ${defaultParts} by default`, toCount)
    .action(
      act(async (run, name: string | undefined, options: { parts?: number }) => {
        const { parts = defaultParts } = options;
        const weighed = await weigh(run, name);
        const { weight, ...told } = weighed;
        await run.output.answer({ ...told, ...weight, parts: weight.parts.slice(0, options.parts) }, describe(weighed, parts));
      }),
    );
};

async function weigh(run: CommandRun, name: string | undefined): Promise<WeighedRun> {
  if (name !== undefined && (await isFile(path.resolve(run.process.cwd, name)))) {
    const { transcripts } = await transcriptsAt(path.resolve(run.process.cwd, name), {
      adapters: transcriptAdapters,
      environment: agentEnvironment(run),
    });
    const found = transcripts[0] === undefined ? undefined : await weighFound(transcripts[0], []);
    if (found === undefined) throw new CliError(1, 'no-transcript', `${name} holds no transcript of a known agent`);
    return found;
  }
  const workspace = await run.workspace();
  const transcript = await findTranscript(run, workspace, name);
  const found = transcript === undefined ? undefined : await weighFound(transcript, [workspace.folder]).catch(() => undefined);
  if (found !== undefined) return found;
  if (name !== undefined) {
    const sessions = (await workspace.sessions.list()).map(({ id }) => id).reverse();
    const weight = await weighLogged(name, sessions, { layout: workspace.layout, digest: nodeDigest });
    if (weight !== undefined) return { run: name, source: 'log', weight };
  }
  throw new CliError(
    1,
    'no-run',
    name === undefined ? `No agent keeps anything of ${workspace.folder}` : `There is no run ${name} of this project`,
  );
}

async function findTranscript(run: CommandRun, workspace: Workspace, name: string | undefined): Promise<ToldTranscript | undefined> {
  const past = new PastRuns({
    adapters: transcriptAdapters,
    environment: agentEnvironment(run, workspace),
    digest: nodeDigest,
    places: await openPlaces(workspace),
  });
  for await (const { items } of past.list({ withChildren: name !== undefined }))
    for (const item of items) if (name === undefined || item.run.run.startsWith(name)) return item.transcript;
  return undefined;
}

async function weighFound(transcript: ToldTranscript, folders: readonly string[]): Promise<WeighedRun | undefined> {
  const found = await weighTranscript(transcript, { digest: nodeDigest, folders });
  return found === undefined ? undefined : { ...found, agent: transcript.adapter.name, source: 'transcript' };
}

async function isFile(file: string): Promise<boolean> {
  return stat(file).then(
    (info) => info.isFile(),
    () => false,
  );
}

function describe({ run, agent, model, weight }: WeighedRun, count: number): string[] {
  const { turns, contextTokens, parts, partTokens, staleTokens, otherTokens, tools, cuts } = weight;
  const lines = [
    `${agent ?? 'Run'} ${run}${model === undefined ? '' : `, ${model}`}: ${contextTokens === undefined ? 'no tokens were reported' : `${tokenWords(contextTokens)} tokens in the context`} after ${counted(turns.filter(({ turn }) => turn > 0).length, 'turn')}`,
  ];
  if (turns.length > defaultTurns) lines.push(`The last ${defaultTurns} of ${turns.length} turns:`);
  for (const { turn, contextTokens: sent, inputTokens, cacheReadTokens, cacheWriteTokens, outputTokens, prompt } of turns.slice(
    -defaultTurns,
  ))
    lines.push(
      `  ${String(turn).padStart(3)}  context ${tokenWords(sent).padStart(6)}  new ${tokenWords(inputTokens + cacheWriteTokens).padStart(6)}  cached ${tokenWords(cacheReadTokens).padStart(6)}  out ${tokenWords(outputTokens).padStart(6)}  ${prompt ?? ''}`,
    );
  if (parts.length > 0)
    lines.push(`What fills it, about ${tokenWords(partTokens)}${staleTokens === 0 ? '' : `, ${tokenWords(staleTokens)} of it stale`}:`);
  for (const part of parts.slice(0, count)) lines.push(`  ${tokenWords(part.tokens).padStart(6)}  ${describePart(part)}`);
  if (parts.length > count) lines.push(`  and ${parts.length - count} lighter ones`);
  if (otherTokens !== undefined && otherTokens > 0)
    lines.push(
      `  ${tokenWords(otherTokens).padStart(6)}  what the records do not show: the agent’s instructions, tools’ descriptions, thinking`,
    );
  for (const { tool, calls, tokens, staleTokens: stale } of tools.slice(0, 8))
    lines.push(`By tool: ${tool}, ${counted(calls, 'call')}, ${tokenWords(tokens)}${stale === 0 ? '' : `, ${tokenWords(stale)} stale`}`);
  for (const cut of cuts) {
    const sizes =
      cut.preTokens === undefined || cut.postTokens === undefined ? '' : `, ${tokenWords(cut.preTokens)} to ${tokenWords(cut.postTokens)}`;
    lines.push(
      `${cut.reason === 'compacted' ? `Compacted (${cut.trigger ?? 'unknown'})` : 'Rewound'} in turn ${cut.turn}${sizes}: ${tokenWords(cut.cutTokens)} cut`,
    );
    for (const part of cut.parts.slice(0, 3)) lines.push(`  ${tokenWords(part.tokens).padStart(6)}  ${describePart(part)}`);
  }
  return lines;
}

function describePart({ kind, tool, what, turnsAgo, stale }: ContextPart): string {
  const age = turnsAgo === 0 ? 'this turn' : `${counted(turnsAgo, 'turn')} ago`;
  return `${tool === undefined ? kind : `${tool} ${kind}`}: ${what} (${age}${stale === undefined ? '' : `; ${staleWords(stale)}`})`;
}

function tokenWords(tokens: number): string {
  return tokens < 1000 ? String(tokens) : `${(tokens / 1000).toFixed(tokens < 10_000 ? 1 : 0)}k`;
}
