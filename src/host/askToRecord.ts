import * as vscode from 'vscode';
import type { Deck } from './deck.ts';
import type { Prompts } from './prompts.ts';
import { rememberAnswer } from './recordingAnswer.ts';

/** With recording set to `ask`: asks while there is no answer and no session. The answer is remembered for the workspace. */
export async function askToRecord(
  context: vscode.ExtensionContext,
  deck: Deck,
  prompts: Prompts,
  reopen: () => Promise<void>,
): Promise<void> {
  if (deck.recording !== 'ask' || deck.recorder === undefined || deck.recorder.status().session !== undefined) return;
  const { t } = vscode.l10n;
  const [record, never] = [t('Record'), t('Not in This Folder')];
  const answer = await prompts.inform(
    t('Record what you and your agents do in this folder with Tapedeck? Everything stays on this machine.'),
    record,
    never,
  );
  if (answer === undefined) return;
  await rememberAnswer(context, answer === record ? 'record' : 'never');
  await reopen();
}
