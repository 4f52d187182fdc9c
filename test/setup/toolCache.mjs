// The tools that the tests and the demo need are kept in one folder of the user's cache, keyed by name and version, so
// that the next run and the next fresh clone reuse them.
//
// Promise: a folder under its final name is whole. Each tool is installed beside it under another name and renamed into
// place at the end, so an interrupted install is never half-used; of two installs at once, the first to finish wins.
import { mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';

const unfinished = '.unfinished-';
const dayMs = 24 * 60 * 60 * 1000;

/** A set-up step that could not be done; the message says what the reader can do about it. */
export class SetupFailure extends Error {
  /** @override */
  name = 'SetupFailure';
}

/** @returns {string} the folder that holds all tools: `$XDG_CACHE_HOME/tapedeck-dev` or `~/.cache/tapedeck-dev` */
export function toolCacheFolder() {
  const { XDG_CACHE_HOME } = process.env;
  return path.join(XDG_CACHE_HOME || path.join(homedir(), '.cache'), 'tapedeck-dev');
}

/**
 * @typedef {object} Tool
 * @property {string} name a folder name, such as `node`
 * @property {string} version
 * @property {string} why what it is needed for, told to the reader
 * @property {string} takes about how long and how large, told to the reader
 * @property {(folder: string) => Promise<void>} install fills an empty folder; may not keep its path, which changes
 */

/**
 * Gives the folder of a tool, installing it at the first call.
 * @param {Tool} tool
 * @returns {Promise<string>} an absolute path
 */
export async function ensureTool(tool) {
  const root = toolCacheFolder();
  const folder = path.join(root, `${tool.name}-${tool.version}`);
  if (existsSync(folder)) return folder;
  await mkdir(root, { recursive: true });
  await removeAbandoned(root);
  console.log(`Installing ${tool.name} ${tool.version} into ${folder}: ${tool.why} (${tool.takes}).`);
  const startedAt = Date.now();
  const fresh = await mkdtemp(path.join(root, `${unfinished}${tool.name}-`));
  try {
    await tool.install(fresh);
    await renameIntoPlace(fresh, folder);
  } catch (error) {
    await rm(fresh, { recursive: true, force: true, maxRetries: 5 });
    throw error;
  }
  console.log(`Installed ${tool.name} ${tool.version} in ${Math.round((Date.now() - startedAt) / 1000)} s.`);
  return folder;
}

/** @param {string} fresh @param {string} folder */
async function renameIntoPlace(fresh, folder) {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await rename(fresh, folder);
    } catch (error) {
      if (existsSync(folder)) return await rm(fresh, { recursive: true, force: true, maxRetries: 5 });
      // Windows: a virus scanner may hold a new file open for a moment.
      if (attempt === 10) throw error;
      await new Promise((resolve) => setTimeout(resolve, 200 * attempt));
    }
  }
}

/** @param {string} root */
async function removeAbandoned(root) {
  for (const entry of await readdir(root)) {
    if (!entry.startsWith(unfinished)) continue;
    const folder = path.join(root, entry);
    const { mtimeMs } = await stat(folder).catch(() => ({ mtimeMs: Date.now() }));
    if (Date.now() - mtimeMs > dayMs) await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
