// The project's own node_modules, made to fit package-lock.json.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { runNpm } from './npm.mjs';

/**
 * @typedef {{ packages: Record<string, { version?: string, optional?: boolean, devOptional?: boolean }> }} Lock
 */

/**
 * Runs `npm install` when what is installed differs from package-lock.json. Compared by content, so that neither a
 * checkout nor an `npm install` by hand makes it run for nothing. Not `npm ci`: that refuses a lock file without the
 * entries of every platform's binaries, and not every registry has them all. The versions are the lock's all the same.
 * @param {string} projectFolder
 * @param {import("./nodeRuntime.mjs").NodeRuntime} node
 */
export async function ensureProjectModules(projectFolder, node) {
  const wanted = await readLock(path.join(projectFolder, 'package-lock.json'));
  if (wanted === undefined) throw new Error(`${projectFolder} has no readable package-lock.json.`);
  const present = await readLock(path.join(projectFolder, 'node_modules', '.package-lock.json'));
  const difference = firstDifference(wanted, present);
  if (difference === undefined) return;
  console.log(`Installing the project's packages into node_modules: ${difference} (20 s, 300 MB).`);
  const startedAt = Date.now();
  await runNpm(['install', '--no-save'], { cwd: projectFolder, node });
  console.log(`Installed the project's packages in ${Math.round((Date.now() - startedAt) / 1000)} s.`);
}

/** @param {string} file @returns {Promise<Lock | undefined>} */
async function readLock(file) {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch {
    return undefined;
  }
}

/** @param {Lock} wanted @param {Lock | undefined} present */
function firstDifference(wanted, present) {
  if (present === undefined) return 'there are none yet';
  for (const [folder, { version, optional, devOptional }] of Object.entries(wanted.packages)) {
    if (folder === '') continue;
    const installed = present.packages[folder];
    if (installed === undefined && (optional || devOptional)) continue; // another platform's
    if (installed?.version !== version) return `${folder} should be ${version}, is ${installed?.version ?? 'missing'}`;
  }
  return undefined;
}
