// code-server from npm: VS Code's own workbench and extension host, for machines without a desktop. It is heavy, so it
// is no dependency of the project but a tool in the cache.
//
// Its install script builds a dozen native modules, most of them for other platforms or for sign-in. Here the packages
// are installed without scripts and only the three that a local session needs are built: the terminals, the logs and
// the process watchdog. That takes a quarter of the time and no headers beyond Node's own.
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { installPackages, runNpm } from './npm.mjs';
import { ensureNode } from './nodeRuntime.mjs';
import { SetupFailure, ensureTool } from './toolCache.mjs';

/**
 * @typedef {object} CodeServerTool
 * @property {string} entry the script to start
 * @property {import("./nodeRuntime.mjs").NodeRuntime} node the Node it is made for
 * @property {boolean} needsSmokeTestFlag whether in-host tests need VS Code's smoke test driver
 */

/**
 * `current` is the newest VS Code that is tested, `oldest` the one that `engines.vscode` names.
 * @typedef {"current" | "oldest"} CodeServerEdition
 */

/** @type {Record<CodeServerEdition, { version: string, vscode: string, node: 22 | 24, natives: readonly string[], replace: Readonly<Record<string, string>>, smokeTestFlag: boolean }>} */
export const codeServerEditions = {
  current: {
    version: '4.139.1',
    vscode: '1.139.1',
    node: 24,
    natives: ['node-pty', '@vscode/spdlog', '@vscode/native-watchdog'],
    replace: {},
    smokeTestFlag: true,
  },
  oldest: {
    version: '4.105.1',
    vscode: '1.105.1',
    node: 22,
    natives: ['node-pty', '@vscode/spdlog', 'native-watchdog'],
    // The first is pinned to a git address, the second downloads its binary; these versions come whole from npm.
    replace: { '@parcel/watcher': '2.5.6', '@vscode/ripgrep': '1.18.0' },
    smokeTestFlag: false,
  },
};

/**
 * @param {CodeServerEdition} edition
 * @returns {Promise<CodeServerTool>}
 */
export async function ensureCodeServer(edition) {
  if (process.platform === 'win32') {
    throw new SetupFailure('code-server does not run on Windows: use the desktop VS Code (put `code` on PATH) or `npm run test:electron`.');
  }
  const { version, vscode, node: major, natives, replace, smokeTestFlag } = codeServerEditions[edition];
  const node = await ensureNode(major);
  const folder = await ensureTool({
    name: 'code-server',
    version,
    why: `VS Code ${vscode} without a desktop, to run the extension in`,
    takes: '1 to 2 min, 600 MB',
    async install(fresh) {
      await installPackages(fresh, { 'code-server': version }, node);
      await stubPasswordHashing(fresh);
      const workbench = path.join(fresh, 'node_modules', 'code-server', 'lib', 'vscode');
      if (Object.keys(replace).length > 0) await replaceDependencies(workbench, replace);
      const install = ['install', '--omit=dev', '--ignore-scripts'];
      await runNpm(install, { cwd: workbench, node });
      await runNpm(['rebuild', ...natives], { cwd: workbench, node });
      await runNpm(install, { cwd: path.join(workbench, 'extensions'), node });
      await linkByPlatform(workbench);
    },
  });
  return { entry: path.join(folder, 'node_modules', 'code-server', 'out', 'node', 'entry.js'), node, needsSmokeTestFlag: smokeTestFlag };
}

/** The sign-in with a password hash is never used here, and its native part would have to be downloaded. @param {string} folder */
async function stubPasswordHashing(folder) {
  const home = path.join(folder, 'node_modules', 'argon2');
  await rm(home, { recursive: true, force: true });
  await mkdir(home, { recursive: true });
  await writeFile(path.join(home, 'package.json'), '{ "name": "argon2", "version": "0.0.0", "main": "argon2.js" }\n');
  await writeFile(
    path.join(home, 'argon2.js'),
    'const refuse = async () => { throw new Error("This code-server runs without passwords."); };\nmodule.exports = { hash: refuse, verify: refuse };\n',
  );
}

/** @param {string} workbench @param {Readonly<Record<string, string>>} replace */
async function replaceDependencies(workbench, replace) {
  const file = path.join(workbench, 'package.json');
  const manifest = JSON.parse(await readFile(file, 'utf8'));
  Object.assign(manifest.dependencies, replace);
  await writeFile(file, JSON.stringify(manifest, undefined, 2));
  await rm(path.join(workbench, 'npm-shrinkwrap.json'), { force: true });
}

/** What code-server's own install script links at its end. @param {string} workbench */
async function linkByPlatform(workbench) {
  const system = process.platform === 'darwin' ? 'darwin' : 'linux';
  const links = [
    ['node_modules', path.join(workbench, 'node_modules.asar')],
    [`code-${system}.sh`, path.join(workbench, 'bin', 'remote-cli', 'code-server')],
    [`browser-${system}.sh`, path.join(workbench, 'bin', 'helpers', 'browser.sh')],
  ];
  for (const [target, link] of links) {
    if (target === undefined || link === undefined || existsSync(link)) continue;
    await symlink(target, link);
  }
}
