import { openContentStore, type ContentHealth } from '../../store/contentStore.ts';
import { nodeDigest } from '../../store/digest.ts';
import { describeContentDamage, describeHealth } from '../../store/healthReport.ts';
import { verifySession, type LogHealth } from '../../store/logHealth.ts';
import { listSessionIds } from '../../store/sessionCard.ts';
import { createWriterId } from '../../store/writerClaim.ts';
import { CliError } from '../cliError.ts';
import type { CommandEntry } from '../command.ts';
import { chooseSession, type Workspace } from '../workspace.ts';

export const verifyCommand: CommandEntry = (program, act) => {
  program
    .command('verify')
    .summary('check every line of the log and every stored content')
    .option('--session <id>', 'only this session')
    .option('--no-content', 'leave out the stored contents')
    .action(
      act(async (run, options: { session?: string; content: boolean }) => {
        const workspace = await run.workspace();
        const ids =
          options.session === undefined ? await listSessionIds(workspace.layout) : [await chooseSession(workspace, options.session)];
        if (ids.length === 0) throw new CliError(1, 'no-session', `Nothing has been recorded in ${workspace.folder}`);
        const sessions: ({ readonly id: string } & LogHealth)[] = [];
        for (const id of ids)
          sessions.push(Object.assign({ id }, await verifySession({ layout: workspace.layout, session: id })));
        const content = options.content ? await verifyContent(workspace) : undefined;
        const isSound = sessions.every((health) => health.isSound) && (content === undefined || content.damage.length === 0);
        await run.output.answer({ isSound, sessions, content: content ?? null }, [
          ...sessions.flatMap((health) =>
            describeHealth(health).map((line, index) => (index === 0 ? `${health.id}: ${line}` : `  ${line}`)),
          ),
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

async function verifyContent(workspace: Workspace): Promise<ContentHealth> {
  const store = await openContentStore({ layout: workspace.layout, digest: nodeDigest, writer: createWriterId() });
  try {
    return await store.verify();
  } finally {
    await store.close();
  }
}
