import { isAbsolute, relative } from 'node:path';
import type { SearchHit, SearchQuery } from '../../core/searchMatch.ts';
import { nodeDigest } from '../../store/digest.ts';
import { createLogSearch, type SearchPage } from '../../store/logSearch.ts';
import { listSessionIds } from '../../store/sessionCard.ts';
import { toCount } from '../argument.ts';
import { usageError } from '../cliError.ts';
import type { CommandEntry } from '../command.ts';
import { parseTime } from '../eventPoint.ts';
import { chooseSession, foldersOf, toWorkspacePath, type Workspace } from '../workspace.ts';
import { collectKinds } from './logCommand.ts';

interface SearchOptions {
  readonly ignoreCase?: boolean;
  readonly kind?: string[];
  readonly path?: string;
  readonly actor?: string;
  readonly run?: string;
  readonly since?: string;
  readonly until?: string;
  readonly session?: string;
  readonly allSessions?: boolean;
  readonly limit: number;
}

export const searchCommand: CommandEntry = (program, act) => {
  program
    .command('search')
    .summary('find a text in what was asked, said, run, printed and changed')
    .description(
      'Find a text in the events of a session, newest first: prompts, replies, commands and their output, edits, paths, decisions. The text is looked for as it stands, not as a pattern.',
    )
    .argument('<text>', 'what to look for')
    .option('-i, --ignore-case', 'take capital and small letters for the same')
    .option('--kind <kinds>', 'only these kinds: file.changed, or all of a family: file (repeatable, or with commas)', collectKinds)
    .option('--path <path>', 'only events about this file, or about files in this folder')
    .option('--actor <name>', 'only what these did: user, agent, tool, git, system, unknown, or by name: codex')
    .option('--run <id>', 'only events of this run of an agent')
    .option('--since <time>', 'only events from this time on')
    .option('--until <time>', 'only events up to this time')
    .option('--session <id>', 'the session; by default the open or newest one')
    .option('--all-sessions', 'every session, the newest first')
    .option('--limit <count>', 'at most so many', toCount, 50)
    .action(
      act(async (run, text: string, options: SearchOptions) => {
        if (text === '') throw usageError('Give a text to look for');
        const workspace = await run.workspace();
        if (options.allSessions === true && options.session !== undefined) throw usageError('Give --session or --all-sessions, not both');
        const chosen = options.allSessions === true ? undefined : await chooseSession(workspace, options.session);
        const sessions = chosen === undefined ? (await listSessionIds(workspace.layout)).toReversed() : [chosen];
        const query = await queryOf(workspace, sessions[0], run.process.cwd, text, options);
        // A process of its own: nobody else is held.
        const search = createLogSearch({ layout: workspace.layout, digest: nodeDigest, isOwnThread: true });
        const page = await search.find({ sessions, query, count: options.limit });
        await run.output.list(
          page.hits.map((hit) => (run.output.isJson ? documentOf(hit) : lineOf(hit, options.allSessions === true))),
          String,
        );
        tellRest(page, options.limit, (line) => run.output.note(line));
      }),
    );
};

async function queryOf(
  workspace: Workspace,
  session: string | undefined,
  cwd: string,
  text: string,
  options: SearchOptions,
): Promise<SearchQuery> {
  const { kind, path, actor, run, since, until } = options;
  const card = session === undefined ? undefined : await workspace.sessions.read(session);
  const inside = relative(workspace.folder, cwd);
  const base = inside.startsWith('..') || isAbsolute(inside) ? workspace.folder : cwd;
  return {
    text,
    ...(options.ignoreCase === true && { ignoresCase: true }),
    ...(kind !== undefined && { kinds: kind }),
    ...(path !== undefined && { path: toWorkspacePath(foldersOf(workspace, card), base, path) }),
    ...(actor !== undefined && { actor }),
    ...(run !== undefined && { run }),
    ...(since !== undefined && { since: timeOf(since) }),
    ...(until !== undefined && { until: timeOf(until) }),
  };
}

function timeOf(text: string): string {
  const time = parseTime(text.trim());
  if (time === undefined) throw usageError(`${text} is no time: give one such as 2026-11-21T10:00Z or 2026-11-21`);
  return time;
}

/** The event by its id, as in `log`, and where its texts hold what was looked for. */
function documentOf(hit: SearchHit): unknown {
  const { session, at, id, kind, by, run, turn, path, matches, hasMoreMatches, excerpt } = hit;
  return { session, eventId: id, at, kind, by, run, turn, path, matches, hasMoreMatches, excerpt };
}

function lineOf({ session, id, at, kind, excerpt }: SearchHit, isOfMany: boolean): string {
  return `${isOfMany ? `${session}  ` : ''}${id}  ${at}  ${kind}  ${excerpt.text}`;
}

function tellRest({ hits, next, unreadable }: SearchPage, limit: number, note: (line: string) => void): void {
  if (hits.length === 0) note('Nothing was found.');
  else if (next !== undefined)
    note(`These are the newest ${limit}. There may be more: give --limit, or --until with the time of the last one.`);
  for (const name of new Set(unreadable)) note(`Not all of ${name} could be looked through: verify says why.`);
}
