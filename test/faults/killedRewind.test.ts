import { chmodSync, mkdirSync, readdirSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { LoggedEvent } from '../../src/model/event.ts';
import { RewindWorld } from '../services/rewindWorld.ts';
import { bundleProgram, type BundledProgram } from './bundledProgram.ts';
import { depth } from './depth.ts';

/** Each round begins a new session, so that a long log does not slow the later kills. */
const rounds = depth(1, 10);
const kills = depth(30, 50);

let program: BundledProgram;
beforeAll(async () => {
  program = await bundleProgram('rewindingProgram.ts');
});
afterAll(() => program.close());

let world: RewindWorld;
beforeEach(async () => {
  world = await new RewindWorld().open();
});
afterEach(() => world.remove());

const run = async (target: string, diesAt: number): Promise<{ readonly wasKilled: boolean; readonly output: string }> => {
  const child = program.run(world.folder, world.session, target, String(diesAt));
  let output = '';
  child.stdout!.setEncoding('utf8').on('data', (text: string) => (output += text));
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve) => child.on('close', (...end) => resolve(end)));
  if (signal === null && code !== 0) throw new Error(output);
  return { wasKilled: signal === 'SIGKILL', output };
};

describe('a rewind that is killed', () => {
  it.each(Array.from({ length: rounds }, (_, round) => round))(
    `[R18] is brought to exactly one state at the next start, which says which, ${kills} times (%i)`,
    { timeout: 600_000 },
    async (round) => {
      for (let index = 0; index < 12; index++) writeFileSync(world.at(`f${index}`), `old ${index}\n`.repeat(200));
      mkdirSync(world.at('gone'));
      writeFileSync(world.at('gone/a'), 'old', { mode: 0o755 });
      symlinkSync('f1', world.at('link'));
      const target = await world.baseline();
      const old = world.tree();
      for (let index = 0; index < 12; index++) writeFileSync(world.at(`f${index}`), `new ${index}\n`.repeat(200));
      rmSync(world.at('gone'), { recursive: true });
      unlinkSync(world.at('link'));
      writeFileSync(world.at('link'), 'a file now');
      chmodSync(world.at('f3'), 0o755);
      mkdirSync(world.at('created/deep'), { recursive: true });
      writeFileSync(world.at('created/deep/file'), 'new');
      await world.record();
      const now = world.tree();

      const whole = await run(target, 0);
      const calls = Number(/calls (\d+)/.exec(whole.output)![1]);
      expect(world.tree()).toEqual(old);
      await world.restart();
      expect(await world.rewinder().undo()).toMatchObject({ ok: true });
      expect(world.tree()).toEqual(now);

      const outcomes = new Map<string, number>();
      for (let kill = 0; kill < kills; kill++) {
        const diesAt = 1 + Math.floor(((kill + (round + 0.5) / rounds) * calls) / kills);
        expect((await run(target, diesAt)).wasKilled).toBe(true);
        // Every third time the recovery is killed as well, once or twice.
        for (let again = 0; again < kill % 3; again++) await run('recover', 1 + ((kill * 37 + again * 11) % 60));
        await world.restart();
        const recovered = await world.rewinder().recover();
        const isOld = JSON.stringify(world.tree()) === JSON.stringify(old);
        if (!isOld) expect(world.tree()).toEqual(now);
        for (const { outcome, left } of recovered) {
          expect(outcome).toBe(isOld ? 'rolled-forward' : 'rolled-back');
          expect(left).toEqual([]);
          outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
        }
        const last = (await events()).findLast((event) => event.kind.startsWith('rewind.'))!;
        if (isOld) expect(last.kind).toBe('rewind.applied');
        else if (recovered.length > 0) expect(last).toMatchObject({ kind: 'rewind.failed', rolledBack: true });
        expect(
          readdirSync(world.folder, { recursive: true })
            .map(String)
            .filter((name) => /\.tapedeck-|rewinds.+json/.test(name)),
        ).toEqual([]);
        if (isOld) expect(await world.rewinder().undo()).toMatchObject({ ok: true });
        expect(world.tree()).toEqual(now);
      }
      expect(outcomes.get('rolled-back')).toBeGreaterThan(kills / 5);
      expect(outcomes.get('rolled-forward')).toBeGreaterThan(0);
    },
  );
});

async function events(): Promise<LoggedEvent[]> {
  const all: LoggedEvent[] = [];
  for await (const batch of world.reader.all()) all.push(...batch);
  return all;
}
