import { spawn, type ChildProcess } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { takeTurn } from '../../src/store/turnTaking.ts';

let base: string;
let folder: string;
const children: ChildProcess[] = [];
beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'tapedeck-turn-'));
  folder = join(base, 'imports');
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await rm(base, { recursive: true, force: true, maxRetries: 5 });
});

const log = (): Promise<string[]> =>
  readFile(join(base, 'log'), 'utf8').then(
    (text) => text.trim().split('\n'),
    () => [],
  );
function start(name: string, workMs: number): { readonly child: ChildProcess; readonly ended: Promise<number | null> } {
  const child = spawn(process.execPath, [join(base, 'program.mjs'), folder, name, join(base, 'log'), String(workMs)], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  children.push(child);
  return { child, ended: new Promise((resolve) => child.once('exit', resolve)) };
}
async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 20));
}

it(
  '[A72] lets one process at a time in, however many come at once, and takes none for at work that was killed',
  { timeout: 60_000 },
  async () => {
    await build({
      entryPoints: [join(import.meta.dirname, 'turnProgram.ts')],
      outfile: join(base, 'program.mjs'),
      bundle: true,
      platform: 'node',
      format: 'esm',
      logLevel: 'error',
    });
    const stuck = start('stuck', -1);
    await until(async () => (await log()).includes('stuck in'));
    const names = ['b', 'c', 'd', 'e'];
    const others = names.map((name) => start(name, 30));
    await until(async () => (await readdir(folder)).length === 1 + names.length);
    expect(await log()).toEqual(['stuck in']);
    stuck.child.kill('SIGKILL');
    expect(await Promise.all(others.map(({ ended }) => ended))).toEqual([0, 0, 0, 0]);
    const told = (await log()).slice(1);
    expect(told.toSorted()).toEqual(names.flatMap((name) => [`${name} in`, `${name} out`]));
    for (let at = 0; at < told.length; at += 2) expect(told[at + 1]).toBe(told[at]!.replace(' in', ' out'));
    expect(await readdir(folder)).toEqual([]);
  },
);

const times = { lookMs: 5, touchMs: 20, leaseMs: 300 };

it('[A72] gives turns to several in one process in the order of their coming, and lets one go that is called off', async () => {
  const first = await takeTurn({ folder, name: 'z', times });
  const stopping = new AbortController();
  let waits = 0;
  const off = takeTurn({ folder, name: 'a', times, signal: stopping.signal, onWait: () => (waits += 1) });
  await until(() => Promise.resolve(waits === 1));
  stopping.abort();
  expect(await off).toBeUndefined();
  let isIn = false;
  const second = takeTurn({ folder, name: 'b', times, onWait: () => (waits += 1) }).then((turn) => ((isIn = true), turn));
  await until(() => Promise.resolve(waits === 2));
  expect(isIn).toBe(false);
  await first!.leave();
  await (await second)!.leave();
  expect(await readdir(folder)).toEqual([]);
});

it('[A72] waits for another machine, or a card that cannot be read, for as long as it gives a sign, and no longer', async () => {
  await mkdir(folder);
  const sign = (): Promise<void> =>
    writeFile(
      join(folder, 'far.json'),
      JSON.stringify({ pid: 1, host: 'elsewhere', startedAt: '2026-01-01T00:00:00Z', number: 1, at: performance.now() }),
    );
  await sign();
  const signs = setInterval(() => void sign(), 30);
  await writeFile(join(folder, 'torn.json'), '{"pid":');
  let isIn = false;
  const turn = takeTurn({ folder, name: 'near', times }).then((taken) => ((isIn = true), taken));
  try {
    // The torn card is given up meanwhile, the other one not.
    const near = (): Promise<string> => readFile(join(folder, 'near.json'), 'utf8').catch(() => '');
    await until(async () => (await near()).includes('"number":2'));
    expect(isIn).toBe(false);
  } finally {
    clearInterval(signs);
  }
  await (await turn)!.leave();
});
