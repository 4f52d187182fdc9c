import { expect, test } from 'vitest';
import type { EventId } from '../../src/model/ids.ts';
import { createDice, depth, isFull, seedOf } from './depth.ts';
import { FuzzedRoom, type Sight, type Tree } from './fuzzedRoom.ts';
import { WorkspaceOperations } from './workspaceOperations.ts';

/**
 * Sessions of random operations by several actors, recorded by the real recorder: an editor's saves, terminal commands, plain
 * writes, real git. The true tree is kept at each event; then each of them is rewound to and that undone. A difference in
 * content, mode or link is a failure, and so is any byte that differs in a `.git`. What was never left out of the recording
 * has no excuse; what was (ignored, too large, secret) must be told in the plan, and be as it was.
 */
const rooms = depth(3, 100);
const eventsARoom = depth(30, 100);

interface Step {
  readonly id: EventId;
  readonly sight: Sight;
  readonly what: string;
}

/** What was left out of the recording at some moment: by its size, its name, or a rule. */
class LeftOutEver {
  readonly #operations: WorkspaceOperations;
  readonly #paths = new Set<string>();

  constructor(operations: WorkspaceOperations) {
    this.#operations = operations;
  }

  add(path: string): void {
    this.#paths.add(path);
  }

  has(path: string): boolean {
    return this.#paths.has(path) || this.#operations.mayHaveBeenIgnored(path);
  }
}

/** Over all rooms: so that nobody takes a test for whole that looked at nothing. */
const tally = { targets: 0, same: 0, excused: 0, skips: 0, steps: 0 };

test(
  `[R30] ${rooms * eventsARoom} events by several actors, each rewound to and undone again, leave no difference`,
  { timeout: depth(240_000, 14_400_000), retry: 0 },
  async () => {
    const seed = seedOf(20260109);
    const failures: unknown[] = [];
    for (let round = 0; round < rooms; round++) {
      const roomSeed = seed + round;
      const dice = createDice(roomSeed * 7919);
      const room = new FuzzedRoom(roomSeed % 3 !== 2, roomSeed % 4 === 1 ? 2 : 1);
      try {
        await fuzz(room, dice, `TAPEDECK_SEED=${roomSeed}`);
      } catch (error) {
        failures.push(error);
        if (isFull) console.log(String(error));
      } finally {
        await room.remove();
      }
    }
    if (isFull) console.log(JSON.stringify(tally));
    if (failures.length > 0) throw failures[0];
    expect(tally.targets).toBeGreaterThanOrEqual(rooms * eventsARoom);
    expect(tally.same).toBeGreaterThan(tally.excused);
    expect(tally.steps).toBeGreaterThan(tally.targets);
  },
);

async function fuzz(room: FuzzedRoom, dice: (sides: number) => number, seed: string): Promise<void> {
  const operations = new WorkspaceOperations(room, dice);
  for (let count = 0; count < 5; count++) operations.burst();
  if (room.hasGit) room.beginGit();
  operations.burst();
  await room.open();
  const everLeftOut = new LeftOutEver(operations);
  const steps: Step[] = [];
  const look = async (what: string): Promise<Step> => {
    const id = await room.settle();
    const step = { id, sight: room.see(), what };
    for (const path of step.sight.leftOut) everLeftOut.add(path);
    steps.push(step);
    return step;
  };
  for (const path of room.see().leftOut) everLeftOut.add(path);
  await room.mark();
  await look('baseline');
  const note = (target: Step): string =>
    `${seed}: to ${target.id} (${steps.indexOf(target)}) of ${steps.map(({ what, id }, index) => `${index} ${what} ${id}`).join(', ')}`;

  const rewindTo = async (target: Step, isUndone: boolean): Promise<void> => {
    tally.targets += 1;
    const before = room.see();
    for (const path of before.leftOut) everLeftOut.add(path);
    for (const path of await room.takenUp()) everLeftOut.add(path);
    const git = room.gitState();
    const rewinder = room.rewinder();
    const plan = await rewinder.plan(target.id);
    expect(
      plan.steps.filter(({ conflict, path }) => conflict !== undefined && !everLeftOut.has(path)),
      note(target),
    ).toEqual([]);
    const report = await rewinder.apply(plan, { conflicts: 'skip' });
    expect(report, note(target)).toMatchObject({ ok: true });
    if (!report.ok) return;
    tally.steps += plan.steps.length;
    const skipped = new Map(report.skipped.map((skip) => [skip.path, skip]));
    const earlier = steps.map(({ sight }) => sight.tree);
    await compare(room, {
      before: before.tree,
      now: room.see().tree,
      wanted: target.sight.tree,
      skipped,
      everLeftOut,
      earlier,
      note: note(target),
      plan: plan.steps.map(({ act, path }) => `${act} ${path}`).join(' | '),
    });
    expect(room.gitState(), note(target)).toEqual(git);
    if (!isUndone || report.event === undefined) return;
    if (dice(8) === 0) await room.restart(() => {});
    const undone = await room.rewinder().undo(undefined, { conflicts: 'skip' });
    expect(undone, note(target)).toMatchObject({ ok: true });
    expect(undone?.ok === true ? undone.skipped.filter(({ path }) => !everLeftOut.has(path)) : [], note(target)).toEqual([]);
    expect(room.see().tree, `undone: ${note(target)}`).toEqual(before.tree);
    expect(room.gitState(), note(target)).toEqual(git);
  };

  for (let count = 1; count < eventsARoom; count++) {
    await look(await operations.run());
    if (dice(12) === 0) {
      await rewindTo(steps[dice(steps.length)]!, false);
      await look('rewind');
    }
  }
  for (const target of steps.slice(0, eventsARoom)) await rewindTo(target, true);
  expect(await room.damage(), seed).toEqual([]);
}

async function compare(
  room: FuzzedRoom,
  seen: {
    readonly before: Tree;
    readonly now: Tree;
    readonly wanted: Tree;
    readonly skipped: ReadonlyMap<string, { readonly reason: string; readonly detail?: string }>;
    readonly everLeftOut: LeftOutEver;
    readonly earlier: readonly Tree[];
    readonly note: string;
    readonly plan: string;
  },
): Promise<void> {
  const { before, now, wanted, skipped, everLeftOut, earlier, note, plan } = seen;
  const differences: string[] = [];
  const differing: string[] = [];
  for (const path of new Set([...Object.keys(before), ...Object.keys(now), ...Object.keys(wanted)])) {
    const skip = skipped.get(path);
    const isExcused = everLeftOut.has(path) || (skip?.reason === 'in-the-way' && isExcuse(skip.detail, everLeftOut));
    if (skip !== undefined) tally.skips += 1;
    if (now[path] === wanted[path]) tally.same += 1;
    else if (isExcused && now[path] === before[path]) tally.excused += 1;
    // What became of it while it was left out is not known: then it is as it was when it was last recorded.
    else if (everLeftOut.has(path) && skip === undefined && earlier.some((tree) => tree[path] === now[path])) tally.excused += 1;
    else {
      differing.push(path);
      differences.push(
        `${path}: before ${before[path]}, now ${now[path]}, wanted ${wanted[path]}, ${JSON.stringify(skip ?? 'not skipped')}`,
      );
    }
  }
  if (differences.length > 0) throw new Error(`${differences.join('\n')}\n${await room.told(differing[0]!)}\n${plan}\n${note}`);
}

/** What stood in the way was left out of the recording, or a repository of its own. */
function isExcuse(detail: string | undefined, everLeftOut: LeftOutEver): boolean {
  return detail !== undefined && (everLeftOut.has(detail) || /\/\.git(?:\/|$)/.test(detail));
}
