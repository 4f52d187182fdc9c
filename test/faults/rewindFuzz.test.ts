import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Author } from '../../src/model/author.ts';
import type { EventId } from '../../src/model/ids.ts';
import { quietGitEnvironment } from '../../src/store/gitObjects.ts';
import { RewindWorld } from '../services/rewindWorld.ts';
import { createDice, depth, seedOf } from './depth.ts';

/**
 * Sessions of random file operations by several actors; the true tree is kept at each step; then rewinds to steps at
 * random, forwards and backwards, some undone at once. Any difference in content, mode or link is a failure, and so is any
 * change to the user's repository.
 */
let world: RewindWorld;
beforeEach(async () => {
  world = await new RewindWorld().open();
});
afterEach(() => world.remove());

const names = ['a', 'b.txt', 'c', 'Data', 'e\u0301', '\u65e5\u672c', 'with space', 'x'];
const actors: readonly Author[] = [
  { actor: 'agent', name: 'codex', how: 'transcript' },
  { actor: 'agent', name: 'claude', how: 'overlap' },
  { actor: 'user', how: 'editor' },
  { actor: 'unknown', how: 'none' },
];

describe('rewind, fuzzed', () => {
  it(
    '[R9] gives back the tree of any step, and undoes each rewind, without a difference',
    { timeout: depth(600_000, 7_200_000) },
    async () => {
      const seed = seedOf(20260102);
      const dice = createDice(seed);
      for (let round = 0; round < depth(2, 60); round++) {
        if (round > 0) {
          await world.remove();
          world = await new RewindWorld().open();
        }
        const operations = createOperations(world, dice);
        for (let index = 0; index < 8; index++) operations();
        git('init', '-q');
        git('add', '-A', '--', ':!.tapedeck');
        git('-c', 'user.name=t', '-c', 'user.email=t@t', 'commit', '-qm', 'start', '--allow-empty');
        writeFileSync(world.at('.git/info/exclude'), '/ignored\n/.tapedeck\n');
        const repository = gitState();
        const steps: { readonly id: EventId; readonly tree: Record<string, string> }[] = [
          { id: await world.baseline(), tree: world.tree() },
        ];
        for (let step = 0; step < 40; step++) {
          for (let count = 1 + dice(4); count > 0; count--) operations();
          await world.record(actors[dice(actors.length)]);
          steps.push({ id: await world.markId(), tree: world.tree() });
          if (dice(10) === 0) await world.restart();
          if (dice(6) === 0) await rewindToOne(steps, dice, seed);
        }
        for (let rewinds = depth(15, 160); rewinds > 0; rewinds--) await rewindToOne(steps, dice, seed);
        expect(gitState()).toEqual(repository);
        expect((await world.content.verify()).damage).toEqual([]);
        expect((await world.reader.verify()).damage).toEqual([]);
      }
    },
  );
});

async function rewindToOne(
  steps: { readonly id: EventId; readonly tree: Record<string, string> }[],
  dice: (sides: number) => number,
  seed: number,
): Promise<void> {
  const { id, tree } = steps[dice(steps.length)]!;
  const before = world.tree();
  const rewinder = world.rewinder();
  const plan = await rewinder.plan(id);
  const report = await rewinder.apply(plan);
  const note = `seed ${seed}, to ${id}: ${JSON.stringify(report)}`;
  expect(plan.skips, note).toEqual([]);
  expect(report, note).toMatchObject({ ok: true });
  expect(world.tree(), note).toEqual(tree);
  if (report.ok && report.event !== undefined && dice(2) === 0) {
    await world.restart();
    const undone = await world.rewinder().undo();
    expect(undone, note).toMatchObject({ ok: true });
    expect(world.tree(), note).toEqual(before);
  }
  world.adopt();
  steps.push({ id: await world.markId(), tree: world.tree() });
}

/** One random operation a call, made on the real disk. */
function createOperations(world: RewindWorld, dice: (sides: number) => number): () => void {
  const pick = <T>(list: readonly T[]): T => list[dice(list.length)]!;
  const path = (): string => Array.from({ length: 1 + dice(3) }, () => pick(names)).join('/');
  const files = (): string[] => Object.keys(world.tree());
  const content = (): Buffer => {
    const kind = dice(6);
    if (kind === 0) return Buffer.alloc(0);
    if (kind === 1) return Buffer.from(Array.from({ length: dice(400) }, () => dice(256)));
    if (kind === 2) return Buffer.from(`line ${dice(100)}\r\nline ${dice(100)}\r\n`);
    return Buffer.from(Array.from({ length: 1 + dice(200) }, () => `row ${dice(50)}\n`).join(''));
  };
  /** Makes room: whatever stands in the way of a path, as a shell's `rm -r` would. */
  const clear = (target: string): void => {
    for (let folder = dirname(target); folder !== '.'; folder = dirname(folder)) {
      const found = existsOf(world.at(folder));
      if (found !== undefined && found !== 'folder') unlinkSync(world.at(folder));
    }
    rmSync(world.at(target), { recursive: true, force: true });
    mkdirSync(dirname(world.at(target)), { recursive: true });
  };
  return () => {
    const known = files();
    switch (known.length < 4 ? 0 : dice(12)) {
      case 0:
      case 1:
      case 2: {
        const target = path();
        clear(target);
        writeFileSync(world.at(target), content());
        break;
      }
      case 3:
      case 4: {
        const target = pick(known);
        if (existsOf(world.at(target)) === 'file') {
          const bytes = readFileSync(world.at(target));
          const at = dice(bytes.length + 1);
          writeFileSync(world.at(target), Buffer.concat([bytes.subarray(0, at), Buffer.from(`edit ${dice(1000)}`), bytes.subarray(at)]));
        }
        break;
      }
      case 5:
        unlinkSync(world.at(pick(known)));
        break;
      case 6: {
        const from = pick(known);
        const to = path();
        if (to === from || to.startsWith(`${from}/`) || from.startsWith(`${to}/`)) break;
        clear(to);
        if (existsOf(world.at(from)) !== undefined) renameSync(world.at(from), world.at(to));
        break;
      }
      case 7: {
        const target = pick(known);
        if (existsOf(world.at(target)) === 'file') chmodSync(world.at(target), pick([0o644, 0o755, 0o600, 0o444]));
        break;
      }
      case 8: {
        const target = path();
        clear(target);
        symlinkSync(pick(['a', '../b.txt', 'nowhere', '/etc/hostname', '.']), world.at(target));
        break;
      }
      case 9: {
        const folders = readdirSync(world.folder).filter((name) => !name.startsWith('.') && existsOf(world.at(name)) === 'folder');
        if (folders.length > 0) rmSync(world.at(pick(folders)), { recursive: true });
        break;
      }
      case 10: {
        const target = pick(known);
        const lower = join(dirname(target), target.slice(target.lastIndexOf('/') + 1).toUpperCase());
        if (!existsSync(world.at(lower))) renameSync(world.at(target), world.at(lower));
        break;
      }
      default: {
        const target = pick(known);
        clear(target);
        mkdirSync(world.at(target));
        writeFileSync(world.at(`${target}/${pick(names)}`), content());
      }
    }
  };
}

function existsOf(path: string): 'file' | 'link' | 'folder' | undefined {
  try {
    const stat = lstatSync(path);
    return stat.isDirectory() ? 'folder' : stat.isSymbolicLink() ? 'link' : 'file';
  } catch {
    return undefined;
  }
}

function git(...args: string[]): void {
  execFileSync('git', args, { cwd: world.folder, env: quietGitEnvironment(), stdio: ['ignore', 'ignore', 'ignore'] });
}

/** Everything in `.git`, byte for byte. */
function gitState(): Record<string, string> {
  return Object.fromEntries(
    readdirSync(world.at('.git'), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .sort()
      .map((path) => [path, createHash('sha256').update(readFileSync(path)).digest('hex')]),
  );
}
