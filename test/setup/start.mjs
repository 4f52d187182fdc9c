// `npm start`: Tapedeck in a real VS Code, on a throw-away demo in which a recorded agent session is played for real;
// `npm start -- PATH`: on a folder of yours. Runs on the system's Node with nothing installed.
//   node test/setup/start.mjs [PATH] [--code-server] [--check]
// The desktop VS Code is used where `code` is on PATH, else code-server, whose address is printed. Ctrl-C ends it all.
// --check waits until the demo has been recorded, says so, and ends: for CI.
import { existsSync, rmSync, statSync } from 'node:fs';
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { startCodeServer } from './codeServer.mjs';
import { startDesktop, findDesktop } from './desktop.mjs';
import { untilDemoIsRecorded } from './demo/check.mjs';
import { afterwards, recording } from './demo/recording.mjs';
import { layDemoWorkspace } from './demo/workspace.mjs';
import { ensureNode } from './nodeRuntime.mjs';
import { buildProject, packDemoPlayer, packExtension, projectFolder } from './project.mjs';
import { ensureProjectModules } from './projectModules.mjs';
import { exitOnSignals } from './signals.mjs';
import { SetupFailure, toolCacheFolder } from './toolCache.mjs';

/**
 * @typedef {object} Scene what is opened
 * @property {string} folder
 * @property {boolean} isDemo
 * @property {Record<string, string>} env
 */

async function main() {
  exitOnSignals();
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { check: { type: 'boolean' }, 'code-server': { type: 'boolean' } },
  });
  const [given] = positionals;
  const node = await ensureNode(24);
  await ensureProjectModules(projectFolder, node);
  console.log('Building the extension.');
  await buildProject();
  const scene = given === undefined ? await layDemo(node, values.check === true) : ownFolder(given);
  const desktop = values.check || values['code-server'] ? undefined : await findDesktop();
  if (desktop === undefined) await openInCodeServer(scene, values.check === true);
  else await startDesktop(desktop, scene);
}

/** @param {string} given @returns {Scene} */
function ownFolder(given) {
  const folder = path.resolve(process.env.INIT_CWD ?? '.', given);
  if (!existsSync(folder) || !statSync(folder).isDirectory()) throw new SetupFailure(`There is no folder ${folder}.`);
  return { folder, isDemo: false, env: {} };
}

/** @param {import("./nodeRuntime.mjs").NodeRuntime} node @param {boolean} isHurried @returns {Promise<Scene>} */
async function layDemo(node, isHurried) {
  const home = await mkdtemp(path.join(tmpdir(), 'tapedeck-demo-'));
  process.once('exit', () => rmSync(home, { recursive: true, force: true, maxRetries: 5 }));
  const folder = path.join(home, 'teatime');
  const codexHome = path.join(home, 'codex');
  for (const name of [folder, codexHome]) await mkdir(name, { recursive: true });
  await layDemoWorkspace(folder);
  const agent = await layRecordedAgent(home, node);
  const env = {
    CODEX_HOME: codexHome,
    TAPEDECK_DEMO: JSON.stringify({ folder, agent, afterwards }),
    TAPEDECK_DEMO_PACE: isHurried ? '0.3' : '1',
  };
  return { folder, isDemo: true, env };
}

/**
 * Puts the recorded session beside the workspace as a program named like the agent that it was recorded from, so that the
 * terminal's command line reads as with the real one. Answers the line to type in the workspace.
 * @param {string} home @param {import("./nodeRuntime.mjs").NodeRuntime} node
 */
async function layRecordedAgent(home, node) {
  const play = path.join(projectFolder, 'test', 'setup', 'demo', 'play.mjs');
  const bin = path.join(home, 'bin');
  await mkdir(bin);
  const [first] = recording;
  const asked = JSON.stringify(first?.kind === 'prompt' ? first.text : '');
  if (process.platform === 'win32') {
    await writeFile(path.join(bin, 'codex.cmd'), `@"${node.binary}" "${play}"\r\n`);
    return `..\\bin\\codex.cmd ${asked}`;
  }
  await writeFile(path.join(bin, 'codex'), `#!/bin/sh\nexec "${node.binary}" "${play}"\n`, { mode: 0o755 });
  return `../bin/codex ${asked}`;
}

/** @param {Scene} scene @param {boolean} isCheck */
async function openInCodeServer(scene, isCheck) {
  const extensions = [await packExtension()];
  if (scene.isDemo) extensions.push(await packDemoPlayer());
  const server = await startCodeServer({
    extensions,
    env: scene.env,
    home: scene.isDemo ? 'own' : 'users',
    settings: { 'workbench.colorTheme': 'Dark Modern' },
    ...(scene.isDemo ? {} : { profile: path.join(toolCacheFolder(), 'profile'), keepSettings: true }),
  });
  const address = `${server.url}?${new URLSearchParams({ folder: scene.folder }).toString()}`;
  if (isCheck) {
    await untilDemoIsRecorded(address, scene.folder);
    await server.stop();
    return;
  }
  console.log(`\nTapedeck runs in VS Code at\n\n    ${address}\n`);
  if (scene.isDemo)
    console.log('Open it: a recorded agent session plays in the terminal, and the timeline fills. It is all thrown away at the end.');
  console.log('Ctrl-C ends it.');
  await server.ended;
  console.log('The editor has ended.');
}

try {
  await main();
  // A desktop editor or a browser may have left something open.
  process.exit(process.exitCode ?? 0);
} catch (error) {
  console.error(error instanceof SetupFailure ? error.message : error);
  process.exit(1);
}
