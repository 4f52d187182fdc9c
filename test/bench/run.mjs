// `npm run bench`: every benchmark; `npm run bench -- append read`: these; `-- log`: all
// of the log. `--write` puts the figures into RESULTS.md,
// `--quick` takes less. Each `<name>.bench.ts` is a program that prints its section in Markdown; it is bundled as what ships is.
import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { cpus, platform, release, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const words = process.argv.slice(2);
const flags = words.filter((word) => word.startsWith('--'));
const all = (await readdir(here)).filter((name) => name.endsWith('.bench.ts')).map((name) => name.replace('.bench.ts', ''));
/** What is measured together, by the name of the whole. */
const groups = { log: ['append', 'read', 'search', 'fold', 'verify'] };
const wanted = words.filter((word) => !word.startsWith('--')).flatMap((word) => groups[word] ?? [word]);
const unknown = wanted.filter((name) => !all.includes(name));
if (unknown.length > 0) {
  console.error(`No such benchmark: ${unknown.join(', ')}. There are: ${[...Object.keys(groups), ...all].join(', ')}.`);
  process.exit(2);
}

const folder = await mkdtemp(join(tmpdir(), 'tapedeck-bench-'));
try {
  for (const name of wanted.length > 0 ? wanted : all) {
    const outfile = join(folder, `${name}.mjs`);
    await build({
      entryPoints: [join(here, `${name}.bench.ts`)],
      outfile,
      bundle: true,
      platform: 'node',
      format: 'esm',
      logLevel: 'error',
      banner: { js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);" },
    });
    console.error(`${name} …`);
    const section = await run(outfile);
    console.log(`## ${name}\n\n${section}`);
    if (flags.includes('--write')) await writeSection(name, section);
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function run(program) {
  const child = spawn(process.execPath, ['--expose-gc', program, ...flags], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, TAPEDECK_BENCH_SOURCE: here },
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text) => (output += text));
  const code = await new Promise((resolve) => child.on('close', resolve));
  if (code !== 0) throw new Error(`${program} ended with ${code}.`);
  return output.trimEnd();
}

async function writeSection(name, section) {
  const path = join(here, 'RESULTS.md');
  const head =
    '# Results\n\nWritten by `npm run bench -- --write`. Ratios are of one run on one machine; plain figures are for orientation.\n';
  const text = await readFile(path, 'utf8').catch(() => head);
  const parts = text.split(/^(?=## )/m);
  const machine = `${new Date().toISOString().slice(0, 10)}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, ${platform()} ${release()}`;
  const fresh = `## ${name}\n\n${machine}. ${section}\n`;
  const index = parts.findIndex((part) => part.startsWith(`## ${name}\n`));
  if (index >= 0) {
    // What was written by hand under a figure stays: it says why.
    const remark = parts[index].match(/^### Why[\s\S]*/m)?.[0] ?? '';
    parts[index] = remark === '' ? fresh : `${fresh}\n${remark}`;
  } else parts.push(fresh);
  await writeFile(path, `${parts.map((part) => part.trimEnd()).join('\n\n')}\n`);
}
