import { appendFile, mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ToldPathMap } from '../../src/services/toldPathMap.ts';
import type { LoggedEvent } from '../../src/model/event.ts';
import { fixturesOf } from '../core/transcripts/adapterContract.ts';
import { layTranscript, openAgentRoom, type AgentRoom } from './agentRoom.ts';

let room: AgentRoom;
beforeEach(async () => {
  room = await openAgentRoom();
});
afterEach(async () => {
  await room.close();
});

const thread = '019a0000-0000-7000-8000-000000000001';
const second = (n: number): string => new Date(Date.UTC(2026, 0, 2) + n * 1000).toISOString();
const json = (value: object): string => `${JSON.stringify(value)}\n`;
const meta = (cwd: string, id = thread): string =>
  json({ timestamp: second(0), type: 'session_meta', payload: { id, cwd, cli_version: '1' } });
const prompt = (n: number, message: string): string =>
  json({ timestamp: second(n), type: 'event_msg', payload: { type: 'user_message', message } });
const kinds = (events: readonly LoggedEvent[]): readonly string[] => events.map((event) => event.kind);
const heads = (events: readonly LoggedEvent[]): readonly string[] =>
  events.flatMap((event) => (event.kind === 'prompt.submitted' ? [event.text.head] : []));

async function layCodex(text: string, name = `rollout-1-${thread}.jsonl`, day = '2026/01/02'): Promise<string> {
  const path = join(room.codexFolder, day, name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
  return path;
}

describe('the follower of agents', () => {
  test('[A19] records what an agent writes while it works', async () => {
    const path = await layCodex(meta(room.workspace));
    await room.follow();
    await appendFile(path, prompt(1, 'one'));
    await room.until((event) => event.kind === 'prompt.submitted' && event.text.head === 'one');
    await appendFile(path, prompt(2, 'two'));
    await room.until((event) => event.kind === 'prompt.submitted' && event.text.head === 'two');
    expect(kinds(await room.events())).toEqual(['run.started', 'prompt.submitted', 'prompt.submitted']);
    expect((await room.events())[1]).toMatchObject({ run: thread, turn: 1, by: { actor: 'user' }, src: { file: path } });
    expect(room.errors).toEqual([]);
  });

  test("[A19] notices an agent's folder that was not there, and new folders in it", async () => {
    await room.follow();
    await layCodex(meta(room.workspace) + prompt(1, 'first'));
    await room.until((event) => event.kind === 'prompt.submitted');
    await layCodex(meta(room.workspace, 'another') + prompt(1, 'next day'), 'rollout-2.jsonl', '2026/01/03');
    await room.until((event) => event.kind === 'prompt.submitted' && event.text.head === 'next day');
    const enc = join(room.claudeFolder, 'enc');
    await mkdir(enc, { recursive: true });
    await writeFile(
      join(enc, 's1.jsonl'),
      json({ type: 'user', uuid: 'u1', cwd: room.workspace, timestamp: second(3), message: { content: 'to claude' } }),
    );
    await room.until((event) => event.kind === 'prompt.submitted' && event.text.head === 'to claude');
  });

  test('[A19] finds what grows without the help of a watcher', async () => {
    const path = await layCodex(meta(room.workspace) + prompt(1, 'one'));
    const follower = await room.follow({ times: { pollMs: 30 } });
    await follower.flush();
    // A rename over the file is what watchers lose most.
    await writeFile(`${path}.new`, meta(room.workspace) + prompt(1, 'one') + prompt(2, 'two'));
    await rename(`${path}.new`, path);
    await room.until((event) => event.kind === 'prompt.submitted' && event.text.head === 'two');
    expect(heads(await room.events())).toEqual(['one', 'two']);
  });

  test('[A20] follows only runs at work in the workspace', async () => {
    await layCodex(meta(room.workspace) + prompt(1, 'inside'), 'rollout-1.jsonl');
    await layCodex(meta(join(room.workspace, 'packages', 'a'), 't2') + prompt(1, 'below'), 'rollout-2.jsonl');
    await layCodex(meta(dirname(room.workspace), 't3') + prompt(1, 'above'), 'rollout-3.jsonl');
    await layCodex(meta(`${room.workspace}-2`, 't4') + prompt(1, 'beside'), 'rollout-4.jsonl');
    await layCodex(meta(`${room.workspace}/../elsewhere`, 't5') + prompt(1, 'escaped'), 'rollout-5.jsonl');
    const follower = await room.follow();
    await follower.flush();
    expect([...heads(await room.events())].sort()).toEqual(['below', 'inside']);
    expect(new Set(follower.runs().map((run) => run.run.run))).toEqual(new Set([thread, 't2']));
  });

  test('[A20] knows the workspace by its real path and by the link through which it was opened', async () => {
    const link = join(dirname(room.workspace), 'link');
    await symlink(room.workspace, link, 'junction');
    await layCodex(meta(room.workspace) + prompt(1, 'real'), 'rollout-1.jsonl');
    await layCodex(meta(link, 't2') + prompt(1, 'linked'), 'rollout-2.jsonl');
    const follower = await room.follow({ folders: [{ name: 'link', path: link }] });
    await follower.flush();
    expect([...heads(await room.events())].sort()).toEqual(['linked', 'real']);
  });

  test('[A20] names files as the log does and leaves out what lies elsewhere', async () => {
    const call = (input: string): string =>
      json({
        timestamp: second(2),
        type: 'response_item',
        payload: { type: 'custom_tool_call', name: 'apply_patch', call_id: 'c', input },
      });
    const files = ['src/a.ts', join(room.workspace, 'b c.ts'), '../outside.ts', '/etc/passwd', 'src/../../../x', '.git/config'];
    const patch = ['*** Begin Patch', ...files.flatMap((file) => [`*** Add File: ${file}`, '+x']), '*** End Patch'].join('\n');
    await layCodex(meta(room.workspace) + prompt(1, 'go') + call(patch));
    const follower = await room.follow();
    await follower.flush();
    const called = (await room.events()).find((event) => event.kind === 'tool.called');
    expect(called).toMatchObject({ paths: ['src/a.ts', 'b c.ts'] });
    expect(called?.kind === 'tool.called' && called.edits?.map((edit) => edit.path)).toEqual(['src/a.ts', 'b c.ts']);
  });

  test('[A21] records each fact once over restarts', async () => {
    const path = await layCodex(meta(room.workspace) + prompt(1, 'one'));
    const first = await room.follow();
    await first.flush();
    await first.close();
    await appendFile(path, prompt(2, 'while nobody looked') + prompt(3, 'half').slice(0, 20));
    const next = await room.follow();
    await next.flush();
    await appendFile(path, prompt(3, 'half').slice(20));
    await next.flush();
    expect(heads(await room.events())).toEqual(['one', 'while nobody looked', 'half']);
    expect((await room.events()).at(-1)).toMatchObject({ turn: 3 });
  });

  test('[A21] records nothing twice when a file is replaced by its migrated form', async () => {
    const [legacy, migrated] = ['legacy', 'legacy-migrated'].map((scenario) =>
      fixturesOf('codex').find((fixture) => fixture.scenario === scenario)!,
    );
    const path = join(room.codexFolder, legacy!.relative);
    const words = [['/home/devuser/projects/demo', room.workspace]] as const;
    await layTranscript(legacy!.path, path, words);
    const follower = await room.follow();
    await follower.flush();
    const before = await room.events();
    expect(before.length).toBe(42);
    await layTranscript(migrated!.path, `${path}.tmp`, words);
    await rename(`${path}.tmp`, path);
    await follower.flush();
    expect(await room.events()).toEqual(before);
    expect(follower.runs()[0]!.records).toBeGreaterThan(0);
  });

  test('[A21] counts the turns of a run on over the files that it fills', async () => {
    const segment = `rollout-2-${thread}_019b0000-0000-7000-8000-000000000001.jsonl`;
    await layCodex(meta(room.workspace) + prompt(1, 'one') + prompt(2, 'two'));
    await layCodex(meta(room.workspace) + prompt(5, 'two, said better'), segment);
    const follower = await room.follow();
    await follower.flush();
    const events = await room.events();
    expect(kinds(events)).toEqual(['run.started', 'prompt.submitted', 'prompt.submitted', 'run.rewound', 'prompt.submitted']);
    expect(events.map((event) => ('turn' in event ? event.turn : undefined))).toEqual([undefined, 1, 2, undefined, 3]);
    expect(new Set(events.map((event) => 'run' in event && event.run))).toEqual(new Set([thread]));
  });

  test('[A21] records of a fork only what is its own', async () => {
    const names = ['tools-and-resume', 'fork'].map((scenario) => fixturesOf('claude').find((fixture) => fixture.scenario === scenario)!);
    const words = [['/home/devuser/projects/gen5/proj_cc', room.workspace]] as const;
    for (const fixture of names) await layTranscript(fixture.path, join(room.claudeFolder, fixture.relative), words);
    const follower = await room.follow();
    await follower.flush();
    const events = await room.events();
    expect(heads(events).filter((head) => head.startsWith('Fix the bug'))).toHaveLength(1);
    expect(events.filter((event) => event.kind === 'run.forked')).toMatchObject([
      { from: names[0]!.relative.split('/').at(-1)!.slice(0, -6) },
    ]);
    const written = events.filter((event) => event.kind === 'usage.reported' && event.response === 'msg_mock00004');
    expect(written).toHaveLength(1);
  });

  test('[A22] reads what is older to understand what follows, and does not record it', async () => {
    await layCodex(meta(room.workspace) + prompt(1, 'before') + prompt(10, 'after'));
    const follower = await room.follow({ since: Date.parse(second(5)) });
    await follower.flush();
    expect(await room.events()).toMatchObject([
      { kind: 'run.resumed', agent: 'codex', run: thread, at: expect.any(String) },
      { kind: 'prompt.submitted', turn: 2, text: { head: 'after' } },
    ]);
  });

  test('[A22] leaves old transcripts alone until they grow', async () => {
    const fixture = fixturesOf('codex').find((entry) => entry.scenario === 'legacy')!;
    const path = join(room.codexFolder, fixture.relative);
    await layTranscript(fixture.path, path, [['/home/devuser/projects/demo', room.workspace]], new Date('2026-01-01'));
    const follower = await room.follow({ since: Date.parse('2026-12-01'), times: { scanMs: 40 } });
    await follower.flush();
    expect(follower.runs()).toEqual([]);
    await appendFile(
      path,
      json({ timestamp: '2026-12-02T00:00:00.000Z', type: 'event_msg', payload: { type: 'user_message', message: 'again' } }),
    );
    await room.until((event) => event.kind === 'prompt.submitted' && event.text.head === 'again');
    expect((await room.events()).find((event) => event.kind === 'prompt.submitted')).toMatchObject({ turn: 3 });
  });

  test('[A22] does not let the clock of a record run ahead', async () => {
    await layCodex(
      meta(room.workspace) +
        json({ timestamp: '2199-01-01T00:00:00.000Z', type: 'event_msg', payload: { type: 'user_message', message: 'from the future' } }),
    );
    const follower = await room.follow();
    await follower.flush();
    const fact = room.facts.find((entry) => entry.kind === 'prompt.submitted')!;
    expect(Math.abs(Date.parse(fact.at!) - Date.now())).toBeLessThan(10_000);
  });

  test('[A23] says damage and unknown records, and records what stands around them', async () => {
    const damage: object[] = [];
    await layCodex(
      `${meta(room.workspace)}{"timestamp":"2026-01-02T00:00:01.000Z","type":"event_m${prompt(1, 'one')}"words"\n${json({ timestamp: second(2), type: 'of_tomorrow', payload: {} })}${prompt(3, '<img src=x onerror=alert(1)>')}`,
    );
    const follower = await room.follow({ onDamage: (entry) => damage.push(entry) });
    await follower.flush();
    expect(heads(await room.events())).toEqual(['one', '<img src=x onerror=alert(1)>']);
    expect(damage).toMatchObject([{ reason: 'torn' }, { reason: 'not-an-object' }]);
    expect(follower.runs()).toMatchObject([{ agent: 'codex', damaged: 2, unknown: { of_tomorrow: 1 }, records: 4 }]);
  });

  test('[A23] goes on after a line of 50 MB', async () => {
    const huge = json({
      timestamp: second(2),
      type: 'response_item',
      payload: { type: 'function_call_output', call_id: 'c', output: 'x'.repeat(50_000_000) },
    });
    const path = await layCodex(meta(room.workspace) + prompt(1, 'one') + huge + prompt(3, 'two'));
    const damage: object[] = [];
    const follower = await room.follow({ onDamage: (entry) => damage.push(entry) });
    await follower.flush();
    expect(heads(await room.events())).toEqual(['one', 'two']);
    expect(damage).toMatchObject([{ path, reason: 'too-long', sizeBytes: huge.length - 1 }]);
  });

  test('[A23] goes on when a transcript or its folder is deleted', async () => {
    const path = await layCodex(meta(room.workspace) + prompt(1, 'one'));
    const follower = await room.follow({ times: { scanMs: 40 } });
    await follower.flush();
    await rm(path);
    await rm(room.codexFolder, { recursive: true });
    await follower.flush();
    await new Promise((resolve) => {
      setTimeout(resolve, 120);
    });
    await layCodex(meta(room.workspace, 't2') + prompt(5, 'again'), 'rollout-2.jsonl');
    await room.until((event) => event.kind === 'prompt.submitted' && event.text.head === 'again');
  });

  test('[A15] tells the tokens of the last message when the agent fell silent', async () => {
    const path = join(room.claudeFolder, 'enc', 's1.jsonl');
    await mkdir(dirname(path), { recursive: true });
    await writeFile(
      path,
      json({
        type: 'assistant',
        uuid: 'u1',
        requestId: 'q',
        cwd: room.workspace,
        timestamp: second(1),
        message: { id: 'm', model: 'opus', content: [], usage: { input_tokens: 1, output_tokens: 2 } },
      }),
    );
    await room.follow({ times: { pollMs: 20, quietMs: 60 } });
    await room.until((event) => event.kind === 'usage.reported');
    expect((await readFile(path)).length).toBeGreaterThan(0);
  });

  test('[A19] closes while it reads', async () => {
    await layCodex(meta(room.workspace) + Array.from({ length: 2000 }, (_, n) => prompt(n + 1, `p${n}`)).join(''));
    const follower = await room.follow();
    await follower.close();
    expect(room.errors).toEqual([]);
  });
});

describe('paths that agents told', () => {
  test.each([
    ['win32', 'C:\\Code', 'c:/code/SRC/a.ts', 'SRC/a.ts'],
    ['win32', 'C:\\Code', 'C:\\Code\\src\\a.ts', 'src/a.ts'],
    ['win32', 'C:\\Code', '/c/Code/src/a.ts', 'src/a.ts'],
    ['win32', 'C:\\Code', 'D:/Code/src/a.ts', undefined],
    ['win32', 'C:\\Code', 'C:/Codeshop/a.ts', undefined],
    ['win32', '\\\\server\\share\\code', '//server/share/code/a.ts', 'a.ts'],
    ['darwin', '/Users/Dev/Caf\u00e9', '/users/dev/Cafe\u0301/a.ts', 'a.ts'],
    ['linux', '/w', '/W/a.ts', undefined],
    ['linux', '/w', '/w', undefined],
    ['linux', '/w', '/w/.git/config', undefined],
    ['linux', '/w', '/w/a\\b', undefined],
    ['linux', '/w', '/w/../etc/passwd', undefined],
    ['linux', '/w', 'w/a', undefined],
    ['linux', '/w', '/w/a\u0000', undefined],
  ])('[A20] map on %s in %s: %j', async (platform, folder, told, path) => {
    const map = await ToldPathMap.open([{ name: 'work', path: folder }], platform);
    expect(await map.toWorkspacePath(told)).toBe(path);
  });

  test('[A20] name the other folders of the workspace, the deepest first', async () => {
    const map = await ToldPathMap.open(
      [
        { name: 'app', path: '/w/app' },
        { name: 'lib', path: '/w/app/lib' },
      ],
      'linux',
    );
    expect(await map.toWorkspacePath('/w/app/lib/a.ts')).toBe('//lib/a.ts');
    expect(await map.toWorkspacePath('/w/app/library/a.ts')).toBe('library/a.ts');
    expect(await map.contains('/w/app/lib')).toBe(true);
    expect(await map.contains('/w')).toBe(false);
  });
});
