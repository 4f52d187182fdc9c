import { existsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openLogWorker, type LogWorker } from '../../src/services/logWorker.ts';
import { nodeDigest } from '../../src/store/digest.ts';
import { linesOf, noted, openLogRoom, sessionId, type LogRoom } from '../store/logRoom.ts';
import { buildWorker, type BuiltWorker } from './builtWorker.ts';

let built: BuiltWorker;
let folder: string;
let program: string;
let room: LogRoom;
let worker: LogWorker | undefined;
const traces: string[] = [];

beforeAll(async () => {
  built = await buildWorker();
  ({ folder, program } = built);
});
afterAll(() => built.remove());
beforeEach(async () => {
  traces.length = 0;
  room = await openLogRoom();
  await room.writeSegment(
    'aaaa-0001.jsonl',
    linesOf(Array.from({ length: 9000 }, (_, index) => noted('aaaa', index + 1, index, `needle ${index} ${'straw '.repeat(30)}`))).join(''),
  );
});
afterEach(async () => {
  worker?.dispose();
  await room.close();
});

const open = (given: string | undefined, idleMs?: number): LogWorker => {
  worker = openLogWorker({
    digest: nodeDigest,
    program: given,
    onTrace: (message) => traces.push(message),
    ...(idleMs !== undefined && { idleMs }),
  });
  return worker;
};
const question = (text: string, sessions?: readonly string[]) =>
  ({ ask: 'search', root: room.layout.root, query: { text }, count: 3, ...(sessions && { sessions }) }) as const;
const found = async (asked: LogWorker, text = 'needle'): Promise<string[]> => (await asked.ask(question(text))).hits.map(({ id }) => id);
const newest = ['aaaa.9000', 'aaaa.8999', 'aaaa.8998'];

async function writeProgram(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

describe('work on logs', () => {
  it('[L28] is done in a thread, which rests when nothing is asked, and begins again', async () => {
    const asked = open(program, 1);
    expect(await found(asked)).toEqual(newest);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await found(asked)).toEqual(newest);
    expect((await asked.ask(question('needle', [sessionId]))).next).toEqual({
      session: sessionId,
      mark: expect.objectContaining({ n: 8998 }),
    });
    expect(traces).toEqual([]);
  });

  it('[L28] is done here where there is no thread, where its program is not there, and where it ends at once', async () => {
    const broken = await writeProgram('broken.js', 'throw new Error("broken")');
    const ending = await writeProgram('ending.js', 'require("node:worker_threads").parentPort.once("message", () => process.exit(0))');
    for (const given of [undefined, join(folder, 'nowhere.js'), broken, ending]) {
      const asked = open(given);
      expect(await found(asked)).toEqual(newest);
      expect(await found(asked, 'needle 17 ')).toEqual(['aaaa.18']);
      asked.dispose();
    }
  });

  it('[L28] that needs more memory than a thread may take is given up, and not done here', async () => {
    const greedy = await writeProgram(
      'greedy.js',
      'require("node:worker_threads").parentPort.once("message", () => { const all = []; for (;;) all.push(new Array(1e5).fill({})); })',
    );
    await expect(open(greedy).ask(question('needle'))).rejects.toThrow(/memory/);
  }, 60_000);

  it('[L28] is stopped by its signal and by disposing, in a thread and here, and the next question is answered', async () => {
    for (const given of [program, undefined]) {
      const asked = open(given);
      const stop = new AbortController();
      const stopped = asked.ask(question('nothing of this'), { signal: stop.signal });
      stop.abort(new Error('enough'));
      await expect(stopped).rejects.toThrow('enough');
      await expect(asked.ask(question('needle'), { signal: stop.signal })).rejects.toThrow('enough');
      expect(await found(asked)).toEqual(newest);
      const left = asked.ask(question('nothing of this'));
      asked.dispose();
      await expect(left).rejects.toThrow('Disposed');
      await expect(asked.ask(question('needle'))).rejects.toThrow('Disposed');
    }
  });

  it('[L29] makes the sidecars of all sessions, and finds the same with them', async () => {
    await room.writeSegment('aaaa-0002.jsonl', '');
    const asked = open(program);
    const before = await found(asked, 'needle 4321');
    const reports = await asked.ask({ ask: 'keep', root: room.layout.root });
    expect(reports.flatMap(({ made }) => made)).toEqual(['aaaa-0001.jsonl.lines', 'aaaa-0001.jsonl.search', 'aaaa-0001.jsonl.recall']);
    expect(await found(asked, 'needle 4321')).toEqual(before);
    expect(before).toEqual(['aaaa.4322']);
    asked.dispose();
    // Beside others' work none are made: each takes too long in one go.
    await rm(room.session.cache, { recursive: true });
    expect(await open(undefined).ask({ ask: 'keep', root: room.layout.root })).toEqual([]);
    expect(existsSync(room.session.cache)).toBe(false);
  });

  it('[L28] tells of a question that cannot be answered', async () => {
    await expect(open(program).ask({ ...question('needle'), sessions: ['../..'] })).rejects.toThrow('Not a session id');
  });
});
