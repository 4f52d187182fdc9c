import { execFileSync } from 'node:child_process';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { sourceKey } from '../../src/core/transcripts/adapter.ts';
import { readRecordPolicy } from '../../src/core/recordPolicy.ts';
import { transcriptAdapters } from '../../src/core/transcripts/table.ts';
import type { LoggedEvent } from '../../src/model/event.ts';
import { openAgentFollower } from '../../src/services/agentFollower.ts';
import { createJournal } from '../../src/services/journal.ts';
import { SourceSet } from '../../src/core/sourceSet.ts';
import { nodeDigest } from '../../src/store/digest.ts';
import { openLogReader } from '../../src/store/logReader.ts';
import { openLogWriter } from '../../src/store/logWriter.ts';
import { prepareRoot } from '../../src/store/layout.ts';
import { now, openImportRoom, type ImportRoom } from './importRoom.ts';

let room: ImportRoom;
beforeEach(async () => {
  room = await openImportRoom();
});
afterEach(() => room.close());

const kindsOf = (events: readonly LoggedEvent[]): string[] => events.map(({ kind }) => kind);
const happened = (event: LoggedEvent): string => ('happenedAt' in event ? event.happenedAt : undefined) ?? event.at;
const recordsOf = (events: readonly LoggedEvent[]): string[] =>
  events.flatMap((event) => ('src' in event && event.src !== undefined ? [sourceKey(event.src)] : []));

async function allEvents(): Promise<LoggedEvent[]> {
  const all: LoggedEvent[] = [];
  for (const { id } of await room.sessions.list()) all.push(...(await room.events(id)));
  return all;
}

describe('sessions that nobody recorded', () => {
  test('[A72] tell each fact once, however many imports are at work at the same moment', async () => {
    await room.lay('claude', 'tools-and-resume');
    await room.lay('codex', 'edits-and-resume');
    const reports = await Promise.all([1, 2, 3].map(() => room.import()));
    expect(reports.filter(({ events }) => events > 0)).toHaveLength(1);
    expect(reports.flatMap(({ sessions }) => sessions)).toHaveLength(1);
    const records = recordsOf(await allEvents());
    expect(new Set(records).size).toBe(records.length);
    expect(await readdir(room.layout.imports)).toEqual([]);
  });

  test('[A50] are made of the transcripts of this workspace, with their own times, and marked', async () => {
    await room.lay('claude', 'tools-and-resume');
    await room.lay('codex', 'edits-and-resume');
    await room.lay('codex', 'legacy', '/somewhere/else');
    const report = await room.import();
    expect(report).toMatchObject({ transcripts: 2, known: 0, damaged: 0, failed: [], isCancelled: false, commits: 0 });
    expect(report.runs.map(({ agent }) => agent).sort()).toEqual(['claude', 'codex']);
    expect(report.sessions).toHaveLength(1);
    const [session] = report.sessions;
    const events = await room.events(session!);
    expect(events[0]).toMatchObject({ kind: 'session.started', session, at: '2026-11-20T22:29:10.673Z', by: { actor: 'system' } });
    expect(events.at(-1)).toMatchObject({ kind: 'session.ended', reason: 'idle', at: events.at(-2)!.at });
    expect(events.every((event) => 'reconstructed' in event && event.reconstructed === true)).toBe(true);
    expect(events.map(happened)).toEqual(events.map(happened).sort());
    expect(events.every((event) => !('happenedAt' in event))).toBe(true);
    expect(report.events).toBe(events.length - 2);
    // One writer: what fits into memory is sorted there.
    expect(new Set(events.map(({ w }) => w)).size).toBe(1);
    const read = events.filter((event) => event.kind === 'file.read');
    expect(read.length).toBeGreaterThan(0);
    expect(read.every(({ path }) => !path.startsWith('/'))).toBe(true);
    expect(await room.sessions.list()).toMatchObject([{ id: session, isReconstructed: true, endReason: 'idle' }]);
    const reader = await openLogReader({ layout: room.layout, session: session!, digest: nodeDigest });
    expect(await reader.verify()).toMatchObject({ damage: [] });
    reader.dispose();
  });

  test('[A50] are made once: a second import adds nothing, and a transcript that has grown adds what is new', async () => {
    const path = await room.lay('claude', 'tools-and-resume');
    await room.lay('claude', 'fork');
    await room.lay('codex', 'edits-and-resume');
    const text = await readFile(path, 'utf8');
    const lines = text.trimEnd().split('\n');
    await writeFile(path, `${lines.slice(0, 40).join('\n')}\n`);
    const first = await room.import();
    expect(first.sessions).toHaveLength(1);
    const again = await room.import();
    expect(again).toMatchObject({ sessions: [], events: 0, runs: [] });
    expect(again.known).toBeGreaterThan(0);
    await writeFile(path, text);
    const grown = await room.import();
    expect(grown.sessions.length).toBeGreaterThan(0);
    expect((await room.import()).events).toBe(0);
    const events = await allEvents();
    const records = recordsOf(events);
    expect(new Set(records).size).toBe(records.length);

    const other = await openImportRoom();
    await other.lay('claude', 'tools-and-resume');
    await other.lay('claude', 'fork');
    await other.lay('codex', 'edits-and-resume');
    await other.import();
    const [card] = await other.sessions.list();
    const inOneGo = await other.events(card!.id);
    await other.close();
    // Whoever goes on in a later session is said to go on there; beside that it is the same.
    const own = (all: readonly LoggedEvent[]): string[] => recordsOf(all).filter((record) => !record.includes('/joined/'));
    const place = (record: string): string => record.replace(/tapedeck-import-\w+/, '').replace(/^.*(?=\/projects\/|\/sessions\/)/, '');
    expect(new Set(own(events).map(place))).toEqual(new Set(own(inOneGo).map(place)));
  });

  test('[A50] tell of a fork what is its own, and of the original what both hold', async () => {
    await room.lay('claude', 'tools-and-resume');
    await room.lay('claude', 'fork');
    const report = await room.import();
    const events = await room.events(report.sessions[0]!);
    const firstPrompts = events.filter((event) => event.kind === 'prompt.submitted' && event.turn === 1);
    expect(firstPrompts).toMatchObject([{ run: '625d02c2-b83d-4f46-acf4-05a0bb32300e' }]);
    expect(events.filter(({ kind }) => kind === 'run.forked')).toHaveLength(1);
  });

  test('[A50] are cut where nothing was done for longer than the idle hours; a run that goes on is said to', async () => {
    await room.lay('codex', 'edits-and-resume');
    await room.lay('codex', 'legacy');
    const report = await room.import({ idleHours: 1 });
    expect(report.sessions).toHaveLength(2);
    expect((await room.sessions.list()).map(({ startedAt }) => startedAt)).toEqual([
      '2026-11-21T02:23:04.755Z',
      '2026-11-20T22:29:10.673Z',
    ]);
    const shorter = await openImportRoom();
    await shorter.lay('claude', 'tools-and-resume');
    const cut = await shorter.import({ idleHours: 30 / 3600 });
    expect(cut.sessions).toHaveLength(2);
    for (const session of cut.sessions.slice(1))
      expect((await shorter.events(session))[1]).toMatchObject({
        kind: 'run.resumed',
        agent: 'claude',
        run: '625d02c2-b83d-4f46-acf4-05a0bb32300e',
      });
    await shorter.close();
  });

  test('[A50] leave out what was recorded live, what a recorder is about to tell, and times at which recording was paused', async () => {
    await room.lay('claude', 'tools-and-resume');
    await room.lay('codex', 'edits-and-resume');
    await prepareRoot(room.layout);
    const clock = { now: () => now };
    const writer = await openLogWriter({ layout: room.layout, session: '20261120-222900-live', clock, digest: nodeDigest });
    const journal = createJournal(writer, '20261120-222900-live');
    const pausedFrom = '2026-11-20T22:59:00.000Z';
    await journal.record({
      kind: 'session.started',
      by: { actor: 'user', how: 'stated' },
      session: '20261120-222900-live',
      folders: [],
      at: '2026-11-20T22:29:00.000Z',
    });
    const follower = await openAgentFollower({
      folders: [{ name: 'work space', path: room.workspace }],
      env: room.environment,
      adapters: transcriptAdapters.filter(({ id }) => id === 'codex'),
      since: 0,
      journal,
      sources: new SourceSet(),
      digest: nodeDigest,
      clock,
    });
    await follower.flush();
    await follower.close();
    await journal.record({ kind: 'capture.paused', by: { actor: 'user', how: 'stated' }, at: pausedFrom });
    await journal.record({
      kind: 'session.ended',
      by: { actor: 'user', how: 'stated' },
      reason: 'command',
      at: '2026-11-20T22:59:30.000Z',
    });
    await writer.close();

    const liveFrom = Date.parse('2026-11-20T23:00:21.000Z');
    const report = await room.import({ liveFrom });
    expect(report.runs.map(({ agent }) => agent)).toEqual(['claude']);
    expect(report.known).toBeGreaterThan(40);
    expect(report.live).toBeGreaterThan(0);
    expect(report.paused).toBeGreaterThan(0);
    const events = await room.events(report.sessions[0]!);
    expect(events.every((event) => Date.parse(event.at) < liveFrom)).toBe(true);
    expect(events.every(({ at }) => at < pausedFrom || at >= '2026-11-20T22:59:30.000Z')).toBe(true);
    // The session that was ended and one that was made later are never gone on with.
    const open = await room.sessions.startOrJoin();
    expect(open.isNew).toBe(true);
    await open.close();
  });

  test('[A50] leave out the runs that the user wants no record of, and what these set to work, also where a log alone says so', async () => {
    await room.lay('claude', 'tools-and-resume');
    await room.lay('claude', 'sub-agent');
    await room.lay('codex', 'edits-and-resume');
    const { policy } = readRecordPolicy([{ action: 'deny', agent: 'claude', kind: 'main' }]);
    const dry = await room.import({ policy, isDryRun: true });
    expect(dry.runs.map(({ agent }) => agent)).toEqual(['codex']);
    expect(dry.withheld).toBeGreaterThan(100);

    const session = '20261120-222900-live';
    const writer = await openLogWriter({ layout: room.layout, session, clock: { now: () => now }, digest: nodeDigest });
    const journal = createJournal(writer, session);
    const by = { actor: 'agent', name: 'codex', run: '01a1fb13-f12d-7eb2-acee-126edc7f8efb', how: 'transcript' } as const;
    const at = '2026-11-20T22:00:00.000Z';
    await journal.record({ kind: 'session.started', by: { actor: 'user', how: 'stated' }, session, folders: [], at });
    await journal.record({ kind: 'run.started', by, run: by.run, agent: 'codex', notRecorded: 'rule 1', at });
    await writer.close();
    const report = await room.import({ policy });
    expect(report).toMatchObject({ sessions: [], events: 0, runs: [] });
  });

  test('[A50] take in the commits that were made meanwhile, with the runs that were at work, once', async () => {
    room.git('init', '-q', '-b', 'main');
    await writeFile(join(room.workspace, 'a.txt'), 'a\n');
    room.git('add', '-A');
    room.git('commit', '-qm', 'Mend it');
    await room.lay('codex', 'edits-and-resume');
    const report = await room.import();
    expect(report.commits).toBe(1);
    const events = await room.events(report.sessions[0]!);
    expect(events.filter(({ kind }) => kind === 'git.committed')).toMatchObject([
      {
        subject: 'Mend it',
        runs: ['01a1fb13-f12d-7eb2-acee-126edc7f8efb'],
        by: { actor: 'git', how: 'git' },
        at: '2026-11-20T22:29:30.000Z',
      },
    ]);
    expect(await room.import()).toMatchObject({ commits: 0, events: 0, sessions: [] });
    expect(execFileSync('git', ['status', '--porcelain'], { cwd: room.workspace, encoding: 'utf8' })).toBe('');
  });

  test('[A50] are made of git’s history alone where no agent was at work and nothing was recorded', async () => {
    room.git('init', '-q', '-b', 'main');
    await writeFile(join(room.workspace, 'a.txt'), 'a\n');
    room.git('add', '-A');
    room.git('commit', '-qm', 'First');
    const report = await room.import();
    expect(report).toMatchObject({ commits: 1, transcripts: 0, runs: [] });
    expect(kindsOf(await room.events(report.sessions[0]!))).toEqual(['session.started', 'git.committed', 'session.ended']);
    expect(await room.import()).toMatchObject({ commits: 0, sessions: [] });
  });

  test('[A50] need bounded memory: what does not fit is written by further writers, and reads in the same order', async () => {
    await room.lay('claude', 'tools-and-resume');
    await room.lay('codex', 'edits-and-resume');
    const report = await room.import({ budgetBytes: 4000 });
    const events = await room.events(report.sessions[0]!);
    expect(new Set(events.map(({ w }) => w)).size).toBeGreaterThan(3);
    expect(events[0]!.kind).toBe('session.started');
    expect(events.at(-1)!.kind).toBe('session.ended');
    expect(events.map(happened)).toEqual(events.map(happened).sort());
    expect(events.every((event) => !('happenedAt' in event))).toBe(true);
    expect((await room.import()).events).toBe(0);
  });

  test('[A50] can be called off: what was read is written, and the next import brings the rest', async () => {
    await room.lay('codex', 'edits-and-resume');
    await room.lay('claude', 'tools-and-resume');
    const stopping = new AbortController();
    const report = await room.import({
      signal: stopping.signal,
      onProgress: ({ phase, doneFiles }) => {
        if (phase === 'writing' && doneFiles === 1) stopping.abort();
      },
    });
    expect(report.isCancelled).toBe(true);
    expect(report.sessions).toHaveLength(1);
    expect((await room.sessions.list())[0]?.endedAt).toBeDefined();
    const rest = await room.import();
    expect(rest.runs).toHaveLength(1);
    expect((await room.import()).events).toBe(0);
    const records = recordsOf(await allEvents());
    expect(new Set(records).size).toBe(records.length);
  });

  test('[A50] are gone on with by nobody, not while they are made either', async () => {
    const session = '20261231-235900-past';
    const writer = await openLogWriter({ layout: room.layout, session, clock: { now: () => now }, digest: nodeDigest });
    const at = '2026-12-31T23:59:00.000Z';
    await createJournal(writer, session).record({
      kind: 'session.started',
      by: { actor: 'system', how: 'stated' },
      session,
      folders: [],
      at,
      reconstructed: true,
    });
    await writer.close();
    expect(await room.sessions.list()).toMatchObject([{ id: session, isReconstructed: true }]);
    expect(await room.sessions.current()).toBeUndefined();
    const open = await room.sessions.startOrJoin();
    expect(open.id).not.toBe(session);
    await open.close();
  });

  test('[A50] can be counted before, and then nothing is written', async () => {
    await room.lay('codex', 'edits-and-resume');
    const report = await room.import({ isDryRun: true });
    expect(report.sessions).toEqual([]);
    expect(report.stretches).toHaveLength(1);
    expect(report.events).toBeGreaterThan(40);
    await expect(stat(room.layout.root)).rejects.toThrow('ENOENT');
    expect((await room.import()).events).toBe(report.events);
  });

  test('[A50] cost a transcript that cannot be read alone, and say so', async () => {
    await room.lay('codex', 'edits-and-resume');
    const path = await room.lay('claude', 'tools-and-resume');
    const { transcripts } = await import('../../src/services/transcriptListing.ts').then(({ listTranscripts }) =>
      listTranscripts(transcriptAdapters, room.environment),
    );
    const gone = transcripts.map((transcript) =>
      transcript.file.path === path ? { ...transcript, file: { ...transcript.file, path: `${path}.gone` } } : transcript,
    );
    const report = await room.import({ transcripts: gone });
    expect(report.failed).toEqual([{ path: `${path}.gone`, reason: 'ENOENT' }]);
    expect(report.runs).toHaveLength(1);
    expect(await readdir(room.layout.sessions)).toHaveLength(1);
  });
});
