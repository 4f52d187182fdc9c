import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import * as fs from 'node:fs/promises';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { inParallel } from '../../src/base/inParallel.ts';
import { systemClock } from '../../src/base/clock.ts';
import { userAuthor } from '../../src/model/author.ts';
import { eventId } from '../../src/model/ids.ts';
import { openRecorder } from '../../src/services/recorder.ts';
import { defaultRecorderSettings } from '../../src/services/recorderSettings.ts';
import { openRewinder } from '../../src/services/rewinder.ts';
import { openContentStore } from '../../src/store/contentStore.ts';
import { createDirectDisk } from '../../src/store/directDisk.ts';
import { nodeDigest } from '../../src/store/digest.ts';
import { quietGitEnvironment } from '../../src/store/gitObjects.ts';
import { tapedeckLayout } from '../../src/store/layout.ts';
import { openLogReader } from '../../src/store/logReader.ts';
import { openLogWriter } from '../../src/store/logWriter.ts';
import { restorePlatform } from '../../src/store/presentFile.ts';
import { restoreFiles } from '../../src/store/restore.ts';
import type { RestoreStep } from '../../src/store/restoreStep.ts';
import { createWriterId } from '../../src/store/writerClaim.ts';
import { describeGoals, median, percentile, show } from './measure.ts';

// Baseline, edits and restores in a generated repository, against git itself, against what Cline does once a turn (`stash
// create`, untracked files in a commit of their own, private refs) and against a shadow repository as Roo keeps one
// (`add . ; commit` for each edit, `clean -fd ; reset --hard` to restore). All in one run.

const folder = await mkdtemp(join(process.env['TAPEDECK_BENCH_DIR'] ?? tmpdir(), 'tapedeck-bench-'));
const isQuick = process.argv.includes('--quick');
const fileCount = isQuick ? 5000 : 50_000;
const fileBytes = 20_000;
const durableEdits = isQuick ? 300 : 2000;
const storedEdits = isQuick ? 2000 : 10_000;
const gitEdits = isQuick ? 6 : 20;
const restored = 500;
const times = isQuick ? 5 : 9;

const tree = join(folder, 'tree');
const shadow = join(folder, 'shadow.git');
const words = ['const', 'return', 'value', 'index', 'function', 'await', 'if', 'result', 'export', 'string', 'options', 'path'];

function sourceText(seed: number, sizeBytes: number): string {
  let state = (seed * 2_654_435_761 + 1) & 0x7fffffff;
  const next = (below: number): number => ((state = (state * 1_103_515_245 + 12_345) & 0x7fffffff) >> 8) % below;
  let text = '';
  while (text.length < sizeBytes)
    text += `${'  '.repeat(next(4))}${words[next(12)]!} ${words[next(12)]!}${next(1000)} = ${words[next(12)]!}(${next(9999)});\n`;
  return text;
}

function createTree(): string[] {
  const paths: string[] = [];
  for (let index = 0; index < fileCount; index++) {
    const path = `pack${index % 50}/part${index % 101}/file${index}.ts`;
    mkdirSync(dirname(join(tree, path)), { recursive: true });
    writeFileSync(join(tree, path), sourceText(index, fileBytes / 4 + ((index * 37) % ((fileBytes * 3) / 2))));
    paths.push(path);
  }
  return paths;
}

function edit(path: string, count: number): void {
  const text = readFileSync(path, 'utf8');
  const at = text.indexOf('\n', (count * 7919) % (text.length - 1)) + 1;
  writeFileSync(path, `${text.slice(0, at)}// edit ${count}\n${text.slice(at)}`);
}

function git(args: readonly string[], environment: NodeJS.ProcessEnv = {}): string {
  const identity = { GIT_AUTHOR_NAME: 'b', GIT_AUTHOR_EMAIL: 'b@b', GIT_COMMITTER_NAME: 'b', GIT_COMMITTER_EMAIL: 'b@b' };
  return execFileSync('git', args as string[], {
    cwd: tree,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    env: { ...quietGitEnvironment(), GIT_OPTIONAL_LOCKS: '1', ...identity, ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

const shadowGit = (...args: string[]): string => git(['-c', 'gc.auto=0', `--git-dir=${shadow}`, `--work-tree=${tree}`, ...args]);

/** As Cline's checkpoint of a turn, with what is untracked. */
function clineTurn(turn: number): void {
  const stash = git(['stash', 'create']).trim() || git(['rev-parse', 'HEAD']).trim();
  const untracked = git(['ls-files', '--others', '--exclude-standard', '-z']).split('\0').filter(Boolean);
  const index = { GIT_INDEX_FILE: join(folder, `cline-index-${turn}`) };
  git(['read-tree', '--empty'], index);
  if (untracked.length > 0) git(['add', '-f', '--', ...untracked], index);
  const commit = git(['commit-tree', git(['write-tree'], index).trim(), '-p', stash, '-m', `turn ${turn}`]).trim();
  git(['update-ref', `refs/cline/${turn}`, commit]);
}

const sizeOf = (root: string): number =>
  readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);

function timed(work: () => void): number {
  const from = performance.now();
  work();
  return performance.now() - from;
}

async function timedLater(work: () => Promise<unknown>): Promise<number> {
  const from = performance.now();
  await work();
  return performance.now() - from;
}

function rawSyncUs(): number {
  const source = process.env['TAPEDECK_BENCH_SOURCE'] ?? '';
  const program = join(folder, 'rawSync');
  if (spawnSync('cc', ['-O2', '-o', program, join(source, 'rawSync.c')]).status !== 0) return Number.NaN;
  const run = spawnSync(program, [join(folder, `raw-${performance.now()}`), '2000', '550'], { encoding: 'utf8' });
  return (JSON.parse(run.stdout) as { p50Us: number }).p50Us;
}

/** The least that a restore which is never half-written costs: write beside, sync, rename, eight at a time. */
async function bareRestore(contents: ReadonlyMap<string, Uint8Array>, isSynced: boolean): Promise<void> {
  await inParallel([...contents], 8, async ([path, bytes]) => {
    const file = await fs.open(`${path}.bare`, 'wx');
    await file.write(bytes);
    if (isSynced) await file.sync();
    await file.close();
    await fs.rename(`${path}.bare`, path);
  });
}

try {
  const paths = createTree();
  git(['init', '-q', '-b', 'main']);
  writeFileSync(join(tree, '.git/info/exclude'), '/.tapedeck\n');
  git(['add', '-A']);
  git(['commit', '-qm', 'start']);
  const treeBytes = paths.reduce((sum, path) => sum + statSync(join(tree, path)).size, 0);

  // Baseline.
  git(['status', '--porcelain']);
  const statusMs = median(Array.from({ length: times }, () => timed(() => git(['status', '--porcelain']))));
  const baselineMs: number[] = [];
  let copiedBytes = 0;
  let manifestBytes = 0;
  for (let round = 0; round < times; round++) {
    const root = join(folder, `log${round}`);
    const from = performance.now();
    const recorder = await openRecorder({
      folders: [{ name: 'tree', path: tree }],
      root,
      settings: defaultRecorderSettings,
      clock: systemClock,
      digest: nodeDigest,
      app: 'cli',
      watcher: { watch: () => ({ dispose: () => {} }) },
    });
    await recorder.whenReady;
    baselineMs.push(performance.now() - from);
    const session = await recorder.start();
    const reader = await openLogReader({ layout: recorder.layout, session, digest: nodeDigest });
    while ((await reader.tail(1, { kinds: ['baseline.taken'] })).events.length === 0)
      await new Promise((resolve) => setTimeout(resolve, 20));
    const taken = (await reader.tail(1, { kinds: ['baseline.taken'] })).events[0]!;
    const manifest = taken.kind === 'baseline.taken' ? await recorder.content.get(taken.manifest!) : undefined;
    const health = await recorder.content.verify();
    manifestBytes = health.storedBytes;
    copiedBytes = health.contents - (manifest === undefined ? 0 : 1);
    reader.dispose();
    await recorder.close();
  }

  // Durable edits.
  const layout = tapedeckLayout(join(folder, 'edits'));
  const writer = await openLogWriter({ layout, session: '20260101-120000-abcd', clock: systemClock, digest: nodeDigest });
  const content = await openContentStore({ layout, digest: nodeDigest, writer: writer.id });
  const edited = paths.filter((_, index) => index % Math.floor(fileCount / 200) === 0);
  const known = new Map<string, { readonly hash: string; readonly sizeBytes: number }>();
  for (const path of edited) known.set(path, await content.put(await fs.readFile(join(tree, path))));
  const type = 'file' as const;
  const recordEdit = async (path: string): Promise<void> => {
    const before = known.get(path)!;
    const after = await content.putFile(join(tree, path), 4_000_000, before.hash);
    if ('missing' in after) throw new Error(after.missing);
    await writer.append({
      kind: 'file.changed',
      by: { actor: 'agent', name: 'codex', how: 'transcript' },
      path,
      before: { ...before, type, mode: 0o644 },
      after: { ...after, type, mode: 0o644 },
      added: 1,
      removed: 0,
    });
    known.set(path, after);
  };
  const rawBefore = rawSyncUs();
  const editMs: number[] = [];
  const storeBefore = sizeOf(layout.blobs);
  for (let count = 0; count < storedEdits; count++) {
    const path = edited[count % edited.length]!;
    edit(join(tree, path), count);
    const tookMs = await timedLater(() => recordEdit(path));
    if (count < durableEdits) editMs.push(tookMs);
  }
  const bytesAnEdit = (sizeOf(layout.blobs) - storeBefore) / storedEdits;
  const rawUs = median([rawBefore, rawSyncUs()]);
  await content.close();
  await writer.close();

  // What the others do for an edit, or once a turn.
  execFileSync('git', ['init', '-q', '--bare', shadow], { env: quietGitEnvironment() });
  shadowGit('config', 'core.bare', 'false');
  const shadowBaselineMs = timed(() => {
    shadowGit('add', '.', '--ignore-errors');
    shadowGit('commit', '-qm', 'baseline', '--no-verify', '--allow-empty');
  });
  const shadowBytes = sizeOf(shadow);
  const rooMs: number[] = [];
  for (let count = 0; count < gitEdits; count++) {
    edit(join(tree, edited[count % edited.length]!), storedEdits + count);
    rooMs.push(
      timed(() => {
        shadowGit('add', '.', '--ignore-errors');
        shadowGit('commit', '-qm', `edit ${count}`, '--no-verify', '--allow-empty');
      }),
    );
  }
  const shadowBytesAnEdit = (sizeOf(shadow) - shadowBytes) / gitEdits;
  const clineMs = Array.from({ length: gitEdits }, (_, turn) => {
    edit(join(tree, edited[turn % edited.length]!), storedEdits + gitEdits + turn);
    return timed(() => clineTurn(turn));
  });

  // Restores: 500 files changed, and back.
  const targets = paths.filter((_, index) => index % Math.floor(fileCount / restored) === 0).slice(0, restored);
  git(['checkout', '-q', '--', '.']);
  shadowGit('add', '.');
  shadowGit('commit', '-qm', 'before', '--allow-empty');
  const room = tapedeckLayout(join(folder, 'restore'));
  const recorder = await openRecorder({
    folders: [{ name: 'tree', path: tree }],
    root: room.root,
    settings: { ...defaultRecorderSettings, idleHours: 1000 },
    clock: systemClock,
    digest: nodeDigest,
    app: 'cli',
    watcher: { watch: () => ({ dispose: () => {} }) },
  });
  await recorder.whenReady;
  const session = await recorder.start();
  const reader = await openLogReader({ layout: recorder.layout, session, digest: nodeDigest });
  while ((await reader.tail(1, { kinds: ['baseline.taken'] })).events.length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
  const target = await recorder.journal.record({ kind: 'progress.noted', by: userAuthor, text: 'here' });
  const before = new Map(targets.map((path) => [join(tree, path), new Uint8Array(readFileSync(join(tree, path)))]));
  for (const [index, path] of targets.entries()) edit(join(tree, path), index);
  const after = new Map(targets.map((path) => [join(tree, path), new Uint8Array(readFileSync(join(tree, path)))]));
  await recorder.reconcile('hand');
  const versionOf = async (path: string, bytes: Uint8Array) => ({
    hash: (await recorder.content.put(bytes)).hash,
    sizeBytes: bytes.length,
    type,
    mode: statSync(path).mode & 0o777,
  });
  const stepsTo = async (from: ReadonlyMap<string, Uint8Array>, to: ReadonlyMap<string, Uint8Array>): Promise<RestoreStep[]> =>
    Promise.all(
      targets.map(async (path): Promise<RestoreStep> => {
        const absolute = join(tree, path);
        const disk = await versionOf(absolute, from.get(absolute)!);
        return { path, root: tree, relative: path, from: disk, disk, to: await versionOf(absolute, to.get(absolute)!) };
      }),
    );
  const context = {
    id: 'bench',
    content: recorder.content,
    fileSystem: createDirectDisk(),
    platform: restorePlatform(),
    documents: undefined,
  };
  const back = await stepsTo(after, before);
  const forth = await stepsTo(before, after);
  const run = async (steps: readonly RestoreStep[]): Promise<void> => {
    const outcome = await restoreFiles(context, { steps, foldersToEmpty: [] });
    if (!outcome.ok) throw new Error(outcome.failure.message);
  };
  const bareMs: number[] = [];
  const unsyncedMs: number[] = [];
  const restoreMs: number[] = [];
  const oneMs: number[] = [];
  const resetMs: number[] = [];
  for (let round = 0; round < times; round++) {
    restoreMs.push(await timedLater(() => run(back)));
    bareMs.push(await timedLater(() => bareRestore(after, true)));
    unsyncedMs.push(await timedLater(() => bareRestore(before, false)));
    await bareRestore(after, true);
    resetMs.push(
      timed(() => {
        shadowGit('clean', '-f', '-d', '-f', '-q');
        shadowGit('reset', '-q', '--hard', 'HEAD');
      }),
    );
    await bareRestore(after, true);
    for (let one = 0; one < 20; one++) {
      oneMs.push(await timedLater(() => run([back[one]!])));
      await run([forth[one]!]);
    }
  }
  // The whole: plan, safety checkpoint, journal, restore, log. A look of the recorder may have met a round half done.
  await recorder.flush();
  await recorder.reconcile('hand');
  const rewinder = openRewinder({
    layout: recorder.layout,
    folders: [{ name: 'tree', path: tree }],
    reader,
    journal: recorder.journal,
    content: recorder.content,
    digest: nodeDigest,
    random: (length) => createWriterId().padEnd(length, 'x').slice(0, length),
    during: (work) => recorder.during(work),
  });
  const planMs: number[] = [];
  const applyMs: number[] = [];
  for (let round = 0; round < Math.min(5, times); round++) {
    let plan = await rewinder.plan(eventId(target));
    planMs.push(await timedLater(async () => (plan = await rewinder.plan(eventId(target)))));
    applyMs.push(
      await timedLater(async () => {
        const report = await rewinder.apply(plan);
        if (!report.ok || report.written !== restored)
          throw new Error(`${round} ${JSON.stringify(plan.steps[0])} ${JSON.stringify(report).slice(0, 300)}`);
      }),
    );
    await rewinder.undo();
  }
  reader.dispose();
  await recorder.close();

  const restoredBytes = [...before.values()].reduce((sum, bytes) => sum + bytes.length, 0);
  const p50 = median(editMs);
  console.log(
    `${show(fileCount)} files, ${show(treeBytes / 1e6)} MB; ${show(storedEdits)} edits; ${restored} files (${show(restoredBytes / 1e6)} MB) restored ${times} times; Node ${process.versions.node}.\n`,
  );
  console.log(
    describeGoals([
      {
        name: 'baseline of a clean repository : `git status`',
        ratio: median(baselineMs) / statusMs,
        atMost: 1.5,
        figures: `${show(median(baselineMs))} : ${show(statusMs)} ms; shadow git’s ${show(shadowBaselineMs)} ms and ${show(shadowBytes / 1e6)} MB`,
      },
      {
        name: 'files copied for it',
        ratio: copiedBytes,
        atMost: 0,
        figures: `the list of files takes ${show(manifestBytes / 1000)} kB`,
      },
      {
        name: 'a durable edit event p50 : raw write + fdatasync p50',
        ratio: (p50 * 1000) / rawUs,
        atMost: 3,
        figures: `${show(p50 * 1000)} : ${show(rawUs)} µs; p99 ${show(percentile(editMs, 0.99))} ms`,
      },
      {
        name: 'Roo’s `add . ; commit` p50 : a durable edit event p50',
        ratio: median(rooMs) / p50,
        atLeast: isQuick ? 50 : 500,
        figures: `${show(median(rooMs))} : ${show(p50)} ms`,
      },
      {
        name: 'Cline’s turn p50 : a durable edit event p50',
        ratio: median(clineMs) / p50,
        figures: `${show(median(clineMs))} : ${show(p50)} ms`,
      },
      {
        name: 'stored bytes an edit : 500',
        ratio: bytesAnEdit / 500,
        atMost: 1,
        figures: `${show(bytesAnEdit)} bytes`,
      },
      {
        name: 'shadow git’s bytes an edit : ours',
        ratio: shadowBytesAnEdit / bytesAnEdit,
        atLeast: 100,
        figures: `${show(shadowBytesAnEdit)} : ${show(bytesAnEdit)} bytes`,
      },
      {
        name: `restore of ${restored} files : bare write, sync, rename of the same bytes`,
        ratio: median(restoreMs) / median(bareMs),
        atMost: 1.1,
        figures: `${show(median(restoreMs))} : ${show(median(bareMs))} ms (not synced: ${show(median(unsyncedMs))} ms)`,
      },
      {
        name: `shadow git’s \`clean -fd ; reset --hard\` : restore of ${restored} files`,
        ratio: median(resetMs) / median(restoreMs),
        atLeast: 5,
        figures: `${show(median(resetMs))} : ${show(median(restoreMs))} ms`,
      },
      { name: 'restore of one file, ms', ratio: median(oneMs), atMost: 1, figures: `p99 ${show(percentile(oneMs, 0.99))} ms` },
      {
        name: `a whole rewind of ${restored} files (safety checkpoint, journal, restore, log) : its restore`,
        ratio: median(applyMs) / median(restoreMs),
        figures: `${show(median(applyMs))} : ${show(median(restoreMs))} ms; the plan before it ${show(median(planMs))} ms`,
      },
    ]),
  );
} finally {
  await rm(folder, { recursive: true, force: true });
}
