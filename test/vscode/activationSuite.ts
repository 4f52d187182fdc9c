import { strict as assert } from 'node:assert';
import * as vscode from 'vscode';

/** The extension in a real extension host. */
export function activationSuite(): void {
  describe('the extension', () => {
    it('is present and activates', async () => {
      const extension = vscode.extensions.getExtension('tapedeck.tapedeck');
      assert.ok(extension, 'tapedeck.tapedeck is not among the extensions');
      await extension.activate();
      assert.equal(extension.isActive, true);
    });

    it('offers every command of its manifest', async () => {
      const extension = vscode.extensions.getExtension('tapedeck.tapedeck');
      await extension?.activate();
      const manifest: { contributes: { commands: readonly { command: string }[] } } = extension?.packageJSON;
      const registered = new Set(await vscode.commands.getCommands(true));
      const missing = manifest.contributes.commands.map(({ command }) => command).filter((command) => !registered.has(command));
      assert.deepEqual(missing, []);
    });
  });
}
