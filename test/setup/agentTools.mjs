// The real agents, from npm, for the tests that run them. Nothing of them ships; Claude Code's licence does not allow
// more than installing it where it is used.
import path from 'node:path';
import { runQuietly } from './command.mjs';
import { installPackages } from './npm.mjs';
import { ensureNode } from './nodeRuntime.mjs';
import { ensureTool } from './toolCache.mjs';

/**
 * @typedef {"codex" | "claude" | "opencode" | "pi"} AgentName
 * @typedef {{ package: string, version: string, takes: string, finish?: string }} AgentPackage `finish` puts the
 *   platform's binary in place: the package's own install script, which npm may hold back
 */

/** @type {Readonly<Record<AgentName, AgentPackage>>} */
export const agentPackages = {
  codex: { package: '@openai/codex', version: '0.169.0', takes: '10 s, 300 MB' },
  claude: { package: '@anthropic-ai/claude-code', version: '2.1.329', takes: '10 s, 250 MB', finish: 'install.cjs' },
  opencode: { package: 'opencode-ai', version: '1.18.33', takes: '15 s, 500 MB', finish: 'postinstall.mjs' },
  pi: { package: '@earendil-works/pi-coding-agent', version: '0.87.1', takes: '15 s, 250 MB' },
};

/**
 * @param {AgentName} agent
 * @returns {Promise<string>} the folder to put on PATH
 */
export async function ensureAgent(agent) {
  const { package: name, version, takes, finish } = agentPackages[agent];
  const node = await ensureNode(24);
  const folder = await ensureTool({
    name: agent,
    version,
    why: 'a real agent, run by the tests against a scripted model on this machine',
    takes,
    async install(fresh) {
      await installPackages(fresh, { [name]: version }, node);
      if (finish !== undefined) await runQuietly(node.binary, [finish], { cwd: path.join(fresh, 'node_modules', name) });
    },
  });
  return path.join(folder, 'node_modules', '.bin');
}
