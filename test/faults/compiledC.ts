import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Obstacle } from './obstacle.ts';

/** Compiles a C file of this folder into `folder`. The path of what came out, or why that is not possible on this machine. */
export function compileC(name: string, folder: string, flags: readonly string[] = []): { readonly path: string } | Obstacle {
  if (process.platform !== 'linux') return { obstacle: `${name} is for Linux alone` };
  const path = join(folder, name.replace(/\.c$/, '.out'));
  const source = fileURLToPath(new URL(name, import.meta.url));
  const { error, status, stderr } = spawnSync(process.env['CC'] ?? 'cc', ['-O2', ...flags, '-o', path, source, '-ldl'], {
    encoding: 'utf8',
  });
  if (error !== undefined) return { obstacle: `no C compiler: ${error.message}` };
  return status === 0 ? { path } : { obstacle: `${name} does not compile here: ${stderr}` };
}
