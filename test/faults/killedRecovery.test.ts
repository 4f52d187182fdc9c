import { appendFile, readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openContentStore } from '../../src/store/contentStore.ts';
import { nodeDigest } from '../../src/store/digest.ts';
import { openLogRoom, sessionId, type LogRoom } from '../store/logRoom.ts';
import { bundleProgram, inPairs, type BundledProgram } from './bundledProgram.ts';
import { createDice, depth, seedOf } from './depth.ts';
import { buildFaultIo, type FaultIo } from './faultIo.ts';
import { orSkip, type Obstacle } from './obstacle.ts';

/**
 * A process comes after one that died, is killed at one of its calls to the disk (a write is half done then), and so is the
 * next, and the next. In between the disk does what disks do: an end is torn, filled with zeros, or cut off.
 */
let program: BundledProgram;
let faults: FaultIo | Obstacle;
beforeAll(async () => {
  program = await bundleProgram('recoveringProgram.ts');
  faults = buildFaultIo(program.folder);
});
afterAll(() => program.close());

type Dice = (below: number) => number;
const packWriter = 'packwriter';

/** What must still be there, and what must be told as missing, whatever dies. */
class Ledger {
  readonly events = new Set<string>();
  readonly contents = new Set<string>();
  readonly cutOff = new Set<string>();

  note(lines: readonly string[]): void {
    for (const line of lines) {
      const [what, name = ''] = line.split(' ');
      if (what === 'event') this.events.add(name);
      if (what === 'content') this.contents.add(name);
    }
  }

  async check(room: LogRoom): Promise<void> {
    const found = new Set((await room.readAll()).map(({ w, n }) => `${w}.${n}`));
    expect([...this.events].filter((id) => !found.has(id))).toEqual([]);
    const health = await (await room.reader()).verify();
    const missing = health.breaks.flatMap(({ reason, writer, fromN, toN }) =>
      Array.from({ length: toN - fromN + 1 }, (_, index) => `${reason} ${writer}.${fromN + index}`),
    );
    expect(missing.sort()).toEqual([...this.cutOff].map((id) => `missing ${id}`).sort());
    const store = await openContentStore({ layout: room.layout, digest: nodeDigest, writer: 'reader' });
    for (const hash of this.contents) {
      const bytes = await store.get(hash);
      expect(bytes === undefined ? undefined : nodeDigest.sha256(bytes)).toBe(hash);
    }
    await store.close();
  }
}

/** Damages the end of what a writer that ended well has left. What is cut off is moved to what must be told as missing. */
async function damageAnEnd(room: LogRoom, dice: Dice, ledger: Ledger): Promise<void> {
  const free = (await readdir(room.session.free).catch(() => [])).filter((name) => !name.includes('.'));
  const writer = free[dice(free.length || 1)];
  // One that died in the middle of its last word has not said how far it had come.
  if (writer === undefined || !(await readFile(join(room.session.free, writer), 'utf8')).endsWith('}')) return;
  const segments = (await readdir(room.session.events)).filter((name) => name.startsWith(`${writer}-`)).sort();
  const path = join(room.session.events, segments.at(-1)!);
  switch (dice(5)) {
    case 0:
      await appendFile(path, '{"v":1,"w":"torn in the mid');
      break;
    case 1:
      await appendFile(path, Buffer.alloc(1 + dice(5000)));
      break;
    case 2: {
      const text = await readFile(path, 'utf8');
      const lines = text.split('\n').slice(0, -1);
      const last = /"n":(\d+)/.exec(lines.at(-1) ?? '')?.[1];
      if (last === undefined) break;
      // The whole last line, or the half of it.
      await truncate(path, text.length - (lines.at(-1)!.length + 1) + dice(2) * 40);
      const id = `${writer}.${last}`;
      ledger.events.delete(id);
      ledger.cutOff.add(id);
      break;
    }
    case 3: {
      const packs = (await readdir(room.layout.blobs)).filter((name) => name.startsWith(packWriter)).sort();
      await appendFile(join(room.layout.blobs, packs.at(-1)!), 'TDR1 torn in the middle of a header');
      break;
    }
    default: {
      const dead = { writer: `dead${dice(1000)}`, pid: 2 ** 22 + 5, host: hostname(), startedAt: new Date(0).toISOString(), app: 'test' };
      await writeFile(join(room.layout.recorders, `${dead.writer}.json`), JSON.stringify(dead));
    }
  }
}

test(
  '[L36] a recovery that is killed, again and again, loses nothing, and hides nothing that was lost',
  { timeout: depth(240_000, 3_600_000), retry: 0 },
  async ({ skip }) => {
    const io = orSkip(faults, skip);
    const kills = { made: 0, whole: 0 };
    const rounds = depth(5, 65);
    await inPairs(rounds, async (round) => {
      const dice = createDice(seedOf(20260104) + round * 7919);
      const room = await openLogRoom();
      const ledger = new Ledger();
      const args = [room.layout.root, sessionId, packWriter];
      const run = async (at: number): Promise<boolean> => {
        const env = io.environment({ path: room.layout.root, call: 'any', at, act: 'kill' });
        const end = await program.finish({ args, ...(at > 0 && { env }) });
        if (end.signal === null && end.code !== 0) throw new Error(end.errors);
        ledger.note(end.lines);
        if (at === 0) expect(end.lines.at(-1)).toBe('leads true');
        return end.signal === 'SIGKILL';
      };
      try {
        await run(0);
        for (let kill = 0; kill < 10; kill++) {
          if (dice(3) > 0) await damageAnEnd(room, dice, ledger);
          // A recovery makes some 90 calls; it is the first half that recovers.
          if (await run(1 + dice(dice(2) === 0 ? 40 : 120))) kills.made += 1;
          else kills.whole += 1;
          if (dice(3) === 0) await run(0);
          await ledger.check(room);
        }
      } finally {
        await room.close();
      }
    });
    expect(kills.made).toBeGreaterThan(depth(25, 500));
  },
);
