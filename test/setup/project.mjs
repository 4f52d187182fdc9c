// The project itself: where it lies, how it is built and packed. Everything here runs under the Node of the tests.
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { runLoudly, runQuietly } from './command.mjs';
import { ensureNode } from './nodeRuntime.mjs';
import { environmentWith } from './npm.mjs';
import { SetupFailure } from './toolCache.mjs';

export const projectFolder = fileURLToPath(new URL('../../', import.meta.url));
export const outFolder = path.join(projectFolder, 'out');

/** Where each command-line tool of node_modules starts. */
const scripts = {
  tsc: 'typescript/bin/tsc',
  oxlint: 'oxlint/bin/oxlint',
  oxfmt: 'oxfmt/bin/oxfmt',
  knip: 'knip/bin/knip.js',
  vitest: 'vitest/vitest.mjs',
  vsce: '@vscode/vsce/vsce',
};

/**
 * Runs one of the project's tools, or a script of ours, with its output passed through.
 * @param {keyof typeof scripts | `${string}.mjs`} tool
 * @param {readonly string[]} args
 * @param {Readonly<Record<string, string>>} [env] on top of ours
 * @returns {Promise<number>} the exit code
 */
export async function runTool(tool, args, env = {}) {
  const node = await ensureNode(24);
  return await runLoudly(node.binary, [scriptOf(tool), ...args], { cwd: projectFolder, env: { ...environmentWith(node), ...env } });
}

/** Bundles the extension and, for the in-host tests, those. */
export async function buildProject() {
  const node = await ensureNode(24);
  const options = { cwd: projectFolder, env: environmentWith(node) };
  await runQuietly(node.binary, ['esbuild.mjs', '--tests'], options);
}

/**
 * Packs what `buildProject` made.
 * @returns {Promise<string>} the path of the .vsix
 */
export async function packExtension() {
  const node = await ensureNode(24);
  const vsix = path.join(outFolder, 'tapedeck.vsix');
  await mkdir(outFolder, { recursive: true });
  const args = [scriptOf('vsce'), 'package', '--no-dependencies', '--out', vsix];
  await runQuietly(node.binary, args, { cwd: projectFolder, env: environmentWith(node) });
  return vsix;
}

/** @returns {Promise<string>} the path of the .vsix of the demo's player */
export async function packDemoPlayer() {
  const node = await ensureNode(24);
  const vsix = path.join(outFolder, 'demo-player.vsix');
  const args = [scriptOf('vsce'), 'package', '--no-dependencies', '--skip-license', '--allow-missing-repository', '--out', vsix];
  await runQuietly(node.binary, args, { cwd: path.join(projectFolder, 'test', 'setup', 'demo', 'player'), env: environmentWith(node) });
  return vsix;
}

/** @param {string} tool */
function scriptOf(tool) {
  const script = Object.entries(scripts).find(([name]) => name === tool)?.[1];
  if (script !== undefined) return path.join(projectFolder, 'node_modules', script);
  if (!tool.endsWith('.mjs')) throw new SetupFailure(`There is no tool named ${tool}.`);
  return path.join(projectFolder, tool);
}
