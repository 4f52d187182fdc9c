import { strict as assert } from 'node:assert';
import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';
import { nodeDigest } from '../../src/store/digest.ts';
import { openLogWorker } from '../../src/services/logWorker.ts';
import { answering, openApi, type Answers } from './deckApi.ts';

/** Searching in a real extension host: in the thread that ships, and without one. */
export function searchSuite(): void {
  describe('searching the log in the editor', () => {
    const answers: Answers & { told: string[] } = { told: [] };
    let api: Awaited<ReturnType<typeof openApi>>;

    before(async () => {
      api = await openApi();
      api.setPrompts(answering(answers));
    });

    it('[L25] finds what was noted a moment ago, whatever its case, and shows it in the timeline', async () => {
      const word = `Needle${randomBytes(4).toString('hex')}`;
      answers.input = [`a note about ${word} "quoted"`];
      assert.equal(await vscode.commands.executeCommand('tapedeck.note'), true);
      await api.deck().recorder!.flush();
      answers.find = [`${word.toUpperCase()} "Quoted`];
      assert.equal(await vscode.commands.executeCommand('tapedeck.search'), true);
      assert.deepEqual(answers.found, [`a note about ${word} "quoted"`]);
      answers.find = [`${word} is nowhere`];
      assert.equal(await vscode.commands.executeCommand('tapedeck.search'), false);
      assert.deepEqual(answers.told, ['inform: Note added. | Show']);
    });

    it('[V50] goes to a time that is written in words, and to none that is no time', async () => {
      answers.input = ['2h ago', 'some day'];
      assert.equal(await vscode.commands.executeCommand('tapedeck.goToTime'), true);
      assert.equal(await vscode.commands.executeCommand('tapedeck.goToTime'), false);
    });

    it('[L28] finds the same where there is no thread', async () => {
      const { root } = api.deck().layout!;
      const question = { ask: 'search', root, query: { text: 'a note' }, count: 50 } as const;
      const threaded = openLogWorker({
        digest: nodeDigest,
        program: `${vscode.extensions.getExtension('tapedeck.tapedeck')!.extensionPath}/dist/logWorker.js`,
      });
      const here = openLogWorker({ digest: nodeDigest, program: undefined });
      try {
        const [inThread, inPlace] = await Promise.all([threaded.ask(question), here.ask(question)]);
        assert.ok(inThread.hits.length > 0);
        assert.deepEqual(inPlace.hits, inThread.hits);
        const reports = await threaded.ask({ ask: 'keep', root });
        assert.deepEqual(
          reports.flatMap(({ failed }) => failed),
          [],
        );
      } finally {
        threaded.dispose();
        here.dispose();
      }
    });
  });
}
