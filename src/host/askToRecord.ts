import * as vscode from 'vscode';
import type { Deck } from './deck.ts';
import type { Prompts } from './prompts.ts';

const declinedKey = 'tapedeck.recordingDeclined';

/** With recording set to `ask`: asks once for a workspace, while no session goes on. A "no" is remembered. */
export async function askToRecord(context: vscode.ExtensionContext, deck: Deck, prompts: Prompts): Promise<void> {
  const { recorder } = deck;
  if (recorder === undefined || recorder.status().session !== undefined || context.workspaceState.get(declinedKey) === true) return;
  const { t } = vscode.l10n;
  const [record, never] = [t('Record'), t('Not in This Folder')];
  const answer = await prompts.inform(
    t('Record what you and your agents do in this folder with Tapedeck? Everything stays on this machine.'),
    record,
    never,
  );
  if (answer === record) await recorder.start();
  else if (answer === never) await context.workspaceState.update(declinedKey, true);
}
