import { appendFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { bundleCli, openCliRoom, type CliRoom } from './cliRoom.ts';

describe('tapedeck verify', { timeout: 120_000 }, () => {
  let bundle: Awaited<ReturnType<typeof bundleCli>>;
  let room: CliRoom;
  beforeAll(async () => {
    bundle = await bundleCli();
  });
  afterAll(() => bundle.remove());
  beforeEach(async () => {
    room = await openCliRoom(bundle.path);
    await room.run(['start', '--no-scan']);
    for (const text of ['first', 'second', 'third']) await room.run(['note', text]);
  });
  afterEach(() => room.close());

  const sessionFolder = async (): Promise<string> => {
    const sessions = join(room.folder, '.tapedeck', 'sessions');
    return join(sessions, (await readdir(sessions)).sort()[0]!);
  };
  /** The one writer's log, in lines without their newlines. */
  const segment = async (): Promise<{ path: string; lines: string[] }> => {
    const events = join(await sessionFolder(), 'events');
    const path = join(events, (await readdir(events))[0]!);
    return { path, lines: (await readFile(path, 'utf8')).split('\n') };
  };

  it('[X8] ends with 0 when all is sound, at both depths, for one session and for all', async () => {
    for (const words of [[], ['--all'], ['--session'], ['--quick'], ['--no-content']]) {
      const verified = await room.run(['verify', ...words]);
      expect([verified.code, verified.err]).toEqual([0, '']);
      expect(verified.out).toMatch(/: Sound: \d+ events by 1 writer in 1 file/);
    }
    expect((await room.run(['verify', '--json'])).json()).toMatchObject({
      isSound: true,
      sessions: [{ lost: 0, faults: [], depth: 'fields' }],
    });
  });

  it('[X8] ends with 1 when there is damage, and tells file, line, bytes, lost events and what to do', async () => {
    const { path, lines } = await segment();
    const damaged = lines.findIndex((line) => line.includes('second'));
    const from = lines.slice(0, damaged).join('\n').length + 1;
    lines[damaged] = lines[damaged]!.replace('second', 'forged');
    await writeFile(path, lines.join('\n'));
    const verified = await room.run(['verify']);
    expect(verified.code).toBe(1);
    expect(verified.out).toContain(`line ${damaged + 1}, bytes ${from} to ${from + lines[damaged].length}: the checksum does not match`);
    expect(verified.out).toMatch(/; event \w+\.\d+ is lost\n/);
    expect(verified.out).toContain('Nothing has to be repaired');
    const told = (await room.run(['verify', '--json'])).json() as { sessions: { faults: unknown[]; lost: number }[] };
    expect(told.sessions[0]).toMatchObject({
      lost: 1,
      faults: [{ reason: 'crc', line: damaged + 1, from, to: from + lines[damaged].length, lost: 1 }],
    });
    // Nothing was touched by looking.
    expect(await readFile(path, 'utf8')).toBe(lines.join('\n'));
  });

  it('[X8] names the copy of an end that was put aside before a writer went on', async () => {
    const { path } = await segment();
    await appendFile(path, '{"v":1,"w":"torn');
    expect((await room.run(['note', 'fourth'])).code).toBe(0);
    const verified = await room.run(['verify']);
    expect(verified.code).toBe(1);
    expect(verified.out).toMatch(/damaged\/\w+-0001\.jsonl\.\d+: a damaged end that was put aside, 16 bytes/);
    const [copy = ''] = await readdir(join(await sessionFolder(), 'damaged'));
    expect(await readFile(join(await sessionFolder(), 'damaged', copy), 'utf8')).toBe('{"v":1,"w":"torn');
    // The original has it still.
    expect(await readFile(path, 'utf8')).toContain('{"v":1,"w":"torn');
  });

  it('[X8] tells a writer of which no file is left', async () => {
    await rm((await segment()).path);
    const verified = await room.run(['verify', '--session', (await sessionFolder()).slice(-20)]);
    expect(verified.code).toBe(1);
    expect(verified.out).toMatch(/events \w+\.1 to \w+\.\d+: no longer there/);
  });

  it('[L33] `status` tells the trouble of another process, what it costs and what helps', async () => {
    const trouble = { message: 'The disk is full (ENOSPC).', reason: 'disk-full', since: '2026-01-01T10:00:00.000Z', waiting: 12, lost: 1 };
    const card = { writer: 'abcd1234', pid: process.pid, host: hostname(), startedAt: new Date().toISOString(), app: 'vscode', trouble };
    const recorders = join(room.folder, '.tapedeck', 'recorders');
    await mkdir(recorders, { recursive: true });
    await writeFile(join(recorders, 'abcd1234.json'), JSON.stringify(card));
    const { out } = await room.run(['status']);
    expect(out).toContain('not everything is recorded');
    expect(out).toContain('The disk is full (ENOSPC). 12 events wait in memory. 1 event found no room and is lost. Free some space.');
    expect((await room.run(['status', '--json'])).json()).toMatchObject({ state: 'degraded', troubles: [{ ...trouble, app: 'vscode' }] });
    // One that cannot say any more how it is, is not believed.
    await writeFile(join(recorders, 'abcd1234.json'), JSON.stringify({ ...card, pid: 2 ** 22 + 12_345 }));
    expect((await room.run(['status', '--json'])).json()).toMatchObject({ state: 'open', troubles: [] });
  });

  it('[X8] ends with 2 when it was not given right, and with 1 and a reason when nothing could be checked', async () => {
    const both = await room.run(['verify', '--all', '--session']);
    expect([both.code, both.out]).toEqual([2, '']);
    const unknown = await room.run(['verify', '--session', '19990101', '--json']);
    expect([unknown.code, unknown.out]).toEqual([1, '']);
    expect(JSON.parse(unknown.err)).toMatchObject({ ok: false, reason: 'no-session' });
    const empty = join(room.folder, 'empty');
    await mkdir(empty);
    const nothing = await room.run(['--dir', empty, '--json', 'verify']);
    expect([nothing.code, JSON.parse(nothing.err)]).toEqual([1, expect.objectContaining({ reason: 'no-session' })]);
  });
});
