import { strict as assert } from 'node:assert';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as vscode from 'vscode';
import { effectiveAuthor } from '../../src/core/fold.ts';
import type { FileEvent, LoggedEvent } from '../../src/model/event.ts';
import { isFileEvent } from '../../src/model/event.ts';
import { answering, eventually, openApi, pathInWorkspace, type Answers } from './deckApi.ts';

/** Recording, rewinding and keeping reasons, through the editor's own API in a real extension host. */
export function recordingSuite(): void {
  describe('recording in the editor', () => {
    const answers: Answers = {};
    let newest: (matches: (event: LoggedEvent) => boolean) => Promise<LoggedEvent>;
    let api: Awaited<ReturnType<typeof openApi>>;

    before(async () => {
      api = await openApi();
      api.setPrompts(answering(answers));
      newest = (matches) =>
        eventually(async () => {
          await api.deck().follow();
          await api.deck().feed?.catchUp();
          const events = (await api.deck().feed?.reader.tail(200))?.events ?? [];
          return events.findLast(matches);
        });
    });

    const fileEvent = async (name: string, kind: FileEvent['kind']): Promise<FileEvent> =>
      (await newest((event) => event.kind === kind && event.path === name)) as FileEvent;

    it('[C26] records a save as the user’s, with the content before and after', async () => {
      const document = await vscode.workspace.openTextDocument(pathInWorkspace('src/greet.js'));
      await vscode.window.showTextDocument(document);
      const before = document.getText();
      const edit = new vscode.WorkspaceEdit();
      edit.insert(document.uri, new vscode.Position(0, 0), '// greeting\n');
      await vscode.workspace.applyEdit(edit);
      await document.save();
      const event = await fileEvent('src/greet.js', 'file.changed');
      // The editor may tell of its save after the disk has told of the change: then a later finding says who it was.
      await eventually(async () => {
        const { actor, how } = effectiveAuthor(api.deck().feed!.state, event);
        return actor === 'user' && how === 'editor' ? true : undefined;
      });
      const content = api.deck().recorder!.content;
      assert.equal(new TextDecoder().decode(await content.get(event.before!.hash!)), before);
      assert.equal(new TextDecoder().decode(await content.get(event.after!.hash!)), `// greeting\n${before}`);
    });

    it('[C1] records a file that somebody wrote on disk, and does not say that it was the user', async () => {
      writeFileSync(pathInWorkspace('written.txt'), 'by a program\n');
      const event = await fileEvent('written.txt', 'file.created');
      assert.equal(event.by.actor, 'unknown');
    });

    it('[C17] records a command of the integrated terminal with its exit code and folder', async () => {
      const terminal = vscode.window.createTerminal({ name: 'test', cwd: path.dirname(pathInWorkspace('README.md')) });
      terminal.show();
      const integration = await eventually(async () => terminal.shellIntegration);
      integration.executeCommand('sh -c "exit 3"');
      const event = await newest((candidate) => candidate.kind === 'command.ended' && candidate.command.includes('exit 3'));
      assert.ok(event.kind === 'command.ended');
      assert.equal(event.exitCode, 3);
      terminal.dispose();
    });

    it('keeps a decision with its reason and alternatives, and the resume prompt tells it', async () => {
      answers.input = ['Use plain functions', 'No state to keep', 'A class; a closure'];
      assert.equal(await vscode.commands.executeCommand('tapedeck.decide'), true);
      const event = await newest((candidate) => candidate.kind === 'decision.confirmed');
      assert.ok(event.kind === 'decision.confirmed');
      assert.deepEqual(
        [event.what, event.why, event.alternatives, event.by.actor],
        ['Use plain functions', 'No state to keep', ['A class', 'a closure'], 'user'],
      );
      await vscode.commands.executeCommand('tapedeck.copyResume');
      const prompt = await vscode.env.clipboard.readText();
      assert.match(prompt, /Use plain functions/);
      assert.match(prompt, /No state to keep/);
    });

    it('turns away without a trace when the user presses Escape', async () => {
      await api.deck().feed!.catchUp();
      const events = api.deck().feed!.state.counts.events;
      answers.input = [undefined];
      assert.equal(await vscode.commands.executeCommand('tapedeck.note'), false);
      await api.deck().feed!.catchUp();
      assert.equal(api.deck().feed!.state.counts.events, events);
    });

    it('[R1] rewinds open, unsaved and closed files after asking, and gives it all back', async () => {
      const target = await newest(isFileEvent);
      const closed = pathInWorkspace('src/closed.js');
      const open = pathInWorkspace('src/greet.js');
      const openBefore = readFileSync(open, 'utf8');
      writeFileSync(closed, 'export {};\n');
      await fileEvent('src/closed.js', 'file.created');
      const document = await vscode.workspace.openTextDocument(open);
      const change = async (text: string): Promise<void> => {
        const edit = new vscode.WorkspaceEdit();
        edit.insert(document.uri, new vscode.Position(0, 0), text);
        await vscode.workspace.applyEdit(edit);
      };
      await change('// saved\n');
      await document.save();
      await newest((event) => event.kind === 'file.changed' && event.path === 'src/greet.js' && event.added === 1);
      await change('// not saved\n');
      assert.equal(document.isDirty, true);

      answers.confirm = [undefined];
      assert.equal((await api.actions.rewindTo(`${target.w}.${target.n}`)).done, false);
      assert.equal(readFileSync(closed, 'utf8'), 'export {};\n', 'turned down, yet something happened');

      answers.confirm = ['action'];
      assert.equal((await api.actions.rewindTo(`${target.w}.${target.n}`)).done, true);
      assert.equal(readFileSync(open, 'utf8'), openBefore);
      assert.equal(document.getText(), openBefore);
      assert.equal(document.isDirty, false);
      assert.throws(() => readFileSync(closed));
      await newest(({ kind }) => kind === 'rewind.applied');

      answers.confirm = ['action'];
      assert.equal((await api.actions.undoRewind()).done, true);
      assert.equal(readFileSync(closed, 'utf8'), 'export {};\n');
      assert.equal(readFileSync(open, 'utf8'), `// not saved\n// saved\n${openBefore}`);
      await newest(({ kind }) => kind === 'rewind.undone');
    });

    it('[S7] says so and records nothing while paused, and sees afterwards what changed meanwhile', async () => {
      await vscode.commands.executeCommand('tapedeck.pause');
      writeFileSync(pathInWorkspace('paused.txt'), 'while paused\n');
      await new Promise((resolve) => setTimeout(resolve, 1500));
      const during = (await api.deck().feed!.reader.tail(50)).events;
      assert.ok(!during.some((event) => isFileEvent(event) && event.path === 'paused.txt'));
      await vscode.commands.executeCommand('tapedeck.continue');
      const event = await fileEvent('paused.txt', 'file.created');
      assert.equal(event.by.actor, 'unknown');
      rmSync(pathInWorkspace('paused.txt'));
      await fileEvent('paused.txt', 'file.deleted');
    });
  });
}
