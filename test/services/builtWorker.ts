import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';

/** The program of the log's thread, built as it ships, in a folder of its own. */
export interface BuiltWorker {
  readonly folder: string;
  readonly program: string;
  remove(): Promise<void>;
}

export async function buildWorker(): Promise<BuiltWorker> {
  const folder = await mkdtemp(join(tmpdir(), 'tapedeck-worker-'));
  const program = join(folder, 'logWorker.js');
  await build({
    entryPoints: ['src/logWorker.ts'],
    outfile: program,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node22',
    logLevel: 'error',
  });
  return { folder, program, remove: () => rm(folder, { recursive: true, force: true, maxRetries: 5 }) };
}
