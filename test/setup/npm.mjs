// npm, run under a Node of our choice. Its settings (registry, certificates, proxies) are the user's own; only what an
// enclosing `npm start` or `npm test` put into the environment about this project is taken out.
import { delimiter } from 'node:path';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { runQuietly } from './command.mjs';

const ofTheEnclosingRun =
  /^(npm_(package|lifecycle)_.*|npm_command|npm_node_execpath|npm_config_(local_prefix|user_agent|prefix|global_prefix|legacy_peer_deps|save_exact|nodedir)|INIT_CWD|NODE)$/i;
const quiet = ['--no-audit', '--no-fund', '--no-update-notifier', '--loglevel=error'];

/**
 * @typedef {import("./nodeRuntime.mjs").NodeRuntime} NodeRuntime
 */

/**
 * The environment for a program that should find this Node first.
 * @param {NodeRuntime} node
 * @returns {NodeJS.ProcessEnv}
 */
export function environmentWith(node) {
  /** @type {NodeJS.ProcessEnv} */
  const environment = {};
  for (const [name, value] of Object.entries(process.env)) {
    if (!ofTheEnclosingRun.test(name) && name.toUpperCase() !== 'PATH') environment[name] = value;
  }
  environment.PATH = [node.binFolder, process.env.PATH ?? ''].join(delimiter);
  return environment;
}

/**
 * Runs npm in a folder.
 * @param {readonly string[]} args
 * @param {{ cwd: string, node?: NodeRuntime | undefined }} options without a node: the one that runs us
 */
export async function runNpm(args, { cwd, node }) {
  const runtime = node ?? { binary: process.execPath, binFolder: path.dirname(process.execPath) };
  const env = environmentWith(runtime);
  // Native parts are built against the headers that lie beside this Node, so that none need be downloaded.
  if (node?.headers !== undefined) env.npm_config_nodedir = node.headers;
  const advice = "npm could not do it: check the network and npm's own settings (`npm config list`), then run this again.";
  const cli = process.env.npm_execpath;
  if (cli !== undefined && /npm-cli\.c?js$/.test(cli)) {
    await runQuietly(runtime.binary, [cli, ...args, ...quiet], { cwd, env, advice });
  } else {
    await runQuietly('npm', [...args, ...quiet], { cwd, env, advice, shell: process.platform === 'win32' });
  }
}

/**
 * Installs packages into a folder of their own. No install script runs: what a package needs built is built by name.
 * @param {string} folder
 * @param {Readonly<Record<string, string>>} dependencies
 * @param {NodeRuntime} [node]
 */
export async function installPackages(folder, dependencies, node) {
  await writeFile(path.join(folder, 'package.json'), `${JSON.stringify({ private: true, dependencies }, undefined, 2)}\n`);
  await runNpm(['install', '--no-package-lock', '--ignore-scripts'], { cwd: folder, node });
}
