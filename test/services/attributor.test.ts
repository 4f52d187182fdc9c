import { expect, it } from 'vitest';
import type { Author } from '../../src/model/author.ts';
import { Dice, ScenarioWorld } from './attributorScenario.ts';

/** One agent's run: its acts one after another, its record told in order and late. */
class Agent {
  readonly #world: ScenarioWorld;
  readonly #dice: Dice;
  readonly #by: Author;
  readonly #who: string;
  #toldAt = 0;
  #calls = 0;
  #turn = 0;

  constructor(world: ScenarioWorld, dice: Dice, name: string, run: string) {
    this.#world = world;
    this.#dice = dice;
    this.#by = { actor: 'agent', name, run, how: 'transcript' };
    this.#who = `${name}/${run}`;
  }

  get #common(): { readonly by: Author; readonly run: string; readonly turn: number } {
    return { by: this.#by, run: this.#by.run!, turn: this.#turn };
  }

  #tell(draft: Parameters<ScenarioWorld['tell']>[0]): void {
    const dueAt = Math.max(this.#toldAt, this.#world.now + this.#dice.between(5, this.#dice.next() < 0.1 ? 4000 : 300));
    this.#toldAt = dueAt;
    this.#world.tell(draft, dueAt - this.#world.now);
  }

  /** A turn of several acts, then the next one after a while, until the time is over. */
  work(files: readonly string[], untilMs: number): void {
    this.#turn += 1;
    this.#tell({
      kind: 'prompt.submitted',
      ...this.#common,
      by: { actor: 'user', how: 'transcript' },
      text: { head: 'Do it', sizeBytes: 5 },
      provenance: 'user',
    });
    const acts = this.#dice.between(2, 7);
    this.#next(acts, files, untilMs);
  }

  #next(left: number, files: readonly string[], untilMs: number): void {
    const { now } = this.#world;
    this.#world.at(now + this.#dice.between(100, 2500), () => {
      if (left === 0) {
        this.#tell({ kind: 'turn.ended', ...this.#common, stopReason: 'end_turn' });
        if (this.#world.now < untilMs) this.#world.at(this.#world.now + this.#dice.between(500, 8000), () => this.work(files, untilMs));
        return;
      }
      const path = this.#dice.pick(files);
      const call = `${this.#by.run}-${++this.#calls}`;
      if (this.#dice.next() < 0.5) this.#edit(path, call);
      else this.#shell(path, call, files);
      this.#next(left - 1, files, untilMs);
    });
  }

  #edit(path: string, call: string): void {
    const text = this.#world.get(path);
    const lines = text.split('\n').filter((line) => line !== '');
    if (lines.length === 0) return;
    const oldText = this.#dice.pick(lines);
    const newText = `${this.#who} ${this.#dice.between(0, 1e9)}`;
    const edit = { path, op: 'update' as const, oldText, newText };
    this.#tell({ kind: 'tool.called', ...this.#common, call, name: 'Edit', tool: 'edit', edits: [edit] });
    this.#world.at(this.#world.now + this.#dice.between(2, 40), () => {
      const present = this.#world.get(path);
      const isThere = present.includes(oldText);
      if (isThere) this.#world.write(path, present.replace(oldText, newText), this.#who);
      this.#tell({ kind: 'tool.returned', ...this.#common, call, status: isThere ? 'completed' : 'failed' });
    });
  }

  #shell(path: string, call: string, files: readonly string[]): void {
    this.#tell({ kind: 'tool.called', ...this.#common, call, name: 'shell', tool: 'execute', command: 'sh step.sh' });
    const lastsMs = this.#dice.between(50, 1500);
    const paths = [path, this.#dice.pick(files)];
    for (const [index, one] of paths.entries())
      this.#world.at(this.#world.now + Math.floor((lastsMs * (index + 1)) / 3), () =>
        this.#dice.next() < 0.15
          ? this.#world.write(one, undefined, this.#who)
          : this.#world.write(one, `${this.#world.get(one)}${this.#who} shell ${this.#dice.between(0, 1e9)}\n`, this.#who),
      );
    this.#world.at(this.#world.now + lastsMs, () => this.#tell({ kind: 'tool.returned', ...this.#common, call, status: 'completed' }));
  }
}

const spanMs = 60_000;

/** Two agents, one of them with a second run, a person who types, builds, deletes and changes branches, all in the same files. */
async function play(seed: number): Promise<ReturnType<ScenarioWorld['score']>> {
  const dice = new Dice(seed);
  const world = new ScenarioWorld();
  const files = Array.from({ length: 9 }, (_, index) => `src/f${index}.ts`);
  for (const path of files) world.known(path, `one ${path}\ntwo ${path}\nthree ${path}\n`);
  const until = world.now + spanMs;
  const agents = [new Agent(world, dice, 'codex', 'run-1'), new Agent(world, dice, 'claude', 'run-2')];
  if (dice.next() < 0.4) agents.push(new Agent(world, dice, 'claude', 'run-3'));
  world.agentTerminal('codex');
  world.agentTerminal('claude');
  for (const agent of agents) world.at(world.now + dice.between(0, 4000), () => agent.work(files, until));

  const type = (): void => {
    const path = dice.pick(files);
    const base = world.get(path);
    world.at(world.now + dice.between(300, 3000), () => {
      // An editor does not save over what changed on disk meanwhile.
      if (world.get(path) === base && base !== '') world.save(path, `${base}typed ${dice.between(0, 1e9)}\n`, base);
      if (world.now < until) world.at(world.now + dice.between(200, 4000), type);
    });
  };
  const build = (): void => {
    const lastsMs = dice.between(100, 3000);
    const command = world.command('make');
    for (let index = 0; index < 3; index++) {
      const path = dice.pick([...files, 'dist/a.js', 'dist/b.js']);
      world.at(world.now + dice.between(30, lastsMs - 20), () => world.write(path, `built ${dice.between(0, 1e9)}\n`, 'user', true));
    }
    world.at(world.now + lastsMs, () => {
      command.end();
      if (world.now < until) world.at(world.now + dice.between(500, 9000), build);
    });
  };
  const checkout = (): void => {
    const command = world.command('git checkout next');
    const changed = new Map<string, string | undefined>();
    for (const path of files.slice(0, dice.between(1, 6))) {
      const text = dice.next() < 0.2 ? undefined : `branch ${dice.between(0, 5)} ${path}\nmore\n`;
      if (world.get(path) === (text ?? '')) continue;
      changed.set(path, text === undefined ? undefined : ScenarioWorld.gitName(text));
      world.write(path, text, 'git', true);
    }
    world.at(world.now + dice.between(20, 250), () => {
      world.attributor.gitMoved(changed, world.now);
      command.end();
      if (world.now < until) world.at(world.now + dice.between(6000, 25_000), checkout);
    });
  };
  const discard = (): void => {
    const path = dice.pick(files);
    if (world.files.has(path)) {
      world.write(path, undefined, 'user');
      world.attributor.documentRemoved(path);
    }
    if (world.now < until) world.at(world.now + dice.between(8000, 20_000), discard);
  };
  world.at(world.now + dice.between(0, 3000), type);
  world.at(world.now + dice.between(0, 8000), build);
  world.at(world.now + dice.between(3000, 20_000), checkout);
  world.at(world.now + dice.between(3000, 20_000), discard);
  await world.play();
  world.attributor.dispose();
  return world.score();
}

it('[A60] names nobody wrongly, whatever two agents, a person, a build, an editor and git do at once', async () => {
  const total = { right: 0, overlap: 0, unknown: 0, wrong: [] as string[] };
  for (let seed = 1; seed <= 60; seed++) {
    const score = await play(seed);
    total.right += score.right;
    total.overlap += score.overlap;
    total.unknown += score.unknown;
    total.wrong.push(...score.wrong.map((line) => `seed ${seed}: ${line}`));
  }
  console.log(`right ${total.right}, overlap ${total.overlap}, unknown ${total.unknown}, wrong ${total.wrong.length}`);
  expect(total.wrong).toEqual([]);
  // The rest is what several did at the same moment, and is said to be so.
  expect(total.right / (total.right + total.overlap + total.unknown)).toBeGreaterThan(0.6);
  expect(total.unknown).toBe(0);
}, 120_000);
