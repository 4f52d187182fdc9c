// How to run each real agent without an account: with a throw-away HOME, against a scripted model on loopback.
import { spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { ensureAgent } from './agentTools.mjs';
import { ensureNode } from './nodeRuntime.mjs';

/**
 * @typedef {import("./agentTools.mjs").AgentName} AgentName
 *
 * @typedef {object} AgentSetup
 * @property {Readonly<Record<string, string>>} files path inside HOME -> content
 * @property {Readonly<Record<string, string>>} env to add to the environment
 * @property {(prompt: string) => readonly string[]} argv the program and its arguments, for one prompt without a TUI
 * @property {readonly string[]} interactive the program and its arguments, for the TUI in a terminal
 */

/**
 * @param {AgentName} agent
 * @param {{ port: number }} model
 * @returns {AgentSetup}
 */
export function agentSetup(agent, { port }) {
  return setups[agent](`http://127.0.0.1:${port}`);
}

/** @type {Readonly<Record<AgentName, (model: string) => AgentSetup>>} */
const setups = {
  codex: (model) => ({
    files: {
      '.codex/config.toml': [
        'model_provider = "scripted"',
        'check_for_update_on_startup = false',
        '[model_providers.scripted]',
        'name = "scripted"',
        `base_url = "${model}/v1"`,
        'wire_api = "responses"',
        'requires_openai_auth = false',
        '',
      ].join('\n'),
    },
    env: {},
    // A model name that it knows: only then does it offer apply_patch.
    argv: (prompt) => ['codex', 'exec', '-m', 'gpt-5.5', '--dangerously-bypass-approvals-and-sandbox', prompt],
    interactive: ['codex', '-m', 'gpt-5.5', '--dangerously-bypass-approvals-and-sandbox'],
  }),
  claude: (model) => ({
    files: {
      '.claude.json': JSON.stringify({ hasCompletedOnboarding: true, theme: 'dark', bypassPermissionsModeAccepted: true }),
    },
    env: {
      ANTHROPIC_BASE_URL: model,
      ANTHROPIC_API_KEY: 'none-needed',
      DISABLE_TELEMETRY: '1',
      DISABLE_AUTOUPDATER: '1',
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
      IS_SANDBOX: '1', // lets root skip the permission prompts
    },
    argv: (prompt) => ['claude', '-p', prompt, '--dangerously-skip-permissions'],
    interactive: ['claude', '--dangerously-skip-permissions'],
  }),
  opencode: (model) => ({
    files: {
      '.config/opencode/opencode.json': JSON.stringify({
        model: 'scripted/scripted',
        autoupdate: false,
        provider: {
          scripted: {
            npm: '@ai-sdk/openai-compatible',
            name: 'scripted',
            options: { baseURL: `${model}/v1`, apiKey: 'none-needed' },
            models: { scripted: { name: 'scripted' } },
          },
        },
      }),
    },
    env: { OPENCODE_DISABLE_MODELS_FETCH: '1', OPENCODE_DISABLE_LSP_DOWNLOAD: '1' },
    argv: (prompt) => ['opencode', 'run', prompt],
    interactive: ['opencode'],
  }),
  pi: (model) => ({
    files: {
      '.pi/agent/models.json': JSON.stringify({
        providers: {
          scripted: {
            baseUrl: `${model}/v1`,
            api: 'openai-completions',
            apiKey: 'none-needed',
            models: [{ id: 'scripted', cost: { input: 1, output: 2, cacheRead: 0.1, cacheWrite: 1.25 } }],
          },
        },
      }),
    },
    env: { PI_OFFLINE: '1' },
    argv: (prompt) => ['pi', '--provider', 'scripted', '--model', 'scripted', '-p', prompt],
    interactive: ['pi', '--provider', 'scripted', '--model', 'scripted'],
  }),
};

/**
 * Writes an agent's configuration.
 * @param {string} home
 * @param {AgentSetup} setup
 */
export async function layAgentFiles(home, setup) {
  for (const [name, content] of Object.entries(setup.files)) {
    const file = path.join(home, name);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, content);
  }
}

/**
 * The environment of an agent's process: nothing of ours but what a program needs.
 * @param {AgentName} agent
 * @param {{ home: string, port: number, folder: string }} places
 * @returns {Promise<Record<string, string>>}
 */
export async function agentEnvironment(agent, { home, port, folder }) {
  const setup = agentSetup(agent, { port });
  await layAgentFiles(home, setup);
  const node = await ensureNode(24);
  const searchPath = [await ensureAgent(agent), node.binFolder, process.env.PATH ?? ''].join(path.delimiter);
  return { HOME: home, PATH: searchPath, TERM: 'xterm-256color', LANG: 'C.UTF-8', PWD: folder, ...setup.env };
}

/**
 * Runs an agent once, to the end of one prompt.
 * @param {AgentName} agent
 * @param {{ home: string, port: number, folder: string, prompt: string, timeoutMs?: number }} options
 * @returns {Promise<{ exitCode: number | null, output: string }>}
 */
export async function runAgent(agent, { home, port, folder, prompt, timeoutMs = 120_000 }) {
  const env = await agentEnvironment(agent, { home, port, folder });
  const [program = agent, ...args] = agentSetup(agent, { port }).argv(prompt);
  const child = spawn(program, args, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'], timeout: timeoutMs });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      output += text;
    });
  }
  const exitCode = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  return { exitCode, output };
}
