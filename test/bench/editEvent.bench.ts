import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { systemClock } from '../../src/base/clock.ts';
import { openContentStore } from '../../src/store/contentStore.ts';
import { nodeDigest } from '../../src/store/digest.ts';
import { quietGitEnvironment } from '../../src/store/gitObjects.ts';
import { tapedeckLayout } from '../../src/store/layout.ts';
import { openLogWriter } from '../../src/store/logWriter.ts';
import { describeGoals, median, percentile, show } from './measure.ts';

// One durable edit event (read the file, hash it, store what changed, sync, write the event, sync) against what checkpoint
// tools do for the same edit: `git add . ; git commit` in a shadow repository, and `git add <path> ; git commit`.

const folder = await mkdtemp(join(process.env['TAPEDECK_BENCH_DIR'] ?? tmpdir(), 'tapedeck-bench-'));
const isQuick = process.argv.includes('--quick');
const fileCount = isQuick ? 2000 : 10_000;
const editCount = isQuick ? 300 : 2000;
const gitCount = isQuick ? 8 : 30;
const session = '20260101-120000-abcd';

/** Source-like text: words from a small vocabulary, lines of common length. */
function sourceText(seed: number, lines: number): string {
  const words = ['const', 'return', 'value', 'index', 'function', 'await', 'if', 'result', 'export', 'string', 'options', 'path'];
  let state = seed * 2654435761 + 1;
  const next = (below: number): number => ((state = (state * 1103515245 + 12345) & 0x7fffffff) >> 8) % below;
  return Array.from(
    { length: lines },
    () => `${'  '.repeat(next(4))}${Array.from({ length: 3 + next(6) }, () => words[next(words.length)]).join(' ')};\n`,
  ).join('');
}

function createTree(root: string): string[] {
  const paths: string[] = [];
  for (let index = 0; index < fileCount; index++) {
    const path = join(`pack${index % 40}`, `part${index % 7}`, `file${index}.ts`);
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), sourceText(index, 40 + ((index * 37) % 400)));
    paths.push(path);
  }
  return paths;
}

function edit(path: string, count: number): void {
  const text = readFileSync(path, 'utf8');
  const at = text.indexOf('\n', (count * 7919) % text.length) + 1;
  writeFileSync(path, `${text.slice(0, at)}// edit ${count}\n${text.slice(at)}`);
}

const sizeOf = (root: string): number =>
  readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);

function buildRaw(): string | undefined {
  const source = process.env['TAPEDECK_BENCH_SOURCE'] ?? '';
  const program = join(folder, 'rawSync');
  return spawnSync('cc', ['-O2', '-o', program, join(source, 'rawSync.c')], { stdio: 'inherit' }).status === 0 ? program : undefined;
}

try {
  const tree = join(folder, 'tree');
  const paths = createTree(tree);
  const raw = buildRaw();
  const rawP50Us = (): number => {
    const result = spawnSync(raw!, [join(folder, `raw-${Math.random()}`), '2000', '550'], { encoding: 'utf8' });
    return (JSON.parse(result.stdout) as { p50Us: number }).p50Us;
  };
  const rawBefore = raw === undefined ? Number.NaN : rawP50Us();

  const layout = tapedeckLayout(join(folder, '.tapedeck'));
  const writer = await openLogWriter({ layout, session, clock: systemClock, digest: nodeDigest });
  const content = await openContentStore({ layout, digest: nodeDigest, writer: writer.id });
  const known = new Map<string, { readonly hash: string; readonly sizeBytes: number }>();
  const tookMs: number[] = [];
  const edited = paths.filter((_, index) => index % 50 === 0);
  for (const path of edited) known.set(path, await content.put(await readFile(join(tree, path))));
  const baseBytes = sizeOf(layout.blobs);
  for (let count = 0; count < editCount; count++) {
    const path = edited[count % edited.length]!;
    edit(join(tree, path), count);
    const from = performance.now();
    const before = known.get(path)!;
    const after = await content.putFile(join(tree, path), 4_000_000, before.hash);
    if ('missing' in after) throw new Error(after.missing);
    const type = 'file' as const;
    await writer.append({
      kind: 'file.changed',
      by: { actor: 'agent', name: 'codex', how: 'transcript' },
      path,
      before: { ...before, type, mode: 0o644 },
      after: { ...after, type, mode: 0o644 },
      added: 1,
      removed: 0,
    });
    tookMs.push(performance.now() - from);
    known.set(path, after);
  }
  await content.close();
  await writer.close();
  const bytesAnEdit = (sizeOf(layout.blobs) - baseBytes) / editCount;
  const rawAfter = raw === undefined ? Number.NaN : rawP50Us();

  const shadow = join(folder, 'shadow.git');
  const git = (...args: string[]): void => {
    execFileSync(
      'git',
      ['-c', 'gc.auto=0', '-c', 'user.name=t', '-c', 'user.email=t@t', `--git-dir=${shadow}`, `--work-tree=${tree}`, ...args],
      {
        cwd: tree,
        env: quietGitEnvironment(),
        stdio: ['ignore', 'ignore', 'inherit'],
      },
    );
  };
  execFileSync('git', ['init', '-q', '--bare', shadow], { env: quietGitEnvironment() });
  git('config', 'core.bare', 'false');
  git('add', '.');
  git('commit', '-qm', 'baseline', '--no-verify');
  const shadowBase = sizeOf(shadow);
  const addAllMs: number[] = [];
  const addPathMs: number[] = [];
  for (let count = 0; count < gitCount * 2; count++) {
    const path = edited[count % edited.length]!;
    edit(join(tree, path), editCount + count);
    const from = performance.now();
    git('add', count < gitCount ? '.' : path);
    git('commit', '-qm', `edit ${count}`, '--no-verify');
    (count < gitCount ? addAllMs : addPathMs).push(performance.now() - from);
  }
  const shadowBytes = (sizeOf(shadow) - shadowBase) / (gitCount * 2);

  const p50 = median(tookMs);
  const rawP50 = median([rawBefore, rawAfter]);
  console.log(
    `${show(fileCount)} files, ${show(editCount)} edits, ${gitCount} commits of each kind, Node ${process.versions.node}. An edit event p50 ${show(p50)} ms, p99 ${show(percentile(tookMs, 0.99))} ms.\n`,
  );
  console.log(
    describeGoals([
      {
        name: 'shadow git `add . ; commit` p50 : edit event p50',
        ratio: median(addAllMs) / p50,
        atLeast: fileCount < 50_000 ? 100 : 500,
        figures: `${show(median(addAllMs))} : ${show(p50)} ms`,
      },
      {
        name: 'shadow git `add <path> ; commit` p50 : edit event p50',
        ratio: median(addPathMs) / p50,
        atLeast: fileCount < 50_000 ? 50 : 150,
        figures: `${show(median(addPathMs))} : ${show(p50)} ms`,
      },
      {
        name: 'edit event p50 : two raw synced appends',
        ratio: (p50 * 1000) / (2 * rawP50),
        figures: `${show(p50 * 1000)} : 2 × ${show(rawP50)} µs (content and event are synced one after the other)`,
      },
      {
        name: 'stored content an edit : 512 bytes',
        ratio: bytesAnEdit / 512,
        atMost: 1,
        figures: `${show(bytesAnEdit)} bytes, all written files counted`,
      },
      {
        name: 'shadow git, loose, bytes an edit : ours',
        ratio: shadowBytes / bytesAnEdit,
        atLeast: 20,
        figures: `${show(shadowBytes)} : ${show(bytesAnEdit)} bytes`,
      },
    ]),
  );
} finally {
  await rm(folder, { recursive: true, force: true });
}
