// A running code-server: one throw-away VS Code with a profile, extensions and temporary folders of its own, on a free
// port of loopback.
//
// Promise: whoever starts one can rely on `stop` ending every process that it started (also when our own process ends
// first) and removing every folder that it made.
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createWriteStream, existsSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ensureCodeServer } from './codeServerTool.mjs';
import { runQuietly } from './command.mjs';
import { environmentWith } from './npm.mjs';

/** Settings of a quiet editor: no greeting, no updates, nothing that saves or fetches by itself. */
export const quietSettings = {
  'workbench.startupEditor': 'none',
  'workbench.enableExperiments': false,
  'workbench.tips.enabled': false,
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'chat.commandCenter.enabled': false,
  'chat.agentHost.enabled': false,
  'telemetry.telemetryLevel': 'off',
  'update.mode': 'none',
  'extensions.autoCheckUpdates': false,
  'extensions.autoUpdate': false,
  'extensions.ignoreRecommendations': true,
  'security.workspace.trust.enabled': false,
  'git.openRepositoryInParentFolders': 'never',
  'files.autoSave': 'off',
  'terminal.integrated.gpuAcceleration': 'off',
};

/**
 * @typedef {object} CodeServerOptions
 * @property {import("./codeServerTool.mjs").CodeServerEdition} [edition]
 * @property {readonly string[]} [extensions] .vsix files or unpacked extension folders' .vsix to install
 * @property {Readonly<Record<string, unknown>>} [settings] on top of the quiet ones
 * @property {Readonly<Record<string, string>>} [env] on top of a clean environment
 * @property {"own" | "users"} [home] a throw-away HOME, or the user's own
 * @property {boolean} [workspaceTrust] whether the editor asks whether it may trust a folder
 * @property {boolean} [forInHostTests] accept tests in the address (VS Code's smoke test driver, where it needs that)
 * @property {string} [profile] a folder that is kept: user data and extensions stay for the next start
 * @property {boolean} [keepSettings] leave the settings of a kept profile as they are
 */

/**
 * @typedef {object} CodeServer
 * @property {string} url without a query; open it with `?folder=/absolute/path`
 * @property {string} home the HOME of its terminals and its extension host
 * @property {string} userDataFolder
 * @property {() => Promise<string>} log what it printed so far
 * @property {() => Promise<void>} stop
 * @property {Promise<unknown>} ended settles when it has ended, by `stop` or by itself
 */

/**
 * Starts a code-server and waits until it answers.
 * @param {CodeServerOptions} [options]
 * @returns {Promise<CodeServer>}
 */
export async function startCodeServer(options = {}) {
  const tool = await ensureCodeServer(options.edition ?? 'current');
  // Short, for it holds sockets, whose paths may have 100 bytes.
  const scratch = await mkdtemp(path.join(tmpdir(), 'td-'));
  const logFile = path.join(scratch, 'server.log');
  const readLog = async () => await readFile(logFile, 'utf8').catch(() => '');
  const removeScratch = () => rm(scratch, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  /** @type {ServerProcess | undefined} */
  let running;
  try {
    const prepared = await prepare(tool, scratch, options);
    const port = await freePort();
    const args = [...prepared.base, ...serverFlags(port, tool, options)];
    running = startProcess(tool.node.binary, args, prepared.env, prepared.home, { scratch, logFile });
    const url = `http://127.0.0.1:${port}/`;
    await untilAnswering(`${url}healthz`, running.child, readLog);
    const { end } = running;
    /** @type {Promise<void> | undefined} */
    let stopping;
    const stop = () => (stopping ??= end().then(removeScratch));
    return { url, home: prepared.home, userDataFolder: prepared.userDataFolder, log: readLog, stop, ended: running.ended };
  } catch (error) {
    await running?.end();
    await removeScratch();
    throw error;
  }
}

/**
 * Lays the profile, the HOME and the environment, and installs the extensions.
 * @param {import("./codeServerTool.mjs").CodeServerTool} tool @param {string} scratch @param {CodeServerOptions} options
 */
async function prepare(tool, scratch, options) {
  const profile = options.profile ?? scratch;
  const userDataFolder = path.join(profile, 'data');
  const extensionsFolder = path.join(profile, 'extensions');
  const ownHome = path.join(scratch, 'home');
  for (const folder of [userDataFolder, extensionsFolder, ownHome, path.join(scratch, 'run'), path.join(scratch, 'tmp')]) {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  }
  const home = options.home === 'users' ? (process.env.HOME ?? ownHome) : ownHome;
  const env = { ...serverEnvironment(tool.node, scratch, home), ...options.env };
  if (home === ownHome) {
    await furnishHome(ownHome, env.PATH ?? '');
    // No marketplace: nothing is looked up outside.
    env.EXTENSIONS_GALLERY = '{"serviceUrl":""}';
  }
  const hasSettings = existsSync(path.join(userDataFolder, 'User', 'settings.json'));
  if (!options.keepSettings || !hasSettings) await writeSettings(userDataFolder, { ...quietSettings, ...options.settings });
  const config = path.join(scratch, 'config.yaml');
  await writeFile(config, '');
  const base = [tool.entry, '--config', config, '--user-data-dir', userDataFolder, '--extensions-dir', extensionsFolder];
  for (const extension of options.extensions ?? []) {
    await runQuietly(tool.node.binary, [...base, '--install-extension', extension, '--force'], { env });
  }
  return { base, env, home, userDataFolder };
}

/** @param {number} port @param {import("./codeServerTool.mjs").CodeServerTool} tool @param {CodeServerOptions} options */
function serverFlags(port, tool, options) {
  const flags = ['--auth', 'none', '--bind-addr', `127.0.0.1:${port}`];
  flags.push('--disable-telemetry', '--disable-update-check', '--disable-getting-started-override');
  if (!options.workspaceTrust) flags.push('--disable-workspace-trust');
  if (options.forInHostTests && tool.needsSmokeTestFlag) flags.push('--vscode-option', 'enable-smoke-test-driver');
  return flags;
}

/**
 * @typedef {object} ServerProcess
 * @property {import("node:child_process").ChildProcess} child
 * @property {() => Promise<void>} end ends it and all that it started
 * @property {Promise<unknown>} ended
 */

/**
 * Starts the server in a process group of its own, so that ending the group ends its extension host and terminals too.
 * @param {string} program @param {readonly string[]} args @param {NodeJS.ProcessEnv} env @param {string} cwd
 * @param {{ scratch: string, logFile: string }} places
 * @returns {ServerProcess}
 */
function startProcess(program, args, env, cwd, { scratch, logFile }) {
  const child = spawn(program, args, { env, cwd, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  const log = createWriteStream(logFile);
  child.stdout.pipe(log, { end: false });
  child.stderr.pipe(log, { end: false });
  const ended = new Promise((resolve) => {
    child.once('close', resolve);
  });
  const endGroup = (/** @type {NodeJS.Signals} */ signal) => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, signal);
    } catch {
      // It has ended already.
    }
  };
  const endWithUs = () => {
    endGroup('SIGKILL');
    rmSync(scratch, { recursive: true, force: true, maxRetries: 5 });
  };
  process.once('exit', endWithUs);
  const end = async () => {
    endGroup('SIGTERM');
    const isGone = await Promise.race([ended.then(() => true), delay(5000).then(() => false)]);
    endGroup('SIGKILL');
    if (!isGone) await ended;
    process.removeListener('exit', endWithUs);
    log.end();
  };
  return { child, end, ended };
}

/** @param {string} userDataFolder @param {Readonly<Record<string, unknown>>} settings */
async function writeSettings(userDataFolder, settings) {
  const text = JSON.stringify(settings, undefined, 2);
  await mkdir(path.join(userDataFolder, 'User'), { recursive: true });
  await writeFile(path.join(userDataFolder, 'User', 'settings.json'), text);
}

/**
 * A git identity, and a shell start-up file: the workbench asks a login shell for its environment, and some systems'
 * /etc/profile sets PATH anew.
 * @param {string} home @param {string} searchPath
 */
async function furnishHome(home, searchPath) {
  const git = ['[user]', '\tname = Tess Deck', '\temail = tess@example.invalid', '[init]', '\tdefaultBranch = main', ''];
  await writeFile(path.join(home, '.gitconfig'), git.join('\n'));
  const shell = [`export PATH='${searchPath.replaceAll("'", `'\\''`)}'`, "PS1='\\W$ '", ''].join('\n');
  for (const name of ['.bashrc', '.bash_profile']) await writeFile(path.join(home, name), shell);
}

/**
 * Our own environment less what another editor, another agent or another desktop session put there.
 * @param {import("./nodeRuntime.mjs").NodeRuntime} node @param {string} scratch @param {string} home
 */
function serverEnvironment(node, scratch, home) {
  const env = environmentWith(node);
  for (const name of Object.keys(env)) {
    if (/^(VSCODE_|XDG_|CLAUDE|CODEX_|ELECTRON_|TERM_PROGRAM|GIT_(DIR|WORK_TREE|INDEX_FILE)$|VITEST|NODE_OPTIONS$)/.test(name))
      delete env[name];
  }
  Object.assign(env, { HOME: home, XDG_RUNTIME_DIR: path.join(scratch, 'run'), TMPDIR: path.join(scratch, 'tmp') });
  env.SHELL = '/bin/bash';
  return env;
}

/** @returns {Promise<number>} */
function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => (address !== null && typeof address === 'object' ? resolve(address.port) : reject(new Error('no port'))));
    });
  });
}

/** @param {string} url @param {import("node:child_process").ChildProcess} child @param {() => Promise<string>} readLog */
async function untilAnswering(url, child, readLog) {
  const until = Date.now() + 60_000;
  while (Date.now() < until) {
    if (child.exitCode !== null) throw new Error(`code-server ended with ${child.exitCode}:\n${await readLog()}`);
    try {
      const answer = await fetch(url);
      await answer.body?.cancel();
      if (answer.ok) return;
    } catch {
      // Not listening yet.
    }
    await delay(100);
  }
  throw new Error(`code-server did not answer within 60 s:\n${await readLog()}`);
}

/** @param {number} timeMs @returns {Promise<void>} */
function delay(timeMs) {
  return new Promise((resolve) => setTimeout(resolve, timeMs));
}
