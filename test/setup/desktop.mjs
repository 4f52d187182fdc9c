// The desktop VS Code that is installed here, with a profile of its own: the user's settings and extensions stay theirs.
import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { quietSettings } from './codeServer.mjs';
import { findOnPath, runQuietly } from './command.mjs';
import { projectFolder } from './project.mjs';

/** @returns {Promise<string | undefined>} the `code` command, if it opens windows on this machine */
export async function findDesktop() {
  // In the terminal of a remote window `code` speaks to that window and can't start another editor.
  const isRemote = process.env.VSCODE_IPC_HOOK_CLI !== undefined;
  const hasDisplay = process.platform !== 'linux' || Boolean(process.env.DISPLAY ?? process.env.WAYLAND_DISPLAY);
  const code = findOnPath('code');
  if (isRemote || !hasDisplay || code === undefined) return undefined;
  const isWorking = await runQuietly(code, ['--version'], { shell: process.platform === 'win32' }).then(
    () => true,
    () => false,
  );
  return isWorking ? code : undefined;
}

/**
 * Opens a window and waits until it is closed.
 * @param {string} code
 * @param {import("./start.mjs").Scene} scene
 */
export async function startDesktop(code, scene) {
  const profile = await mkdtemp(path.join(tmpdir(), 'td-desktop-'));
  const userData = path.join(profile, 'data');
  await mkdir(path.join(userData, 'User'), { recursive: true });
  await writeFile(path.join(userData, 'User', 'settings.json'), JSON.stringify(quietSettings, undefined, 2));
  const args = ['--new-window', '--wait', '--user-data-dir', userData, '--extensions-dir', path.join(profile, 'extensions')];
  args.push('--disable-workspace-trust', `--extensionDevelopmentPath=${projectFolder}`);
  if (scene.isDemo) args.push(`--extensionDevelopmentPath=${path.join(projectFolder, 'test', 'setup', 'demo', 'player')}`);
  if (process.getuid?.() === 0) args.push('--no-sandbox');
  const quoted = process.platform === 'win32' ? [...args, scene.folder].map((text) => `"${text}"`) : [...args, scene.folder];
  const child = spawn(code, quoted, { env: { ...process.env, ...scene.env }, shell: process.platform === 'win32', stdio: 'inherit' });
  process.once('exit', () => {
    child.kill();
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  });
  console.log('VS Code opens. Close its window, or press Ctrl-C here, to end.');
  await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
}
