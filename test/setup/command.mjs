// Running other programs: quietly, with their words shown only when they fail, or with everything passed through.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { SetupFailure } from './toolCache.mjs';

/**
 * @typedef {object} CommandOptions
 * @property {string} [cwd]
 * @property {NodeJS.ProcessEnv} [env] the whole environment
 * @property {boolean} [shell]
 * @property {string} [advice] what the reader can do if it fails
 */

/**
 * Runs a program and returns what it printed on stdout.
 * @param {string} program
 * @param {readonly string[]} args
 * @param {CommandOptions} [options]
 * @returns {Promise<string>}
 * @throws {SetupFailure} with the end of its output when it can't be started or doesn't end with 0
 */
export async function runQuietly(program, args, options = {}) {
  const child = spawn(program, args, {
    cwd: options.cwd,
    env: options.env ?? process.env,
    shell: options.shell ?? false,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let everything = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text;
    everything += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    everything += text;
  });
  const ending = await ended(child);
  if (ending.code === 0) return stdout;
  const line = [program, ...args].join(' ');
  const said = shorten(everything.trimEnd().split('\n')).join('\n');
  throw new SetupFailure([`\`${line}\` ${ending.words}.`, said, options.advice].filter(Boolean).join('\n'));
}

/**
 * Runs a program whose output goes straight to ours.
 * @param {string} program
 * @param {readonly string[]} args
 * @param {CommandOptions} [options]
 * @returns {Promise<number>} its exit code; 1 when a signal ended it or it could not be started
 */
export async function runLoudly(program, args, options = {}) {
  const child = spawn(program, args, {
    cwd: options.cwd,
    env: options.env ?? process.env,
    shell: options.shell ?? false,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const ending = await ended(child);
  if (ending.code !== 0) console.error(`\`${program}\` ${ending.words}.`);
  return ending.code;
}

/** The reason stands at the beginning of some outputs and at the end of others. @param {string[]} lines */
function shorten(lines) {
  return lines.length <= 60 ? lines : [...lines.slice(0, 20), '…', ...lines.slice(-40)];
}

/** @param {string} name @returns {string | undefined} where a program lies on PATH */
export function findOnPath(name) {
  const endings = process.platform === 'win32' ? ['.cmd', '.exe', ''] : [''];
  for (const folder of (process.env.PATH ?? '').split(path.delimiter)) {
    if (folder === '') continue;
    for (const ending of endings) {
      const file = path.join(folder, name + ending);
      if (existsSync(file)) return file;
    }
  }
  return undefined;
}

/** @param {import("node:child_process").ChildProcess} child @returns {Promise<{ code: number, words: string }>} */
function ended(child) {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve({ code: 1, words: `could not be started: ${error.message}` }));
    child.once('close', (code, signal) =>
      resolve(code === null ? { code: 1, words: `was ended by ${signal}` } : { code, words: `ended with ${code}` }),
    );
  });
}
