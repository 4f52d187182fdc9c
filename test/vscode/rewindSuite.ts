import { strict as assert } from 'node:assert';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import * as vscode from 'vscode';
import type { LoggedEvent } from '../../src/model/event.ts';
import { isFileEvent } from '../../src/model/event.ts';
import { eventId, type EventId } from '../../src/model/ids.ts';
import { answering, eventually, openApi, pathInWorkspace, type Answers } from './deckApi.ts';

const notebook = (text: string): string =>
  JSON.stringify({
    cells: [{ cell_type: 'code', metadata: {}, source: [text], outputs: [], execution_count: null }],
    metadata: {},
    nbformat: 4,
    nbformat_minor: 5,
  });

/** Going back with all that an editor can have open, and looking at the past, in a real extension host. */
export function rewindSuite(): void {
  describe('going back in the editor', () => {
    const answers: Answers & { told: string[] } = { told: [] };
    let api: Awaited<ReturnType<typeof openApi>>;

    before(async () => {
      api = await openApi();
      api.setPrompts(answering(answers));
    });

    beforeEach(() => {
      answers.told.length = 0;
      answers.input = [];
      answers.confirm = [];
      answers.pick = [];
    });

    afterEach(async () => {
      await vscode.commands.executeCommand('workbench.action.revertAndCloseActiveEditor');
      await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    });

    const newest = (matches: (event: LoggedEvent) => boolean): Promise<LoggedEvent> =>
      eventually(async () => {
        await api.deck().follow();
        return (await api.deck().feed?.reader.tail(2000))?.events.findLast(matches);
      });
    const checkpoint = async (): Promise<EventId> => eventId(await api.deck().recorder!.checkpoint(`before ${Date.now()}`));
    const write = async (name: string, text: string | Uint8Array): Promise<void> => {
      const isNew = !existsSync(pathInWorkspace(name));
      writeFileSync(pathInWorkspace(name), text);
      await newest((event) => isFileEvent(event) && event.path === name && event.kind === (isNew ? 'file.created' : 'file.changed'));
      await api.deck().recorder!.flush();
    };
    const rewindTo = async (target: EventId): Promise<boolean> => {
      answers.confirm = ['action'];
      return (await api.actions.rewindTo(target)).done;
    };

    it('[R2] refuses to touch a notebook with unsaved changes, and rewinds it when they are saved', async () => {
      await write('cells.ipynb', notebook('print(1)'));
      const target = await checkpoint();
      await write('cells.ipynb', notebook('print(2)'));
      const uri = vscode.Uri.file(pathInWorkspace('cells.ipynb'));
      const opened = await vscode.workspace.openNotebookDocument(uri);
      await vscode.window.showNotebookDocument(opened);
      const edit = new vscode.WorkspaceEdit();
      edit.set(uri, [
        vscode.NotebookEdit.insertCells(0, [new vscode.NotebookCellData(vscode.NotebookCellKind.Code, 'print(3)', 'python')]),
      ]);
      await vscode.workspace.applyEdit(edit);
      await eventually(async () =>
        opened.isDirty && vscode.window.tabGroups.activeTabGroup.activeTab?.isDirty === true ? true : undefined,
      );

      await assert.rejects(() => rewindTo(target), /cells\.ipynb has unsaved changes/);
      assert.equal(opened.isDirty, true);
      await opened.save();
      assert.equal(await rewindTo(target), true);
      assert.equal(readFileSync(uri.fsPath, 'utf8'), notebook('print(1)'));
      await eventually(async () => (opened.cellAt(0).document.getText() === 'print(1)' ? true : undefined));
    });

    it('[R4] deletes a file that is open in a tab, and gives it back', async () => {
      const target = await checkpoint();
      await write('opened.txt', 'to be deleted\n');
      await vscode.window.showTextDocument(vscode.Uri.file(pathInWorkspace('opened.txt')));
      assert.equal(await rewindTo(target), true);
      assert.equal(existsSync(pathInWorkspace('opened.txt')), false);
      answers.confirm = ['action'];
      assert.equal((await api.actions.undoRewind()).done, true);
      assert.equal(readFileSync(pathInWorkspace('opened.txt'), 'utf8'), 'to be deleted\n');
    });

    it('[R4] leaves a file alone that it would delete but that has unsaved changes, and says so', async () => {
      const target = await checkpoint();
      await write('dirty.txt', 'saved\n');
      const editor = await vscode.window.showTextDocument(vscode.Uri.file(pathInWorkspace('dirty.txt')));
      await editor.edit((builder) => builder.insert(new vscode.Position(0, 0), 'not '));
      assert.equal(await rewindTo(target), true);
      assert.match(answers.told.join('\n'), /Nothing can be rewound\. dirty\.txt/);
      assert.equal(readFileSync(pathInWorkspace('dirty.txt'), 'utf8'), 'saved\n');
      assert.equal(editor.document.getText(), 'not saved\n');
    });

    it('[R8] the editor’s own Undo after a rewind changes the text alone, and Undo Rewind still works', async () => {
      await write('undone.txt', 'one\n');
      const target = await checkpoint();
      await write('undone.txt', 'two\n');
      await write('other.txt', 'came later\n');
      const editor = await vscode.window.showTextDocument(vscode.Uri.file(pathInWorkspace('undone.txt')));
      assert.equal(await rewindTo(target), true);
      assert.equal(editor.document.getText(), 'one\n');
      await vscode.commands.executeCommand('undo');
      assert.equal(editor.document.getText(), 'two\n');
      assert.equal(existsSync(pathInWorkspace('other.txt')), false);
      assert.equal(readFileSync(pathInWorkspace('undone.txt'), 'utf8'), 'one\n');
      answers.confirm = ['action'];
      assert.equal((await api.actions.undoRewind()).done, true);
      assert.equal(readFileSync(pathInWorkspace('undone.txt'), 'utf8'), 'two\n');
      assert.equal(readFileSync(pathInWorkspace('other.txt'), 'utf8'), 'came later\n');
    });

    it('[R19] undoes one change, or a whole turn, from a row’s menu and keeps what came after it', async () => {
      const lines = (...words: string[]): string => words.map((word) => `${word}\n`).join('');
      const read = (): string => readFileSync(pathInWorkspace('merged.txt'), 'utf8');
      await write('merged.txt', lines('one', 'two', 'three', 'four', 'five'));
      await write('merged.txt', lines('ONE', 'two', 'three', 'four', 'five'));
      const change = await newest((event) => isFileEvent(event) && event.path === 'merged.txt');
      await write('merged.txt', lines('ONE', 'two', 'three', 'four', 'FIVE'));
      answers.confirm = ['action'];
      const row = { rowEvents: [eventId(change)], rowText: '', rowPath: 'merged.txt' };
      assert.equal(await vscode.commands.executeCommand('tapedeck.row.undoChange', row), true);
      assert.equal(read(), lines('one', 'two', 'three', 'four', 'FIVE'));
      assert.equal(await vscode.commands.executeCommand('tapedeck.row.undoChange', row), true);
      assert.match(answers.told.at(-1)!, /nothing to undo/);
      answers.confirm = ['action'];
      assert.equal(await vscode.commands.executeCommand('tapedeck.undoRewind'), true);
      assert.equal(read(), lines('ONE', 'two', 'three', 'four', 'FIVE'));

      const by = { actor: 'agent', name: 'codex', run: 'r-undo', how: 'transcript' } as const;
      const journal = api.deck().recorder!.journal;
      const turn = { by, run: 'r-undo', turn: 1 };
      const prompt = await journal.record({ kind: 'prompt.submitted', ...turn, provenance: 'user', text: { head: 'x', sizeBytes: 1 } });
      await journal.record({ kind: 'file.attributed', ...turn, event: eventId(change), path: 'merged.txt' });
      answers.confirm = ['action'];
      assert.equal(await vscode.commands.executeCommand('tapedeck.row.undoTurn', { rowEvents: [eventId(prompt)] }), true);
      assert.equal(read(), lines('one', 'two', 'three', 'four', 'FIVE'));
      assert.equal(await vscode.commands.executeCommand('tapedeck.row.undoTurn', { rowEvents: [eventId(change)] }), false);
      assert.match(answers.told.at(-1)!, /no turn of an agent/);

      // A conflict says what it would do, on a line of its own, and begins unticked.
      const madeIt = async (text: string): Promise<LoggedEvent> => {
        await write('merged.txt', text);
        return newest((event) => isFileEvent(event) && event.path === 'merged.txt' && event.after?.sizeBytes === text.length);
      };
      const typed = await madeIt(lines('one', 'two', 'three', 'four', 'FIVE!'));
      await madeIt(lines('one', 'two', 'three', 'four', 'five, at last'));
      answers.confirm = ['action'];
      assert.equal(
        await vscode.commands.executeCommand('tapedeck.row.undoChange', { rowEvents: [eventId(typed)], rowPath: 'merged.txt' }),
        true,
      );
      const conflicts = answers.ticked!.find(({ heading }) => heading === 'conflicts')!;
      assert.equal(conflicts.isTicked, false);
      assert.match(conflicts.choices[0]!.detail!, /^The same lines were changed later/);
      assert.match(answers.told.at(-1)!, /^inform: Undone in 1 file.* \| Redo$/);
      answers.confirm = ['action'];
      assert.equal(await vscode.commands.executeCommand('tapedeck.undoRewind'), true, answers.told.join('\n'));
      // No button here: it would take back an older one.
      assert.equal(answers.told.at(-1), 'inform: What was undone is done again in 1 file.');
    });

    it('[R40] takes single changes of a file, chosen from the confirmation or from the list', async () => {
      const lines = (...words: string[]): string => words.map((word) => `${word}\n`).join('');
      await write('chosen.txt', lines('one', 'two', 'three'));
      const target = await checkpoint();
      await write('chosen.txt', lines('ONE', 'two', 'THREE'));
      // One file: no list, its changes behind the second button.
      answers.confirm = ['otherAction', 'action'];
      answers.untick = ['three'];
      assert.equal((await api.actions.rewindTo(target)).done, true);
      assert.equal(readFileSync(pathInWorkspace('chosen.txt'), 'utf8'), lines('one', 'two', 'THREE'));
      answers.confirm = ['action'];
      assert.equal((await api.actions.undoRewind()).done, true);
      await write('beside.txt', 'beside\n');
      answers.press = ['chosen.txt: hunks'];
      answers.untick = ['one'];
      answers.confirm = ['action'];
      assert.equal((await api.actions.rewindTo(target)).done, true);
      assert.equal(readFileSync(pathInWorkspace('chosen.txt'), 'utf8'), lines('ONE', 'two', 'three'));
      assert.equal(existsSync(pathInWorkspace('beside.txt')), false);
      // What was shown to choose from is closed again.
      await eventually(async () => (vscode.window.tabGroups.all.every(({ tabs }) => tabs.length === 0) ? true : undefined));
    });

    it('[R42] rewinds a folder from the Explorer, either side of a turn, and to what was last green', async () => {
      mkdirSync(pathInWorkspace('within'), { recursive: true });
      await write('within/a.txt', 'one\n');
      await write('without.txt', 'one\n');
      const by = { actor: 'agent', name: 'codex', run: 'r-turn', how: 'transcript' } as const;
      const journal = api.deck().recorder!.journal;
      const turn = { by, run: 'r-turn', turn: 1 };
      const text = { head: 'Do it', sizeBytes: 5 };
      await journal.record({ kind: 'run.started', by, run: 'r-turn', agent: 'codex', title: 'A turn' });
      const prompt = await journal.record({ kind: 'prompt.submitted', ...turn, provenance: 'user', text });
      await write('within/a.txt', 'two\n');
      await write('without.txt', 'two\n');
      const end = await journal.record({ kind: 'turn.ended', ...turn, stopReason: 'end_turn' });
      const green = { command: 'npm test', by, exitCode: 0 };
      await journal.record({ kind: 'command.ended', ...green });
      await write('within/a.txt', 'three\n');
      await write('without.txt', 'three\n');
      const both = (): string[] => ['within/a.txt', 'without.txt'].map((name) => readFileSync(pathInWorkspace(name), 'utf8'));

      answers.pick = [({ label }) => label === 'Prompt: Do it'];
      answers.confirm = ['action'];
      const folder = vscode.Uri.file(pathInWorkspace('within'));
      assert.equal(await vscode.commands.executeCommand('tapedeck.rewindFolder', folder), true);
      assert.deepEqual(both(), ['one\n', 'three\n']);
      const named = answers.picked!.filter(({ group }) => group === 'named points').map(({ label }) => label);
      assert.equal(named[0], 'Last green: npm test');
      assert.ok(named.includes('Codex: A turn begins'), named.join());

      answers.confirm = ['action'];
      assert.equal(await vscode.commands.executeCommand('tapedeck.rewindLastGreen'), true);
      assert.deepEqual(both(), ['two\n', 'two\n']);
      answers.confirm = ['action'];
      assert.equal(await vscode.commands.executeCommand('tapedeck.row.rewindBefore', { rowEvents: [eventId(prompt)] }), true);
      assert.deepEqual(both(), ['one\n', 'one\n']);
      // What was green is set aside with the turn.
      assert.equal(await vscode.commands.executeCommand('tapedeck.rewindLastGreen'), false);
      answers.confirm = ['action'];
      assert.equal(await vscode.commands.executeCommand('tapedeck.row.rewindAfter', { rowEvents: [eventId(end)] }), true);
      assert.deepEqual(both(), ['two\n', 'two\n']);
    });

    it('[R43] returns to what a rewind set aside, and brings one change of it back', async () => {
      await write('future.txt', 'one\ntwo\nthree\n');
      const target = await checkpoint();
      await write('future.txt', 'ONE\ntwo\nthree\n');
      const change = await newest((event) => isFileEvent(event) && event.path === 'future.txt');
      await write('later.txt', 'later\n');
      assert.equal(await rewindTo(target), true);
      await write('future.txt', 'one\ntwo\nTHREE\n');
      const row = { rowEvents: [eventId(change)], rowText: '', rowPath: 'future.txt', rowIsAside: true };
      answers.confirm = ['action'];
      assert.equal(await vscode.commands.executeCommand('tapedeck.row.bringBack', row), true);
      assert.equal(readFileSync(pathInWorkspace('future.txt'), 'utf8'), 'ONE\ntwo\nTHREE\n');
      assert.match(answers.told.at(-1)!, /^inform: Brought back in 1 file\. \| Undo$/);
      assert.equal(existsSync(pathInWorkspace('later.txt')), false);
      const later = await newest((event) => isFileEvent(event) && event.path === 'later.txt' && event.kind === 'file.created');
      answers.confirm = ['action'];
      assert.equal(await vscode.commands.executeCommand('tapedeck.row.returnTo', { rowEvents: [eventId(later)] }), true);
      assert.equal(readFileSync(pathInWorkspace('future.txt'), 'utf8'), 'ONE\ntwo\nthree\n');
      assert.equal(readFileSync(pathInWorkspace('later.txt'), 'utf8'), 'later\n');
      answers.confirm = ['action'];
      assert.equal((await api.actions.undoRewind()).done, true);
      assert.equal(readFileSync(pathInWorkspace('future.txt'), 'utf8'), 'ONE\ntwo\nTHREE\n');
    });

    it('[R44] [R45] tells what happened to a file, compares it with now, and any two points with each other', async () => {
      await write('told.txt', 'one\n');
      const first = await checkpoint();
      await write('told.txt', 'two\n');
      await write('told.txt', 'three\n');
      const second = await checkpoint();
      answers.pick = [({ description }) => /created/.test(description ?? ''), 'Compare with Now'];
      const uri = vscode.Uri.file(pathInWorkspace('told.txt'));
      assert.equal(await vscode.commands.executeCommand('tapedeck.fileHistory', uri), true);
      const diff = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
      assert.ok(diff instanceof vscode.TabInputTextDiff);
      assert.equal((await vscode.workspace.openTextDocument(diff.original)).getText(), 'one\n');
      assert.equal(diff.modified.toString(), uri.toString());
      answers.pick = [({ value }) => value === first];
      assert.equal(await vscode.commands.executeCommand('tapedeck.row.compare', { rowEvents: [second] }), true);
      await eventually(async () =>
        /^Files at .* ↔ /.test(vscode.window.tabGroups.activeTabGroup.activeTab?.label ?? '') ? true : undefined,
      );
      answers.pick = [({ value }) => value === second];
      assert.equal(await vscode.commands.executeCommand('tapedeck.row.compare', { rowEvents: [second] }), true);
      assert.match(answers.told.at(-1)!, /No file differs between/);
    });

    it('[R46] [R47] says that an agent is at work and waits for it; afterwards its conversation can be forked, and the reason kept', async () => {
      await write('worked.txt', 'one\n');
      const target = await checkpoint();
      const by = { actor: 'agent', name: 'codex', run: 'r-work', how: 'transcript' } as const;
      const journal = api.deck().recorder!.journal;
      const turn = { by, run: 'r-work', turn: 1 };
      await journal.record({ kind: 'run.started', by, run: 'r-work', agent: 'codex' });
      await journal.record({ kind: 'prompt.submitted', ...turn, provenance: 'user', text: { head: 'Work', sizeBytes: 4 } });
      await write('worked.txt', 'two\n');
      answers.confirm = ['action'];
      answers.whileAtWork = 'nothing of this';
      assert.equal((await api.actions.rewindTo(target)).done, false);
      assert.match(answers.atWork!, /Codex/);
      answers.whileAtWork = 'wait';
      const rewinding = api.actions.rewindTo(target);
      await new Promise((resolve) => setTimeout(resolve, 1500));
      assert.equal(readFileSync(pathInWorkspace('worked.txt'), 'utf8'), 'two\n');
      for (const run of ['r-work', 'r-turn', 'r-undo'])
        await journal.record({ kind: 'turn.ended', by: { ...by, run }, run, turn: 1, stopReason: 'end_turn' });
      assert.equal((await rewinding).done, true);
      answers.whileAtWork = undefined;
      assert.equal(readFileSync(pathInWorkspace('worked.txt'), 'utf8'), 'one\n');
      assert.match(answers.told.at(-1)!, /^inform: Rewound .* \| Undo Rewind \| Say Why… \| Fork the Conversation…$/);
    });

    it('[D17] tells who made the line at the cursor, and shows the change', async () => {
      await write('blamed.txt', 'one\n');
      await write('blamed.txt', 'one\ntwo\n');
      const change = await newest((event) => isFileEvent(event) && event.path === 'blamed.txt');
      const document = await vscode.workspace.openTextDocument(pathInWorkspace('blamed.txt'));
      const editor = await vscode.window.showTextDocument(document);
      editor.selection = new vscode.Selection(1, 0, 1, 0);
      answers.pick = ['Open the Change'];
      assert.equal(await vscode.commands.executeCommand('tapedeck.blameLine'), true);
      await eventually(async () =>
        vscode.window.tabGroups.activeTabGroup.activeTab?.input instanceof vscode.TabInputTextDiff ? true : undefined,
      );
      await vscode.commands.executeCommand('workbench.action.closeActiveEditor');
      const again = await vscode.window.showTextDocument(document);
      await again.edit((edit) => edit.insert(new vscode.Position(2, 0), 'three\n'));
      again.selection = new vscode.Selection(2, 0, 2, 0);
      assert.equal(await vscode.commands.executeCommand('tapedeck.blameLine'), true);
      assert.match(answers.told.at(-1)!, /Line 3 is not recorded yet/);

      // In a diff it is the line of that version, whatever stands there now.
      await document.save();
      await write('blamed.txt', 'ONE\nTWO\n');
      assert.equal(
        await vscode.commands.executeCommand('tapedeck.row.openDiff', { rowEvents: [eventId(change)], rowPath: 'blamed.txt' }),
        true,
      );
      const past = await eventually(async () =>
        vscode.window.activeTextEditor?.document.uri.scheme === 'tapedeck' ? vscode.window.activeTextEditor : undefined,
      );
      past.selection = new vscode.Selection(1, 0, 1, 0);
      answers.told.length = 0;
      answers.pick = ['Open the Change'];
      assert.equal(await vscode.commands.executeCommand('tapedeck.blameLine'), true);
      assert.deepEqual(answers.told, []);
    });

    it('[R12] rewinds the one file that was chosen, from the Explorer or from the editor in front', async () => {
      await write('alone.txt', 'one\n');
      await api.deck().recorder!.checkpoint('here alone');
      await write('alone.txt', 'two\n');
      await write('beside.txt', 'stays\n');
      answers.pick = ['here alone'];
      answers.confirm = ['action'];
      assert.equal(await vscode.commands.executeCommand('tapedeck.rewindFile', vscode.Uri.file(pathInWorkspace('alone.txt'))), true);
      assert.equal(readFileSync(pathInWorkspace('alone.txt'), 'utf8'), 'one\n');
      assert.equal(readFileSync(pathInWorkspace('beside.txt'), 'utf8'), 'stays\n');

      await write('alone.txt', 'three\n');
      await vscode.window.showTextDocument(vscode.Uri.file(pathInWorkspace('alone.txt')));
      answers.pick = ['here alone'];
      answers.confirm = ['action'];
      assert.equal(await vscode.commands.executeCommand('tapedeck.rewindFile'), true);
      assert.equal(readFileSync(pathInWorkspace('alone.txt'), 'utf8'), 'one\n');
    });

    it('says what would help when there is no file to rewind, and is no error', async () => {
      await vscode.commands.executeCommand('workbench.action.closeAllEditors');
      assert.equal(await vscode.commands.executeCommand('tapedeck.rewindFile'), false);
      assert.match(answers.told.join('\n'), /^inform: Open a file first/);
      answers.told.length = 0;
      assert.equal(await vscode.commands.executeCommand('tapedeck.rewindFile', vscode.Uri.file('/elsewhere.txt')), false);
      assert.match(answers.told.join('\n'), /^inform: .*not in a folder that is recorded/);
    });

    it('opens the changes of a file that is gone, of a binary, and of files without number, and leaves none out unseen', async () => {
      const start = await checkpoint();
      await write('gone.txt', 'was here\n');
      rmSync(pathInWorkspace('gone.txt'));
      const gone = await newest((event) => event.kind === 'file.deleted' && event.path === 'gone.txt');
      assert.equal(
        await vscode.commands.executeCommand('tapedeck.row.openDiff', { rowEvents: [eventId(gone)], rowPath: 'gone.txt' }),
        true,
      );
      const tab = vscode.window.tabGroups.activeTabGroup.activeTab;
      assert.ok(tab?.input instanceof vscode.TabInputTextDiff);
      assert.equal((await vscode.workspace.openTextDocument(tab.input.original)).getText(), 'was here\n');
      assert.equal((await vscode.workspace.openTextDocument(tab.input.modified)).getText(), '');
      assert.equal(await vscode.commands.executeCommand('tapedeck.row.openFile', { rowPath: 'gone.txt' }), false);
      assert.match(answers.told.join('\n'), /gone\.txt is not there any more/);

      await write('bytes.bin', Buffer.from([0, 1, 2, 255]));
      mkdirSync(pathInWorkspace('many'));
      for (let count = 0; count < 400; count++) writeFileSync(pathInWorkspace(`many/${count}.txt`), `${count}\n`);
      await newest((event) => event.kind === 'file.created' && event.path === 'many/399.txt');
      await api.deck().recorder!.flush();
      answers.told.length = 0;
      assert.equal((await api.actions.openFilesAt(start)).done, true);
      assert.match(answers.told.join('\n'), /4\d\d files differ; the first 300 are shown/);

      assert.equal(await rewindTo(start), true);
      assert.equal(existsSync(pathInWorkspace('many')), false);
      assert.equal(existsSync(pathInWorkspace('bytes.bin')), false);
    });

    it('[S5] a rewind can be undone after its session has ended and another has begun', async () => {
      await write('night.txt', 'one\n');
      const target = await checkpoint();
      await write('night.txt', 'two\n');
      assert.equal(await rewindTo(target), true);
      await vscode.commands.executeCommand('tapedeck.end');
      assert.match(answers.told.join('\n'), /session has ended/i);
      const former = api.deck().feed!.session;
      answers.told.length = 0;
      assert.equal(await vscode.commands.executeCommand('tapedeck.end'), false);
      assert.match(answers.told.join('\n'), /^inform: No session is being recorded/);

      await write('morning.txt', 'good morning\n');
      await eventually(async () => (api.deck().feed?.session === former ? undefined : true));
      answers.confirm = ['action'];
      assert.equal((await api.actions.undoRewind()).done, true);
      assert.equal(readFileSync(pathInWorkspace('night.txt'), 'utf8'), 'two\n');
      assert.equal(readFileSync(pathInWorkspace('morning.txt'), 'utf8'), 'good morning\n');
    });

    it('shows an earlier session and comes back', async () => {
      const current = api.deck().feed!.session;
      const [, earlier] = await api.actions.sessionItems();
      await api.actions.openSession(earlier!.session);
      assert.equal(api.deck().feed!.session, earlier!.session);
      assert.equal(api.deck().isViewingAnother, true);
      await api.actions.openCurrent();
      assert.equal(api.deck().feed!.session, current);
      assert.equal(api.deck().isViewingAnother, false);

      // In the list it goes by what was asked first, where it has no name of its own.
      const text = { head: 'Make the morning longer', sizeBytes: 23 };
      const by = { actor: 'user', how: 'transcript' } as const;
      await api.deck().recorder!.journal.record({ kind: 'prompt.submitted', by, run: 'r-named', turn: 1, provenance: 'user', text });
      await api.actions.openSession(earlier!.session);
      answers.pick = ['Make the morning longer'];
      assert.equal((await api.actions.openSession()).done, true);
      assert.equal(api.deck().feed!.session, current);
    });

    it('[S7] a pause without a session holds, and recording goes on when it is resumed', async () => {
      await vscode.commands.executeCommand('tapedeck.end');
      await vscode.commands.executeCommand('tapedeck.pause');
      assert.equal(api.deck().recorder!.status().state, 'paused');
      writeFileSync(pathInWorkspace('hidden.txt'), 'while paused\n');
      await new Promise((resolve) => setTimeout(resolve, 1500));
      assert.equal(api.deck().recorder!.status().counts.files, 0);
      await vscode.commands.executeCommand('tapedeck.end');
      assert.equal(api.deck().recorder!.status().state, 'paused');
      await vscode.commands.executeCommand('tapedeck.continue');
      await write('shown.txt', 'after the pause\n');
      assert.equal(api.deck().recorder!.status().state, 'recording');
    });
  });
}
