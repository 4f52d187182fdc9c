import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { agentActs } from '../setup/agentCalls.mjs';
import { agentSetup, layAgentFiles } from '../setup/agents.mjs';
import { ensureAgent } from '../setup/agentTools.mjs';
import { ensureNode } from '../setup/nodeRuntime.mjs';
import { startScriptedModel, type ScriptedStep } from '../setup/scriptedModel.mjs';
import { eventuallyInLog, readLog, type Line } from './logReading.ts';
import { openWorkbench, type Workbench } from './workbench.ts';

/**
 * Two real agents in two terminals, a person who types and saves with a formatter on save, a build and a change of
 * branch, all at once in one folder. Who truly wrote what stands in the contents: every writer writes its own mark.
 */
const agents = ['codex', 'claude'] as const;
const rounds = 6;

let folder: string;
let workbench: Workbench;
const models: Awaited<ReturnType<typeof startScriptedModel>>[] = [];

function git(...args: string[]): string {
  const who = ['-c', 'user.name=Tess Deck', '-c', 'user.email=tess@example.invalid', '-c', 'commit.gpgsign=false'];
  return execFileSync('git', [...who, ...args], { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
}

function write(name: string, text: string): void {
  mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
  writeFileSync(path.join(folder, name), text);
}

/** One file for each agent's own edits and shell, some that both and the person touch, and some that only a branch differs in. */
function layRepository(): void {
  folder = mkdtempSync(path.join(tmpdir(), 'td-who-'));
  for (const agent of agents) {
    write(`src/${agent}.js`, Array.from({ length: rounds }, (_, n) => `// ${agent} line ${n}`).join('\n') + '\n');
    write(`src/${agent}.txt`, 'begin\n');
  }
  write('src/both.js', [...agents.map((agent) => `// both ${agent}`), 'end', ''].join('\n'));
  write('settings.json', '{"begin":true}\n');
  write('lib/branch.js', 'main\n');
  write('lib/gone.js', 'main only\n');
  // A build of its own time: it writes its files one after another, as builds do.
  write('build.sh', '#!/bin/sh\nfor n in 1 2 3 4; do sleep 0.4; echo "built by user $1 $n" > "out$n.txt"; done\n');
  git('init', '-q', '-b', 'main');
  git('add', '.');
  git('commit', '-qm', 'Begin');
  git('checkout', '-q', '-b', 'next');
  write('lib/branch.js', 'from git, the next branch\n');
  write('lib/new.js', 'from git, the next branch\n');
  git('rm', '-q', 'lib/gone.js');
  git('add', '.');
  git('commit', '-qm', 'Go on');
  git('checkout', '-q', 'main');
}

const at = (name: string): string => path.join(folder, name);

/** What each agent does, in its own words; each step leaves the agent's mark. */
function stepsOf(agent: (typeof agents)[number]): ScriptedStep[] {
  const { edit, shell } = agentActs[agent];
  const steps: ScriptedStep[] = [];
  for (let n = 0; n < rounds; n++) {
    steps.push(...edit(at(`src/${agent}.js`), `// ${agent} line ${n}`, `// by ${agent} ${n}`));
    steps.push(...shell(`sleep 0.3; echo 'by ${agent} shell ${n}' >> '${at(`src/${agent}.txt`)}'; sleep 0.5`));
    if (n === 2) steps.push(...edit(at('src/both.js'), `// both ${agent}`, `// by ${agent} in both`));
    if (n === 3) steps.push(...shell(`echo 'by ${agent} made' > '${at(`src/${agent}-made.txt`)}'`));
    if (n === 4) steps.push(...shell(`rm '${at(`src/${agent}-made.txt`)}'`));
  }
  steps.push({ text: 'All done.' });
  return steps.map((step, index) => ({ ...step, delayMs: 200 + ((index * 137) % 500) }));
}

beforeAll(async () => {
  layRepository();
  const env: Record<string, string> = {};
  const binaries: string[] = [];
  const files: ReturnType<typeof agentSetup>[] = [];
  for (const agent of agents) {
    const model = await startScriptedModel(stepsOf(agent));
    models.push(model);
    const setup = agentSetup(agent, { port: model.port });
    files.push(setup);
    Object.assign(env, setup.env);
    binaries.push(await ensureAgent(agent));
  }
  binaries.push((await ensureNode(24)).binFolder, process.env['PATH'] ?? '');
  workbench = await openWorkbench({
    folder,
    env: { ...env, PATH: binaries.join(path.delimiter) },
    settings: { 'editor.formatOnSave': true, 'json.format.enable': true, 'files.insertFinalNewline': true },
    widthPx: 1500,
    heightPx: 950,
  });
  for (const setup of files) await layAgentFiles(workbench.home, setup);
}, 240_000);

afterAll(async () => {
  await workbench?.close();
  for (const model of models) await model.close();
  if (folder !== undefined) await rm(folder, { recursive: true, force: true, maxRetries: 10 });
});

const isFileLine = ({ kind }: Line): boolean => /^file\.(?:created|changed|deleted|renamed)$/.test(String(kind));

/** Who truly made a change of these files: told by what only they write there. Undefined: this script does not know. */
function truthOf(line: Line): readonly string[] | undefined {
  const file = String(line['path']);
  for (const agent of agents)
    if (file === `src/${agent}.js` || file === `src/${agent}.txt` || file === `src/${agent}-made.txt`) return [agent];
  if (/^out\d\.txt$/.test(file) || file === 'settings.json' || file === 'notes.md') return ['user'];
  if (file.startsWith('lib/')) return ['git'];
  return undefined;
}

function verdictOf(by: Line, truth: readonly string[]): 'right' | 'overlap' | 'unknown' | 'wrong' {
  if (by['actor'] === 'unknown') {
    const others = by['others'] as readonly string[] | undefined;
    if (others === undefined) return 'unknown';
    return truth.every((who) => others.includes(who)) ? 'overlap' : 'wrong';
  }
  const said = by['actor'] === 'agent' ? by['name'] : by['actor'];
  return truth.length === 1 && said === truth[0] ? 'right' : 'wrong';
}

it('[A64] tells two real agents, a person’s typing, a formatter, a build and a change of branch apart, or says who could have', async () => {
  await workbench.showTapedeck();
  await workbench.openTerminal();
  await workbench.typeInTerminal('echo ready');
  await eventuallyInLog(folder, (lines) => lines.find(({ kind }) => kind === 'command.ended'), 'the first command');
  await eventuallyInLog(folder, (lines) => lines.find(({ kind }) => kind === 'baseline.taken'), 'the baseline');

  for (const [index, agent] of agents.entries()) {
    if (index > 0) await workbench.openTerminal();
    const [program, ...args] = agentSetup(agent, { port: models[index]!.port }).argv(`Work as ${agent}`);
    await workbench.typeInTerminal([program, ...args.map((word) => (/^[\w./-]+$/.test(word) ? word : `'${word}'`))].join(' '));
  }
  await workbench.openTerminal();
  await eventuallyInLog(
    folder,
    (lines) => (agents.every((agent) => lines.some(({ kind, by }) => kind === 'tool.called' && by.name === agent)) ? true : undefined),
    'both agents at work',
    120_000,
  );

  await workbench.typeInTerminal('sh build.sh first');
  // The person types into a file that a formatter lays out on save.
  await workbench.openFile('settings.json');
  for (let n = 0; n < 3; n++) {
    await workbench.page.keyboard.press('ControlOrMeta+Home');
    await workbench.page.keyboard.press('ArrowRight');
    await workbench.page.keyboard.insertText(`"typed${n}":   ${n},`);
    await workbench.page.keyboard.press('ControlOrMeta+s');
    await workbench.page.waitForTimeout(900);
  }
  // A terminal again: a change of branch in the middle of it all, and another build.
  await workbench.openTerminal();
  await workbench.typeInTerminal('git checkout -q next; sleep 1');
  await workbench.page.waitForTimeout(2500);
  await workbench.typeInTerminal('sh build.sh second');

  for (const agent of agents)
    await eventuallyInLog(
      folder,
      (lines) => lines.find((line) => line['kind'] === 'command.ended' && String(line['command']).startsWith(agent)),
      `the end of ${agent}`,
      180_000,
    );
  // Whatever was still to be learned is learned now.
  await eventuallyInLog(
    folder,
    (lines) => (existsSync(at('out4.txt')) && lines.some((line) => line['path'] === 'out4.txt') ? true : undefined),
    'the build',
  );
  await workbench.page.waitForTimeout(4000);

  const lines = readLog(folder);
  const findings = new Map(
    lines.filter(({ kind }) => kind === 'file.attributed').map((line) => [line['event'] as string, line['by'] as Line]),
  );
  const score = { right: 0, overlap: 0, unknown: 0, wrong: 0 };
  const table: string[] = [];
  for (const line of lines.filter(isFileLine)) {
    const truth = truthOf(line);
    if (truth === undefined) continue;
    const by = findings.get(`${line['w']}.${line['n']}`) ?? (line['by'] as Line);
    const verdict = verdictOf(by, truth);
    score[verdict] += 1;
    table.push(`${verdict.padEnd(8)} ${String(line['kind']).padEnd(13)} ${String(line['path']).padEnd(22)} ${JSON.stringify(by)}`);
  }
  console.log(`${table.join('\n')}\nright ${score.right}, overlap ${score.overlap}, unknown ${score.unknown}, wrong ${score.wrong}`);
  const report = process.env['TAPEDECK_ATTRIBUTION_REPORT'];
  if (report !== undefined) appendFileSync(report, `${JSON.stringify(score)}\n`);
  await workbench.screenshot('attribution');

  expect(score.wrong, table.filter((row) => row.startsWith('wrong')).join('\n')).toBe(0);
  // Both agents wrote all that they were told to, or the scene was another one.
  for (const agent of agents) expect(readFileSync(at(`src/${agent}.txt`), 'utf8')).toContain(`by ${agent} shell ${rounds - 1}`);
  for (const who of [...agents, 'user', 'git'])
    expect(
      table.filter(
        (row) => row.startsWith('right') && row.includes(who === 'user' || who === 'git' ? `"actor":"${who}"` : `"name":"${who}"`),
      ),
      who,
    ).not.toEqual([]);
  expect(score.unknown + score.overlap).toBeLessThan(score.right);
}, 600_000);
