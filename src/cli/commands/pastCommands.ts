import { serializeState } from '../../core/fold.ts';
import { currentPlans, isLeft, openBlockers } from '../../core/decisions.ts';
import { counted } from '../../core/timelineWords.ts';
import { eventId } from '../../model/ids.ts';
import type { SessionState } from '../../model/sessionState.ts';
import { CliError } from '../cliError.ts';
import type { CommandEntry } from '../command.ts';
import { pointId, withPast } from '../pastReading.ts';
import { readState } from '../stateReading.ts';
import { chooseSession, toWorkspacePath } from '../workspace.ts';

interface AtOptions {
  readonly at?: string;
  readonly session?: string;
}

export const filesCommand: CommandEntry = (program, act) => {
  program
    .command('files')
    .summary('list the files that the session touched, as they were at a point')
    .option('--at <event>', 'right after this event; by default the last one')
    .option('--session <id>', 'the session; by default the open or newest one')
    .action(
      act(async (run, options: AtOptions) => {
        const workspace = await run.workspace();
        await withPast(workspace, { event: options.at, session: options.session }, undefined, async (past) => {
          const files = [...(await past.rewinder.filesAt(pointId(past)))].sort(([a], [b]) => (a < b ? -1 : 1));
          const items = files.map(([path, file]) => {
            if (file.state !== 'version') return { path, ...file };
            const { hash, sizeBytes, mode, type, missing } = file.version;
            return { path, state: missing === undefined ? ('kept' as const) : ('not-kept' as const), hash, sizeBytes, mode, type, missing };
          });
          await run.output.list(run.output.isJson ? items : items.filter(({ state }) => state !== 'absent'), (item) => {
            if (item.state === 'absent') return item.path;
            const detail =
              item.state === 'unknown'
                ? `content not known: ${item.reason}`
                : `${item.sizeBytes} bytes${item.missing === undefined ? '' : `, content not kept: ${item.missing}`}`;
            return `${item.path}  (${detail})`;
          });
        });
      }),
    );
};

export const catCommand: CommandEntry = (program, act) => {
  program
    .command('cat')
    .summary('print a file as it was at a point')
    .argument('<path>', 'the file')
    .option('--at <event>', 'right after this event; by default the last one')
    .option('--session <id>', 'the session; by default the open or newest one')
    .action(
      act(async (run, name: string, options: AtOptions) => {
        const workspace = await run.workspace();
        await withPast(workspace, { event: options.at, session: options.session }, undefined, async (past) => {
          const path = toWorkspacePath(past.folders, await baseOf(workspace.folder, run.process.cwd), name);
          const then = await past.rewinder.readFileAt(pointId(past), path);
          if (then.state === 'absent') throw new CliError(1, 'absent', `${path} did not exist at that point`);
          if (then.state === 'missing') throw new CliError(1, then.reason, `The content of ${path} was not kept: ${then.reason}`);
          if (!run.output.isJson) return run.output.bytes(then.bytes);
          const text = decode(then.bytes);
          return run.output.document({
            path,
            event: pointId(past),
            type: then.type,
            sizeBytes: then.bytes.byteLength,
            ...(text === undefined
              ? { encoding: 'base64', content: Buffer.from(then.bytes).toString('base64') }
              : { encoding: 'utf8', content: text }),
          });
        });
      }),
    );
};

export const stateCommand: CommandEntry = (program, act) => {
  program
    .command('state')
    .summary('print what the log says at a point: files, runs, decisions, blockers, plan')
    .option('--at <event>', 'right after this event; by default the last one')
    .option('--session <id>', 'the session; by default the open or newest one')
    .action(
      act(async (run, options: AtOptions) => {
        const workspace = await run.workspace();
        const session = await chooseSession(workspace, options.session);
        const state = await readState(workspace, session, options.at);
        await run.output.answer(stateDocument(state), describeState(state));
      }),
    );
};

/** Relative names mean the folder in which the user stands, when that is in the workspace, else the workspace. */
async function baseOf(folder: string, cwd: string): Promise<string> {
  const { relative, isAbsolute } = await import('node:path');
  const inside = relative(folder, cwd);
  return inside.startsWith('..') || isAbsolute(inside) ? folder : cwd;
}

/** Without what only the fold needs; maps as lists of their values, which name themselves. */
function stateDocument(state: SessionState): unknown {
  const { trace: _, attribution, heads, aside: __, counts, ...shown } = JSON.parse(serializeState(state)) as Record<string, unknown>;
  const writers = [...state.counts.writers].map(([writer, { newest }]) => [writer, newest] as const);
  const document: Record<string, unknown> = {
    event: state.session.last === undefined ? null : eventId(state.session.last),
    ...shown,
    counts: { ...(counts as SessionState['counts']), writers: Object.fromEntries(writers) },
    heads: Object.fromEntries(heads as [string, unknown][]),
    attribution: Object.fromEntries(attribution as [string, unknown][]),
  };
  for (const name of ['runs', 'files', 'commands', 'replies', 'decisions', 'blockers', 'checkpoints', 'plans'])
    document[name] = (document[name] as [string, unknown][]).map(([, value]) => value);
  return document;
}

function describeState(state: SessionState): string[] {
  const files = [...state.files.values()].filter(({ changes }) => changes > 0);
  return [
    `${counted(state.counts.events, 'event')}, ${counted(state.runs.size, 'agent run')}, ${counted(state.prompts.count, 'prompt')}`,
    ...files.map(
      (file) =>
        `${file.exists ? (file.first === undefined ? 'created ' : 'changed ') : 'deleted '} ${file.path}  +${file.added} -${file.removed}`,
    ),
    ...[...state.decisions.values()].map(
      (decision) => `decision ${decision.id} (${decision.status}${decision.isStale ? ', stale' : ''}): ${decision.what}`,
    ),
    ...openBlockers(state).map((blocker) => `blocker ${blocker.id}${blocker.isInferred ? ' (inferred)' : ''}: ${blocker.what}`),
    ...currentPlans(state).flatMap(({ entries }) => entries.filter(isLeft).map(({ content }) => `to do: ${content}`)),
  ];
}

function decode(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
