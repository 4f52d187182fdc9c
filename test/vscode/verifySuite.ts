import { strict as assert } from 'node:assert';
import { Worker } from 'node:worker_threads';
import * as vscode from 'vscode';
import { userAuthor } from '../../src/model/author.ts';
import { verifySession } from '../../src/store/logHealth.ts';
import { openScanCrew } from '../../src/store/scanCrew.ts';
import { answering, eventually, openApi, type Answers } from './deckApi.ts';

/** Checking the log in the extension host, whose threads are not plain Node's. */
export function verifySuite(): void {
  describe('verifying in the editor', () => {
    const answers: Answers = { told: [] };
    let api: Awaited<ReturnType<typeof openApi>>;

    before(async () => {
      api = await openApi();
      api.setPrompts(answering(answers));
    });

    it('[L32] reads a log in threads of the extension host, and finds it sound', async () => {
      const journal = api.deck().recorder!.journal;
      // Large enough that a thread is worth it.
      const text = 'x'.repeat(1 << 20);
      for (let index = 0; index < 6; index++) await journal.record({ kind: 'progress.noted', by: userAuthor, text });
      await api.deck().follow();
      let scanned = 0;
      const extension = vscode.extensions.getExtension('tapedeck.tapedeck')!;
      const crew = openScanCrew({
        lanes: 1,
        start() {
          const thread = new Worker(vscode.Uri.joinPath(extension.extensionUri, 'dist', 'cli.js').fsPath);
          thread.on('message', (reply: object) => (scanned += Number('scan' in reply)));
          return thread;
        },
      });
      try {
        const health = await verifySession({ layout: api.deck().layout!, session: api.deck().feed!.session, scanner: crew });
        assert.equal(health.isSound, true);
        assert.ok(scanned > 0, 'no thread did any of it');
      } finally {
        crew.dispose();
      }
      assert.equal(await vscode.commands.executeCommand('tapedeck.verify'), true);
      await eventually(async () => answers.told?.find((words) => words.includes('The log is whole')));
    });
  });
}
