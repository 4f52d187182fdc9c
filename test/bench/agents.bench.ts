import { spawn } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { appendFile, mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../src/base/clock.ts';
import { SourceSet } from '../../src/core/sourceSet.ts';
import { claudeAdapter } from '../../src/core/transcripts/claude.ts';
import { transcriptAdapters } from '../../src/core/transcripts/table.ts';
import type { TapedeckEvent } from '../../src/model/event.ts';
import { openAgentFollower } from '../../src/services/agentFollower.ts';
import { summariseTranscripts } from '../../src/services/transcriptImport.ts';
import { listTranscripts } from '../../src/services/transcriptListing.ts';
import { nodeDigest } from '../../src/store/digest.ts';
import { writeClaudeTranscripts } from './claudeTranscripts.ts';
import { describeGoals, median, percentile, show, type Goal } from './measure.ts';

// Agents' transcripts: all of them once, again when nothing changed, and one more line while an agent writes.

const isQuick = process.argv.includes('--quick');
const megabytes = isQuick ? 60 : 500;
const runs = isQuick ? 2 : 3;
const ingestFlag = process.argv.indexOf('--ingest');

if (ingestFlag >= 0) {
  // The whole of it in a process of its own, as `tapedeck import PATH --json` is one.
  const home = process.argv[ingestFlag + 1]!;
  const environment = { platform: process.platform, homeFolder: home, variables: {} };
  const found = await summariseTranscripts(join(home, '.claude', 'projects'), {
    adapters: transcriptAdapters,
    environment,
    digest: nodeDigest,
  });
  const outputs = found.runs.reduce((sum, { tokens }) => sum + tokens.output, 0);
  console.log(JSON.stringify({ runs: found.runs.length, outputs, peakMB: process.resourceUsage().maxRSS / 1024 }));
} else await measure();

async function measure(): Promise<void> {
  const folder = await realpath(await mkdtemp(join(process.env['TAPEDECK_BENCH_DIR'] ?? tmpdir(), 'tapedeck-bench-')));
  try {
    const cwd = join(folder, 'work');
    await mkdir(cwd);
    const fixtures = join(process.env['TAPEDECK_BENCH_SOURCE'] ?? '.', '..', 'fixtures', 'transcripts', 'claude');
    const made = await writeClaudeTranscripts(folder, fixtures, cwd, megabytes * 1024 * 1024);
    const program = await peerProgram();
    const ours: number[] = [];
    const peer: number[] = [];
    let told = { runs: 0, outputs: 0, peakMB: 0 };
    await readAll(folder);
    for (let run = 0; run < runs; run++) {
      const own = await timed(process.execPath, [process.argv[1]!, '--ingest', folder], folder);
      ours.push(own.ms);
      told = JSON.parse(own.output) as typeof told;
      peer.push(program === undefined ? await parseAll(folder) : (await timed(program, ['session', '--json', '--offline'], folder)).ms);
    }
    if (told.runs === 0 || told.outputs === 0) throw new Error('Nothing was read.');
    const warm: number[] = [];
    const environment = { platform: process.platform, homeFolder: folder, variables: {} };
    for (let run = 0; run < 30; run++) {
      const from = performance.now();
      const { transcripts } = await listTranscripts([claudeAdapter], environment);
      warm.push(performance.now() - from);
      if (transcripts.length !== made.files) throw new Error('Not all files were listed.');
    }
    const live = await follow(folder, cwd);
    const peerName = program === undefined ? 'JSON.parse of every line' : 'ccusage';
    const best = (values: readonly number[]): number => Math.min(...values);
    const goals: Goal[] = [
      {
        name: `cold ingest : ${peerName}`,
        ratio: best(ours) / best(peer),
        ...(program === undefined ? {} : { atMost: 0.75 }),
        figures: `${show(best(ours))} : ${show(best(peer))} ms, whole processes; ${show(made.bytes / 1e6 / (best(ours) / 1000))} MB/s`,
      },
      { name: 'peak memory, MB', ratio: told.peakMB, atMost: 150, figures: `${told.runs} runs, bare Node about 45` },
      {
        name: `${peerName} : warm reopen`,
        ratio: best(peer) / median(warm),
        atLeast: 500,
        figures: `${show(median(warm))} ms, ${made.files} files`,
      },
      {
        name: 'new event is told after, p99 ms',
        ratio: percentile(live.lateMs, 0.99),
        atMost: 2,
        figures: `p50 ${show(median(live.lateMs))} ms`,
      },
      {
        name: 'processor for a new event, µs',
        ratio: live.cpuUs,
        atMost: 10,
        figures: `one of ${live.burst} lines that come at once; one alone ${show(live.aloneUs)}`,
      },
    ];
    console.log(
      `${made.files} files, ${made.lines.toLocaleString('en')} lines, ${show(made.bytes / 1e6)} MB; best of ${runs} runs, Node ${process.versions.node}.\n`,
    );
    console.log(describeGoals(goals));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** ccusage where it was fetched (`npm i --prefix DIR ccusage`; its folder in TAPEDECK_CCUSAGE), which is no part of this project. */
async function peerProgram(): Promise<string | undefined> {
  const program = process.env['TAPEDECK_CCUSAGE'];
  if (program === undefined) return undefined;
  await readFile(program);
  return program;
}

function timed(program: string, args: readonly string[], home: string): Promise<{ readonly ms: number; readonly output: string }> {
  const from = performance.now();
  const env = { PATH: process.env['PATH'], HOME: home, CLAUDE_CONFIG_DIR: join(home, '.claude'), LOG_LEVEL: '0' };
  const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) =>
      code === 0 ? resolve({ ms: performance.now() - from, output }) : reject(new Error(`${program} ended with ${code}.`)),
    );
  });
}

/** Into the system's cache, so that both read from memory. */
async function readAll(home: string): Promise<void> {
  const { transcripts } = await listTranscripts([claudeAdapter], { platform: process.platform, homeFolder: home, variables: {} });
  for (const { file } of transcripts) await readFile(file.path);
}

async function parseAll(home: string): Promise<number> {
  const { transcripts } = await listTranscripts([claudeAdapter], { platform: process.platform, homeFolder: home, variables: {} });
  const from = performance.now();
  let records = 0;
  for (const { file } of transcripts)
    for (const line of (await readFile(file.path, 'utf8')).split('\n')) if (line !== '' && JSON.parse(line) !== null) records += 1;
  if (records === 0) throw new Error('Nothing was parsed.');
  return performance.now() - from;
}

/** An agent's transcript that grows while it is followed. */
async function follow(home: string, cwd: string): Promise<{ lateMs: number[]; cpuUs: number; aloneUs: number; burst: number }> {
  const session = 'ffffffff-0000-4000-8000-000000000001';
  const path = join(home, '.claude', 'projects', cwd.replaceAll(/[^A-Za-z0-9]/g, '-'), `${session}.jsonl`);
  let count = 0;
  const line = (): string => {
    count += 1;
    const common = {
      sessionId: session,
      cwd,
      version: '2.1.300',
      userType: 'external',
      isSidechain: false,
      timestamp: new Date().toISOString(),
    };
    const message = { id: `msg_${count}`, role: 'assistant', model: 'm', content: [{ type: 'text', text: `word ${count} `.repeat(20) }] };
    return `${JSON.stringify({ type: 'assistant', uuid: `u-${count}`, parentUuid: count === 1 ? null : `u-${count - 1}`, requestId: `req_${count}`, message, ...common })}\n`;
  };
  await writeFile(path, line());
  let seen = 0;
  let wake = (): void => {};
  const follower = await openAgentFollower({
    folders: [{ name: 'work', path: cwd }],
    env: { platform: process.platform, homeFolder: home, variables: {} },
    adapters: [claudeAdapter],
    since: Date.now() - 60_000,
    journal: { record: (draft) => Promise.resolve(draft as TapedeckEvent) },
    sources: new SourceSet(),
    digest: nodeDigest,
    clock: systemClock,
    onFact: ({ kind }) => {
      if (kind !== 'reply.given') return;
      seen += 1;
      wake();
    },
  });
  const until = (target: number): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (seen >= target) resolve();
      };
      wake = look;
      look();
    });
  await follower.flush();
  const lateMs: number[] = [];
  const cpu: number[] = [];
  for (let round = 0; round < (isQuick ? 60 : 400); round++) {
    const before = process.cpuUsage();
    await appendFile(path, line());
    const from = performance.now();
    await until(count);
    const now = performance.now();
    const used = process.cpuUsage(before);
    if (round >= 20) {
      lateMs.push(now - from);
      cpu.push(used.user + used.system);
    }
    await new Promise((resolve) => setTimeout(resolve, 12));
  }
  const burst = 5000;
  const lines = Array.from({ length: burst }, line).join('');
  const bursts: number[] = [];
  for (let round = 0; round < 3; round++) {
    const text = round === 0 ? lines : Array.from({ length: burst }, line).join('');
    appendFileSync(path, text);
    const before = process.cpuUsage();
    await until(count);
    const used = process.cpuUsage(before);
    bursts.push((used.user + used.system) / burst);
  }
  await follower.close();
  return { lateMs, cpuUs: Math.min(...bursts), aloneUs: median(cpu), burst };
}
