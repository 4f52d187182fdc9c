// `npm run check:corpus -- DIR`: reads every transcript below a folder, see corpusProgram.ts.
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const scratch = await mkdtemp(join(tmpdir(), 'tapedeck-corpus-'));
try {
  const program = join(scratch, 'corpus.mjs');
  await build({
    entryPoints: [join(here, 'corpusProgram.ts')],
    outfile: program,
    bundle: true,
    platform: 'node',
    format: 'esm',
    logLevel: 'error',
    banner: { js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);" },
  });
  // npm starts us in the project; the folder was named from where the user stands.
  const words = process.argv.slice(2).map((word) => resolve(process.env['INIT_CWD'] ?? process.cwd(), word));
  const child = spawn(process.execPath, ['--expose-gc', program, ...words], { stdio: 'inherit' });
  process.exitCode = await new Promise((done) => child.on('close', (code) => done(code ?? 1)));
} finally {
  await rm(scratch, { recursive: true, force: true });
}
