import { availableParallelism } from 'node:os';
import { openContentStore, type ContentHealth } from '../../store/contentStore.ts';
import { nodeDigest } from '../../store/digest.ts';
import { describeContentDamage, describeHealth, describeNextSteps } from '../../store/healthReport.ts';
import { verifySession, type LogHealth } from '../../store/logHealth.ts';
import { openScanCrew } from '../../store/scanCrew.ts';
import { listSessionIds } from '../../store/sessionCard.ts';
import { createWriterId } from '../../store/writerClaim.ts';
import { CliError, usageError } from '../cliError.ts';
import type { CommandEntry, CommandRun } from '../command.ts';
import { chooseSession, type Workspace } from '../workspace.ts';

interface VerifyWords {
  readonly all?: boolean;
  /** True without an id: the present one. */
  readonly session?: string | true;
  readonly content: boolean;
  readonly quick?: boolean;
}

type SessionHealth = { readonly id: string } & LogHealth;

export const verifyCommand: CommandEntry = (program, act) => {
  program
    .command('verify')
    .summary('check every line of the log and every stored content')
    .option('--all', 'every session; so it is without --session too')
    .option('--session [id]', 'only this session; without an id the open one, else the newest')
    .option('--quick', 'trust checksums and chain, and do not parse what they vouch for')
    .option('--no-content', 'leave out the stored contents')
    .addHelpText(
      'after',
      `
Writes nothing. Damage is told by file, line and byte range, with the events that were lost there.
Exit codes: 0 all is sound, 1 damage was found (or it could not be checked: then the reason stands on standard error and
nothing on standard output), 2 the command was not given right.`,
    )
    .action(
      act(async (run, options: VerifyWords) => {
        if (options.all === true && options.session !== undefined) throw usageError('Give --all or --session, not both');
        const workspace = await run.workspace();
        const ids =
          options.session === undefined
            ? await listSessionIds(workspace.layout)
            : [await chooseSession(workspace, options.session === true ? undefined : options.session)];
        if (ids.length === 0) throw new CliError(1, 'no-session', `Nothing has been recorded in ${workspace.folder}`);
        const sessions = await verifySessions(run, workspace, ids, options.quick === true);
        const content = options.content ? await verifyContent(workspace) : undefined;
        const isSound = sessions.every((health) => health.isSound) && (content === undefined || content.damage.length === 0);
        await run.output.answer({ isSound, sessions, content: content ?? null }, [
          ...sessions.flatMap((health) => [
            ...describeHealth(health).map((line, index) => (index === 0 ? `${health.id}: ${line}` : `  ${line}`)),
            ...describeNextSteps(health),
          ]),
          ...(content === undefined
            ? []
            : [
                `Contents: ${content.contents} in ${content.storedBytes} bytes, ${content.damage.length === 0 ? 'all sound' : `${content.damage.length} damaged`}`,
                ...content.damage.map(describeContentDamage).map((line) => `  ${line}`),
              ]),
        ]);
        return isSound ? 0 : 1;
      }),
    );
};

/** A person who waits longer is told how far it is. */
const tellEveryMs = 3000;

async function verifySessions(run: CommandRun, workspace: Workspace, ids: readonly string[], isQuick: boolean): Promise<SessionHealth[]> {
  const crew = openScanCrew({ lanes: Math.min(4, availableParallelism()), start: run.process.startScanThread });
  let toldAt = performance.now();
  try {
    const sessions: SessionHealth[] = [];
    for (const id of ids) {
      const health = await verifySession({
        layout: workspace.layout,
        session: id,
        depth: isQuick ? 'bytes' : 'fields',
        scanner: crew,
        onProgress({ sizeBytes, totalBytes }) {
          if (!run.process.isInteractive || performance.now() - toldAt < tellEveryMs) return;
          toldAt = performance.now();
          run.output.note(`${id}: ${Math.floor((sizeBytes / totalBytes) * 100)} % checked`);
        },
      });
      sessions.push({ id, ...health });
    }
    return sessions;
  } finally {
    crew.dispose();
  }
}

async function verifyContent(workspace: Workspace): Promise<ContentHealth> {
  const store = await openContentStore({ layout: workspace.layout, digest: nodeDigest, writer: createWriterId() });
  try {
    return await store.verify();
  } finally {
    await store.close();
  }
}
