import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eachSearchedText } from '../../src/core/searchText.ts';
import { nodeDigest } from '../../src/store/digest.ts';
import { tapedeckLayout, type SessionLayout } from '../../src/store/layout.ts';
import { createLogSearch, type LogSearch } from '../../src/store/logSearch.ts';
import { listSegments } from '../../src/store/segmentFile.ts';
import { searchIndexRecipe } from '../../src/store/searchIndex.ts';
import { keepSidecars } from '../../src/store/sidecarKeeper.ts';
import { describeGoals, median, percentile, show, type Goal } from './measure.ts';
import { fewWords, realText, textEvents, writeTextLog, type TextSource } from './textLog.ts';

// The 50 newest hits of any text in a log of a million events: with the index, against ripgrep over the same files, and what
// the index costs, against SQLite's FTS5 over the same texts. In real text and in text of sixty words.

const isQuick = process.argv.includes('--quick');
const count = isQuick ? 100_000 : 1_000_000;
/** FTS5 takes minutes for them all: it is given a part, and compared by the event. */
const ftsEvents = isQuick ? 20_000 : 300_000;
const sessionId = '20260101-120000-abcd';
const modules = join(process.env['TAPEDECK_BENCH_SOURCE'] ?? '.', '..', '..', 'node_modules');
const hasRipgrep = spawnSync('rg', ['--version']).status === 0;
const digest = nodeDigest;
const folder = await mkdtemp(join(process.env['TAPEDECK_BENCH_DIR'] ?? tmpdir(), 'tapedeck-bench-'));

interface Needle {
  readonly what: string;
  readonly text: string;
  readonly ignoresCase: boolean;
}

let seed = 7;
const draw = (below: number): number => {
  seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fff_ffff;
  return Math.floor((seed / 0x8000_0000) * below);
};

/** Pieces of what is there, of every length; halves of two that are there, together nowhere or nearly; and words. */
function needlesOf(texts: readonly string[]): Needle[] {
  const needles: Needle[] = [];
  const piece = (length: number): string => {
    for (;;) {
      const text = texts[draw(texts.length)]!;
      if (text.length < length) continue;
      const from = draw(text.length - length + 1);
      const found = text.slice(from, from + length);
      if (found.trim().length === length && !/\p{Surrogate}/u.test(found)) return found;
    }
  };
  for (const length of [3, 4, 5, 6, 8, 12, 20, 40])
    for (let index = 0; index < (isQuick ? 4 : 16); index++) {
      const ignoresCase = index % 4 === 3;
      needles.push({ what: `${length} there`, text: piece(length), ignoresCase });
      if (length > 3) needles.push({ what: `${length} mixed`, text: piece(length >> 1) + piece(length - (length >> 1)), ignoresCase });
    }
  for (const text of ['the', 'function', 'session', 'zqx', 'qjxkvz', 'nothing that anybody wrote', 'TODO', 'export const'])
    needles.push({ what: 'words', text, ignoresCase: false }, { what: 'words', text, ignoresCase: true });
  return needles;
}

async function timed(work: () => unknown): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/** Processor time: both that are compared use one thread, and whatever else the machine does is not counted. */
async function worked(work: () => unknown): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

async function sizeOf(path: string): Promise<number> {
  let size = 0;
  for (const name of await readdir(path).catch(() => [])) size += (await stat(join(path, name))).size;
  return size;
}

async function buildMs(session: SessionLayout): Promise<number> {
  await rm(session.cache, { recursive: true, force: true });
  return worked(() => keepSidecars({ session, recipes: [searchIndexRecipe], digest, sliceMs: 50 }));
}

async function ftsMs(rows: readonly string[], options: string): Promise<number> {
  const { DatabaseSync } = await import('node:sqlite');
  const path = join(folder, 'fts.db');
  const database = new DatabaseSync(path);
  database.exec(`pragma journal_mode = off; pragma synchronous = off; create virtual table texts using fts5(body, content='', ${options})`);
  const insert = database.prepare('insert into texts(rowid, body) values (?, ?)');
  const ms = await worked(() => {
    database.exec('begin');
    for (const [index, row] of rows.entries()) insert.run(index + 1, row);
    database.exec('commit');
  });
  database.close();
  await rm(path);
  return ms;
}

async function measure(name: string, source: TextSource): Promise<{ goals: Goal[]; table: string }> {
  const layout = tapedeckLayout(join(folder, name));
  const session = layout.session(sessionId);
  const rows: string[] = [];
  const texts: string[] = [];
  const bytes = await writeTextLog(
    session,
    (function* () {
      for (const event of textEvents(count, source)) {
        const parts: string[] = [];
        if (rows.length < ftsEvents || event.n % 97 === 0) eachSearchedText(event, (_, text) => void parts.push(text));
        if (rows.length < ftsEvents) rows.push(parts.join('\n'));
        if (event.n % 97 === 0) texts.push(...parts);
        yield event;
      }
    })(),
  );
  // The open segment is as good as closed, so that all of it is indexed.
  const open = [...(await listSegments(session)).values()].flat().at(-1)!;
  await (await import('node:fs/promises')).utimes(open.path, new Date(0), new Date(0));
  const builds = [await buildMs(session), await buildMs(session), await buildMs(session)];
  const build = Math.min(...builds);
  const indexBytes = await sizeOf(session.cache);
  const words = await ftsMs(rows, `tokenize='unicode61', detail=none`);
  const grams = await ftsMs(rows, `tokenize='trigram'`);

  const search = createLogSearch({ layout, digest, isOwnThread: true });
  const find = (engine: LogSearch, { text, ignoresCase }: Needle): Promise<unknown> =>
    engine.find({ sessions: [sessionId], query: { text, ignoresCase }, count: 50 });
  const cold = await timed(() =>
    find(createLogSearch({ layout, digest, isOwnThread: true }), { what: '', text: 'qjxkvz', ignoresCase: false }),
  );
  const needles = needlesOf(texts);
  const own: number[] = [];
  const ratios: { readonly ratio: number; readonly ms: number; readonly rgMs: number; readonly needle: Needle }[] = [];
  for (const needle of needles) {
    const runs: number[] = [];
    for (let run = 0; run < 4; run++) runs.push(await timed(() => find(search, needle)));
    const ms = median(runs.slice(1));
    own.push(ms);
    if (!hasRipgrep) continue;
    const rg = (): void =>
      void spawnSync('rg', [
        '-F',
        '-c',
        '--no-config',
        ...(needle.ignoresCase ? ['-i'] : []),
        '--',
        JSON.stringify(needle.text).slice(1, -1),
        session.events,
      ]);
    const rgMs = Math.min(await timed(rg), await timed(rg));
    ratios.push({ ratio: ms / rgMs, ms, rgMs, needle });
  }
  const perEvent = (ms: number, events: number): number => (ms * 1000) / events;
  const goals: Goal[] = [
    {
      name: `${name}: 50 newest hits, p50 (ms)`,
      ratio: median(own),
      atMost: 5,
      figures: `${needles.length} needles; p90 ${show(percentile(own, 0.9))} ms, p99 ${show(percentile(own, 0.99))} ms, worst ${show(Math.max(...own))} ms; the first one, indexes read: ${show(cold)} ms`,
    },
    {
      name: `${name}: index, share of the log`,
      ratio: indexBytes / bytes,
      atMost: 0.07,
      figures: `${show(indexBytes / 2 ** 20)} of ${show(bytes / 2 ** 20)} MiB`,
    },
    {
      name: `${name}: FTS5 trigram build / index build, by the event`,
      ratio: perEvent(grams, ftsEvents) / perEvent(build, count),
      atLeast: 10,
      figures: `${show(perEvent(grams, ftsEvents))} and ${show(perEvent(build, count))} µs of processor time an event; the whole log in ${show(build)} ms`,
    },
    {
      name: `${name}: FTS5 words only (no part of a word) / index build`,
      ratio: perEvent(words, ftsEvents) / perEvent(build, count),
      figures: `${show(perEvent(words, ftsEvents))} µs an event`,
    },
  ];
  let table = '';
  if (hasRipgrep) {
    const over = ratios.filter(({ ratio }) => ratio > 1 / 3);
    goals.push({
      name: `${name}: slowest needle / ripgrep`,
      ratio: Math.max(...ratios.map(({ ratio }) => ratio)),
      atMost: 0.34,
      figures: `median ${show(median(ratios.map(({ ratio }) => ratio)))}; ${over.length} of ${ratios.length} over a third; ripgrep's median ${show(median(ratios.map(({ rgMs }) => rgMs)))} ms`,
    });
    table = over
      .toSorted((a, b) => b.ratio - a.ratio)
      .slice(0, 12)
      .map(
        ({ ratio, ms, rgMs, needle }) =>
          `- ${JSON.stringify(needle.text)}${needle.ignoresCase ? ' (any case)' : ''}, ${needle.what}: ${show(ms)} ms, ripgrep ${show(rgMs)} ms (${show(ratio)})`,
      )
      .join('\n');
  }
  await rm(layout.root, { recursive: true, force: true });
  return { goals, table };
}

try {
  const goals: Goal[] = [];
  const tables: string[] = [];
  const wanted = process.argv.includes('--real') ? ['real'] : ['real', 'sixty words'];
  for (const name of wanted) {
    const { goals: reached, table } = await measure(name, name === 'real' ? realText(modules) : fewWords());
    goals.push(...reached);
    if (table !== '') tables.push(`Over a third of ripgrep's time, ${name}:\n\n${table}`);
  }
  const rg = hasRipgrep
    ? execFileSync('rg', ['--version'], { encoding: 'utf8' }).split('\n')[0]
    : 'ripgrep is not installed, so it was not compared';
  console.log(
    `${count.toLocaleString('en')} events, Node ${process.versions.node}, ${rg}. FTS5 was given ${ftsEvents.toLocaleString('en')} events.\n`,
  );
  console.log([describeGoals(goals), ...tables].join('\n\n'));
} finally {
  await rm(folder, { recursive: true, force: true });
}
