// Plays the recorded session for real, in the folder where it is started: the files change, the commands run, and the
// transcript is written as the agent wrote it. Runs in an integrated terminal of the demo.
//   CODEX_HOME=… [TAPEDECK_DEMO_PACE=1] node play.mjs
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { recording } from './recording.mjs';
import { beginRollout } from './rollout.mjs';

const { CODEX_HOME, TAPEDECK_DEMO_PACE } = process.env;
/** How long the agent thinks before each kind of step, at pace 1. */
const thinkingMs = { prompt: 1500, say: 1600, plan: 900, run: 1500, edit: 1900, end: 400 };

const dim = (/** @type {string} */ text) => `\u001b[2m${text}\u001b[0m`;
const bold = (/** @type {string} */ text) => `\u001b[1m${text}\u001b[0m`;

async function main() {
  if (CODEX_HOME === undefined) throw new Error('CODEX_HOME must name the folder that the transcript is written into.');
  const folder = process.cwd();
  const pace = Number(TAPEDECK_DEMO_PACE ?? '1');
  const rollout = beginRollout({ codexHome: CODEX_HOME, folder });
  console.log(dim('A recorded session, played for real: files change and commands run in this folder.\n'));
  for (const step of recording) {
    await wait(thinkingMs[step.kind] * pace);
    switch (step.kind) {
      case 'prompt':
        console.log(`${bold('>')} ${step.text}\n`);
        rollout.beginTurn(step.text);
        break;
      case 'say':
        console.log(`${step.text}\n`);
        rollout.say(step.text);
        break;
      case 'plan':
        for (const [text, status] of step.steps) console.log(dim(`  ${status === 'completed' ? '[x]' : '[ ]'} ${text}`));
        console.log();
        rollout.plan('', step.steps);
        break;
      case 'run':
        runCommand(rollout, folder, step.command);
        break;
      case 'edit':
        editFile(rollout, folder, step.file, step.replace);
        break;
      case 'end':
        rollout.endTurn();
        break;
    }
  }
}

/** @param {import("./rollout.mjs").Rollout} rollout @param {string} folder @param {string} command */
function runCommand(rollout, folder, command) {
  console.log(`${bold('$')} ${command}`);
  const callId = rollout.beginCommand(command);
  const startedAt = Date.now();
  const { status, stdout, stderr } = spawnSync(command, { cwd: folder, shell: true, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  const output = `${stdout}${stderr}`;
  const exitCode = status ?? 1;
  console.log(dim(output.split('\n').slice(0, 12).join('\n')));
  rollout.endCommand(callId, command, { output, exitCode, durationMs: Date.now() - startedAt });
}

/**
 * @param {import("./rollout.mjs").Rollout} rollout @param {string} folder @param {string} name
 * @param {readonly (readonly [string, string])[]} replacements
 */
function editFile(rollout, folder, name, replacements) {
  const file = path.join(folder, name);
  const before = readFileSync(file, 'utf8');
  let after = before;
  for (const [old, fresh] of replacements) {
    if (!after.includes(old)) throw new Error(`${name} is not as the recording knows it: the demo wants a fresh workspace.`);
    after = after.replace(old, () => fresh);
  }
  writeFileSync(file, after);
  const diff = unifiedDiff(folder, before, name);
  console.log(`${bold('edit')} ${name}`);
  console.log(diff.replaceAll(/^\+.*$/gm, '\u001b[32m$&\u001b[0m').replaceAll(/^-.*$/gm, '\u001b[31m$&\u001b[0m'));
  const hunks = diff.replaceAll(/^@@.*$/gm, '@@');
  rollout.patch(file, `*** Begin Patch\n*** Update File: ${name}\n${hunks}*** End Patch\n`, diff);
}

/** @param {string} folder @param {string} before @param {string} name @returns {string} git's diff, from the first hunk on */
function unifiedDiff(folder, before, name) {
  const options = { cwd: folder, encoding: /** @type {const} */ ('utf8') };
  const hash = spawnSync('git', ['hash-object', '-w', '--stdin'], { ...options, input: before }).stdout.trim();
  const { stdout } = spawnSync('git', ['diff', '--no-color', '--no-ext-diff', hash, '--', name], options);
  return stdout.slice(Math.max(0, stdout.indexOf('@@')));
}

await main();
