// Opens Tapedeck's view and two terminals: in one the recorded agent works, in the other, when it has ended, the person.
// What to do comes as JSON in TAPEDECK_DEMO, from test/setup/start.mjs; it is done once a workspace.
const vscode = require('vscode');

/** @param {import('vscode').ExtensionContext} context */
async function activate(context) {
  const told = process.env.TAPEDECK_DEMO;
  if (told === undefined || context.workspaceState.get('played')) return;
  await context.workspaceState.update('played', true);
  const { folder, agent, afterwards } = JSON.parse(told);
  if (vscode.workspace.workspaceFolders?.[0]?.uri.fsPath !== vscode.Uri.file(folder).fsPath) return;
  void vscode.commands.executeCommand('tapedeck.focus').then(undefined, () => undefined);
  await runIn('Agent (recorded)', [agent]);
  await runIn('You', afterwards);
}

/** @param {string} name @param {readonly string[]} lines */
async function runIn(name, lines) {
  const terminal = vscode.window.createTerminal({ name });
  terminal.show(true);
  const integration = await shellIntegrationOf(terminal);
  for (const line of lines) {
    if (integration === undefined) {
      terminal.sendText(line);
    } else {
      const execution = integration.executeCommand(line);
      await new Promise((resolve) => {
        const ending = vscode.window.onDidEndTerminalShellExecution((event) => {
          if (event.execution !== execution) return;
          ending.dispose();
          resolve(undefined);
        });
      });
    }
  }
}

/** @param {import('vscode').Terminal} terminal @returns {Promise<import('vscode').TerminalShellIntegration | undefined>} */
function shellIntegrationOf(terminal) {
  if (terminal.shellIntegration) return Promise.resolve(terminal.shellIntegration);
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      change.dispose();
      resolve(undefined);
    }, 10_000);
    const change = vscode.window.onDidChangeTerminalShellIntegration((event) => {
      if (event.terminal !== terminal) return;
      clearTimeout(timer);
      change.dispose();
      resolve(event.shellIntegration);
    });
  });
}

module.exports = { activate };
