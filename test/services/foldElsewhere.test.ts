import { appendFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { serializeState } from '../../src/core/fold.ts';
import { foldVersion, SessionFold } from '../../src/core/sessionFold.ts';
import { encodeInPieces, inOneGo } from '../../src/core/valueCodec.ts';
import { LogWork, type LogQuestion } from '../../src/services/logWork.ts';
import { openLogWorker, type LogWorker } from '../../src/services/logWorker.ts';
import { openSessionFeed, type SessionFeed } from '../../src/services/sessionFeed.ts';
import { foldSession, keptEvery, type CarriedFold, type Folded } from '../../src/services/sessionFolding.ts';
import { nodeDigest } from '../../src/store/digest.ts';
import { listFolds } from '../../src/store/foldSnapshot.ts';
import { segmentName } from '../../src/store/layout.ts';
import { mixedEvents } from '../bench/mixedLog.ts';
import { mixedTape } from '../core/mixedTape.ts';
import { linesOf, noted, notes, openLogRoom, sessionId, type LogRoom } from '../store/logRoom.ts';
import { buildWorker, type BuiltWorker } from './builtWorker.ts';
import { writeTape } from './writtenTape.ts';

let room: LogRoom;
beforeEach(async () => {
  room = await openLogRoom();
});
afterEach(async () => room.close());

/** All that a fold holds, as bytes, in few letters. */
const bytesOf = (fold: SessionFold): string =>
  `${fold.state.counts.events} events, ${nodeDigest.sha256(serializeState(fold.state))}, ${nodeDigest.sha256(inOneGo(encodeInPieces(fold.data)))}`;
const whole = async (): Promise<string> => {
  const fold = new SessionFold();
  for (const event of await room.readAll()) fold.add(event);
  return bytesOf(fold);
};
const question = (keepEvery = 0) => ({ ask: 'fold', root: room.layout.root, session: sessionId, keepEvery, isWanted: true }) as const;

/** As the thread does it and its answer travels, but here. */
async function foldAsThread(keepEvery = 0): Promise<CarriedFold | undefined> {
  const work = new LogWork({ digest: nodeDigest, isOwnThread: true });
  return structuredClone(await work.do(question(keepEvery), { signal: new AbortController().signal })).carried;
}

async function foldBehind(foldElsewhere: () => Promise<CarriedFold | undefined>): Promise<Folded & { readonly text: string }> {
  const fold = new SessionFold();
  const options = { layout: room.layout, session: sessionId, digest: nodeDigest, keepEvery: 0, foldElsewhere, nearBytes: 0 };
  return { ...(await foldSession(fold, options)), text: bytesOf(fold) };
}

describe('a fold that was made elsewhere', () => {
  it('[L40] [D30] is gone on from, whatever came meanwhile, and gives the fold of the whole log byte for byte', async () => {
    await fc.assert(
      fc.asyncProperty(
        mixedTape,
        fc.nat(),
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 0, max: 15 }),
        async (events, cut, segment, keepEvery) => {
          await rm(room.session.folder, { recursive: true, force: true });
          await writeTape(room, events.slice(0, cut % (events.length + 1)), segment);
          const folded = await foldBehind(async () => {
            const carried = await foldAsThread(keepEvery);
            await writeTape(room, events, segment);
            return carried;
          });
          // A log without an event is near: nothing is asked, nothing comes.
          if (cut % (events.length + 1) === 0) await writeTape(room, events, segment);
          else expect(folded.text).toBe(await whole());
        },
      ),
      { numRuns: 40 },
    );
  });

  it('[L40] leaves only what came behind it to be folded here', async () => {
    const events = notes('bbbb', 300);
    await writeTape(room, events.slice(0, 250), 1000);
    const folded = await foldBehind(async () => {
      const carried = await foldAsThread();
      await writeTape(room, events, 1000);
      return carried;
    });
    expect(folded).toMatchObject({ folded: 50, text: await whole() });
    expect(await foldBehind(foldAsThread)).toMatchObject({ folded: 0, text: await whole(), snapshot: { events: 300 } });
  });

  it('[L40] is asked for no more than once when it holds, and not at all when what is kept is near', async () => {
    await writeTape(room, notes('bbbb', 300), 1000);
    let asked = 0;
    const ask = (keepEvery: number) => () => {
      asked += 1;
      return foldAsThread(keepEvery);
    };
    await foldBehind(ask(300));
    expect(asked).toBe(1);
    expect(await listFolds(room.session)).toMatchObject([{ events: 300 }]);
    expect(await foldBehind(ask(300))).toMatchObject({ folded: 0, text: await whole() });
    expect(asked).toBe(1);
    await appendFile(join(room.session.events, segmentName('bbbb', 1)), linesOf(notes('bbbb', 301)).slice(300).join(''));
    expect(await foldBehind(ask(0))).toMatchObject({ folded: 0, text: await whole() });
    expect(asked).toBe(2);
  });

  it('[L40] [D33] is made again when an event came that belongs before, and all is folded here when that goes on', async () => {
    await writeTape(room, notes('bbbb', 100), 1000);
    const late = async (n: number): Promise<void> =>
      room.writeSegment(segmentName(`late${n}`, 1), linesOf([noted(`late${n}`, 1, n)]).join(''));
    for (const times of [1, 2]) {
      let asked = 0;
      const folded = await foldBehind(async () => {
        const carried = await foldAsThread();
        asked += 1;
        if (asked <= times) await late(times * 10 + asked);
        return carried;
      });
      expect(asked).toBe(2);
      expect(folded.text).toBe(await whole());
      expect(folded.folded > 0).toBe(times === 2);
    }
  });

  it('[L40] [D33] is not believed when it is damaged, cut, of another version, or did not come', async () => {
    await writeTape(room, notes('bbbb', 100), 1000);
    const expected = await whole();
    const sound = (await foldAsThread())!;
    const cut = { ...sound, packed: sound.packed.slice(0, -1) };
    const none = { ...sound, packed: new Uint8Array(0) };
    for (const carried of [cut, none, { ...sound, version: foldVersion + 1 }, undefined])
      expect(await foldBehind(() => Promise.resolve(carried))).toMatchObject({ folded: 100, text: expected });
    expect(await foldBehind(() => Promise.reject(new Error('no thread')))).toMatchObject({ folded: 100, text: expected });
  });

  it('[L3] tells what could not be read, before it and behind it, once', async () => {
    const lines = linesOf(notes('bbbb', 40));
    for (const index of [5, 39]) lines[index] = lines[index]!.replace('note', 'nota');
    await room.writeSegment(segmentName('bbbb', 1), lines.join(''));
    const { damage } = await foldBehind(foldAsThread);
    expect(damage.map(({ reason }) => reason)).toEqual(['crc', 'crc']);
  });
});

describe('a feed with a thread beside it', () => {
  let built: BuiltWorker;
  beforeAll(async () => {
    built = await buildWorker();
  });
  afterAll(() => built.remove());

  const asked: LogQuestion[] = [];
  let worker: LogWorker | undefined;
  let feed: SessionFeed | undefined;
  afterEach(() => {
    feed?.dispose();
    worker?.dispose();
    asked.length = 0;
  });
  const open = async (program: string | undefined, keepsFolds: boolean): Promise<SessionFeed> => {
    const opened = openLogWorker({ digest: nodeDigest, program });
    worker = opened;
    const ask: LogWorker['ask'] = (one, control) => {
      asked.push(one);
      return opened.ask(one, control);
    };
    feed = await openSessionFeed({ layout: room.layout, session: sessionId, digest: nodeDigest, keepsFolds, worker: { ask } });
    return feed;
  };
  const events = [...mixedEvents(14_000, { files: 60 })];
  const wholeOf = (count: number): string => {
    const fold = new SessionFold();
    for (const event of events.slice(0, count)) fold.add(event);
    return nodeDigest.sha256(serializeState(fold.state));
  };
  const textOf = ({ state }: SessionFeed): string => nodeDigest.sha256(serializeState(state));

  it('[L40] has the thread fold a long log, keep the folds, and keep more of them while the log grows', async () => {
    await writeTape(room, events.slice(0, 9000), 100_000);
    const opened = await open(built.program, true);
    await opened.whenFolded;
    expect(textOf(opened)).toBe(wholeOf(9000));
    expect(asked).toEqual([{ ...question(keptEvery) }]);
    expect(await listFolds(room.session)).toMatchObject([{ events: 8192 }, { events: 4096 }]);
    await writeTape(room, events, 100_000);
    await expect.poll(() => opened.state.counts.events, { timeout: 20_000 }).toBe(14_000);
    await expect.poll(async () => (await listFolds(room.session)).length, { timeout: 20_000 }).toBe(3);
    expect(asked.slice(1)).toEqual([{ ...question(keptEvery), isWanted: false }]);
    // What the thread has kept since, and what came behind it.
    opened.dispose();
    const again = await open(undefined, false);
    await again.whenFolded;
    expect(textOf(again)).toBe(wholeOf(14_000));
  }, 60_000);

  it('[L40] writes nothing where nothing may be written', async () => {
    await writeTape(room, events, 100_000);
    const opened = await open(built.program, false);
    await opened.whenFolded;
    expect(textOf(opened)).toBe(wholeOf(14_000));
    expect(asked).toEqual([question(0)]);
    await expect(readdir(room.session.cache)).rejects.toThrow('ENOENT');
  }, 60_000);

  it('[L40] folds the same where there is no thread, and where it dies before, while and after it folds', async () => {
    await writeTape(room, events, 100_000);
    const expected = wholeOf(14_000);
    const written = async (name: string, text: string): Promise<string> => {
      const path = join(built.folder, name);
      await writeFile(path, text);
      return path;
    };
    const dying = (afterMs: number): Promise<string> =>
      written(`dying${afterMs}.js`, `require(${JSON.stringify(built.program)}); setTimeout(() => process.exit(1), ${afterMs});`);
    const programs = [undefined, join(built.folder, 'nowhere.js'), await written('broken.js', 'throw new Error("broken")')];
    programs.push(...(await Promise.all([0, 40, 150, 400].map(dying))));
    for (const program of programs) {
      const opened = await open(program, true);
      await opened.whenFolded;
      expect(textOf(opened)).toBe(expected);
      opened.dispose();
      worker?.dispose();
      await rm(room.session.cache, { recursive: true, force: true, maxRetries: 5 });
    }
  }, 120_000);

  it('[L40] asks for no more when it is closed meanwhile', async () => {
    await writeTape(room, events, 100_000);
    const opened = await open(built.program, true);
    await expect.poll(() => asked.length, { timeout: 20_000 }).toBe(1);
    opened.dispose();
    await opened.whenFolded;
    expect(asked.length).toBe(1);
    // The thread has left off, and answers others.
    const page = await worker!.ask({ ask: 'search', root: room.layout.root, query: { text: 'no such text' }, count: 1 });
    expect(page.hits).toEqual([]);
  }, 60_000);
});
