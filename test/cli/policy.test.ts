import { appendFile, mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { layTranscript } from '../services/agentRoom.ts';
import { bundleCli, openCliRoom, waitFor, type CliRoom } from './cliRoom.ts';

let bundle: Awaited<ReturnType<typeof bundleCli>>;
let room: CliRoom;
let home: string;
let environment: Record<string, string>;
beforeAll(async () => {
  bundle = await bundleCli();
}, 60_000);
afterAll(() => bundle.remove());
beforeEach(async () => {
  room = await openCliRoom(bundle.path);
  home = await mkdtemp(join(tmpdir(), 'tapedeck-home-'));
  // On every platform the user's folder of VS Code lies below it.
  environment = { HOME: home, USERPROFILE: home, APPDATA: home, VSCODE_PORTABLE: join(home, 'portable') };
});
afterEach(async () => {
  await room.close();
  await rm(home, { recursive: true, force: true, maxRetries: 5 });
});

const claude = join(
  import.meta.dirname,
  '../fixtures/transcripts/claude/tools-and-resume/-home-devuser-projects-gen5-proj-cc/625d02c2-b83d-4f46-acf4-05a0bb32300e.jsonl',
);
const layClaude = async (): Promise<unknown> =>
  layTranscript(claude, join(home, '.claude', 'projects', 'any', '625d02c2-b83d-4f46-acf4-05a0bb32300e.jsonl'), [
    ['/home/devuser/projects/gen5/proj_cc', await realpath(room.folder)],
  ]);
const userSettings = async (text: string): Promise<void> => {
  const file = join(home, 'portable', 'user-data', 'User', 'settings.json');
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
};

describe('the record policy on the command line', { timeout: 60_000 }, () => {
  it('[A71] imports by the user’s rules before the workspace’s, and by a named file’s instead of both', async () => {
    await layClaude();
    await userSettings('{\n  // Not here.\n  "tapedeck.recordPolicy": [{ "action": "deny", "agent": "claude" },],\n}\n');
    await room.write('.vscode/settings.json', '{ "tapedeck.recordPolicy": [{ "action": "allow", "agent": "claude" }] }');
    const denied = await room.run(['import', '--no-git', '--json'], { environment });
    expect(denied.json()).toMatchObject({ ok: true, sessions: [], events: 0 });
    expect((denied.json() as { withheld: number }).withheld).toBeGreaterThan(0);
    expect((await room.run(['end'], { environment })).code).toBe(1);
    await room.write('rules.json', '[{ "action": "allow" }]');
    const allowed = await room.run(['import', '--no-git', '--json', '--policy', 'rules.json'], { environment });
    expect(allowed.json()).toMatchObject({ ok: true, sessions: [expect.any(String)], withheld: 0 });
  });

  it('[A71] keeps everything out where settings that name the policy cannot be read, and refuses a file that is no policy', async () => {
    await layClaude();
    await userSettings('{ "editor.fontSize": 12, ');
    await room.write('.vscode/settings.json', '{ "tapedeck.recordPolicy": [');
    const broken = await room.run(['import', '--no-git', '--json'], { environment });
    expect(broken.json()).toMatchObject({ ok: true, sessions: [] });
    expect(broken.err).toContain('so nothing of agents is recorded');
    expect(broken.err).not.toContain('user-data');
    await room.write('rules.json', '[{ "action": "forbid" }]');
    for (const [file, why] of [
      ['rules.json', 'rule 1'],
      ['none.json', 'There is no'],
      ['.vscode/settings.json', 'it is no JSON'],
    ] as const) {
      const refused = await room.run(['import', '--policy', file], { environment });
      expect(refused).toMatchObject({ code: 1, err: expect.stringContaining(why) as string });
    }
  });

  it('[A71] records by it: of a run that is denied nothing but that', async () => {
    await room.write('.vscode/settings.json', '{ "tapedeck.recordPolicy": [{ "action": "deny", "agent": "codex" }] }');
    const running = room.start(['record', '--json'], { environment });
    await waitFor(() => running.out().includes('"state":"recording"'), running.out);
    const folder = await realpath(room.folder);
    for (const [agent, thread] of [
      ['.codex', '019a0000-0000-7000-8000-000000000001'],
      ['.claude', '625d02c2-b83d-4f46-acf4-05a0bb32300e'],
    ] as const) {
      const timestamp = new Date().toISOString();
      const codex = join(home, '.codex/sessions/2026/01/02', `rollout-1-${thread}.jsonl`);
      const file = agent === '.codex' ? codex : join(home, '.claude/projects/any', `${thread}.jsonl`);
      await mkdir(dirname(file), { recursive: true });
      const lines =
        agent === '.codex'
          ? [
              { timestamp, type: 'session_meta', payload: { id: thread, cwd: folder, cli_version: '1' } },
              { timestamp, type: 'event_msg', payload: { type: 'user_message', message: 'A secret wish' } },
            ]
          : [
              {
                type: 'user',
                uuid: 'u1',
                sessionId: thread,
                cwd: folder,
                timestamp,
                version: '2.0.0',
                message: { role: 'user', content: 'An open wish' },
              },
            ];
      await appendFile(file, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    }
    const log = async (): Promise<string> => (await room.run(['log', '--json'], { environment })).out;
    await waitFor(async () => (await log()).includes('An open wish') && (await log()).includes('"notRecorded"'), running.out);
    await running.stop('SIGINT');
    expect(await log()).not.toContain('A secret wish');
  });
});
