import { strict as assert } from 'node:assert';
import { mkdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import * as vscode from 'vscode';
import { answering, eventually, openApi, type Answers } from './deckApi.ts';

const id = '01a1fb13-0000-7000-8000-00000000aaaa';
const lostId = '01a1fb13-0000-7000-8000-00000000bbbb';

/** What agents did before Tapedeck was there, in a real extension host. */
export function pastSuite(): void {
  describe('what agents did before', () => {
    const answers: Answers & { told: string[] } = { told: [] };
    let api: Awaited<ReturnType<typeof openApi>>;
    const laid: string[] = [];

    const lay = (run: string, cwd: string, prompt: string): void => {
      // Before anything of these tests was recorded.
      const at = (second: number): string => new Date(Date.now() - 2 * 86_400_000 + second * 1000).toISOString();
      const folder = path.join(os.homedir(), '.codex', 'sessions', '2026', '01', '01');
      mkdirSync(folder, { recursive: true });
      const file = path.join(folder, `rollout-2026-01-01T10-00-00-${run}.jsonl`);
      const lines = [
        { timestamp: at(0), type: 'session_meta', payload: { id: run, cwd, cli_version: '0.169.0' } },
        { timestamp: at(1), type: 'event_msg', payload: { type: 'user_message', message: prompt } },
        { timestamp: at(2), type: 'event_msg', payload: { type: 'agent_message', message: 'Mended, and the hinges oiled.' } },
      ];
      writeFileSync(file, `${lines.map((line) => JSON.stringify(line)).join('\n')}\n`);
      utimesSync(file, new Date(at(2)), new Date(at(2)));
      laid.push(file);
    };

    before(async () => {
      api = await openApi();
      api.setPrompts(answering(answers));
      const workspace = vscode.workspace.workspaceFolders![0]!.uri.fsPath;
      lay(id, workspace, 'Mend the squeaking gate');
      lay(lostId, '/gone/before/gatehouse', 'Paint the gatehouse');
    });
    after(() => {
      for (const file of laid) rmSync(file, { force: true });
    });

    it('[A51] finds a past run by its last words and takes it up in a terminal, in its folder', async () => {
      answers.find = ['hinges OILED'];
      const terminals = new Set(vscode.window.terminals);
      assert.equal(await vscode.commands.executeCommand('tapedeck.findPast'), true);
      assert.equal(answers.found?.length, 1);
      assert.match(answers.found[0]!, /^Mend the squeaking gate — Codex: Mended/);
      const terminal = await eventually(async () => vscode.window.terminals.find((candidate) => !terminals.has(candidate)));
      assert.equal(terminal.name, 'Mend the squeaking gate');
      const { cwd } = terminal.creationOptions as vscode.TerminalOptions;
      assert.equal(cwd, vscode.workspace.workspaceFolders![0]!.uri.fsPath);
      terminal.dispose();
      answers.find = ['nothing of that kind'];
      assert.equal(await vscode.commands.executeCommand('tapedeck.findPast'), false);
    });

    it('[A50] imports it as a session of its own, once', async () => {
      const sessions = (): Promise<readonly { id: string; isReconstructed?: true | undefined }[]> => api.deck().sessions!.list();
      const before = (await sessions()).length;
      answers.told.length = 0;
      assert.equal(await vscode.commands.executeCommand('tapedeck.importPast'), true);
      assert.match(answers.told.join('\n'), /Imported .* marked as reconstructed/);
      const imported = (await sessions()).filter(({ isReconstructed }) => isReconstructed === true);
      assert.ok(imported.length > 0);
      answers.told.length = 0;
      assert.equal(await vscode.commands.executeCommand('tapedeck.importPast'), false);
      assert.match(answers.told.join('\n'), /Nothing new to import/);
      assert.equal((await sessions()).length, before + imported.length);
    });

    it('[A52] links a folder that is no more, and what was done there is done here', async () => {
      answers.pick = ['/gone/before/gatehouse'];
      assert.equal(await vscode.commands.executeCommand('tapedeck.linkFolder'), true);
      answers.find = ['gatehouse'];
      const terminals = new Set(vscode.window.terminals);
      assert.equal(await vscode.commands.executeCommand('tapedeck.findPast'), true);
      const terminal = await eventually(async () => vscode.window.terminals.find((candidate) => !terminals.has(candidate)));
      assert.equal((terminal.creationOptions as vscode.TerminalOptions).cwd, vscode.workspace.workspaceFolders![0]!.uri.fsPath);
      terminal.dispose();
    });
  });
}
