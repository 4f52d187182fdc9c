// The same few acts in each agent's own words, so that one scenario can be played by all of them.

/**
 * @typedef {import("./scriptedModel.mjs").ScriptedStep} ScriptedStep
 *
 * @typedef {object} AgentActs every act is one or more steps of the scripted model; paths are absolute
 * @property {(command: string) => ScriptedStep[]} shell
 * @property {(file: string) => ScriptedStep[]} read
 * @property {(file: string, before: string, after: string) => ScriptedStep[]} edit replaces one whole line
 */

/** @param {string} name @param {unknown} args @returns {ScriptedStep} */
const use = (name, args) => ({ calls: [{ name, args }] });

/** @type {Readonly<Record<import("./agentTools.mjs").AgentName, AgentActs>>} */
export const agentActs = {
  codex: {
    shell: (command) => [use('exec_command', { cmd: command })],
    read: (file) => [use('exec_command', { cmd: `cat '${file}'` })],
    edit: (file, before, after) => {
      const patch = ['*** Begin Patch', `*** Update File: ${file}`, '@@', `-${before}`, `+${after}`, '*** End Patch', ''];
      return [{ calls: [{ name: 'apply_patch', raw: patch.join('\n') }] }];
    },
  },
  claude: {
    shell: (command) => [use('Bash', { command, description: 'Run a command' })],
    read: (file) => [use('Read', { file_path: file })],
    // It refuses to edit what it has not read.
    edit: (file, before, after) => [
      use('Read', { file_path: file }),
      use('Edit', { file_path: file, old_string: before, new_string: after }),
    ],
  },
  opencode: {
    shell: (command) => [use('bash', { command, description: 'Run a command' })],
    read: (file) => [use('read', { filePath: file })],
    edit: (file, before, after) => [use('read', { filePath: file }), use('edit', { filePath: file, oldString: before, newString: after })],
  },
  pi: {
    shell: (command) => [use('bash', { command })],
    read: (file) => [use('read', { path: file })],
    edit: (file, before, after) => [use('edit', { path: file, edits: [{ oldText: before, newText: after }] })],
  },
};
