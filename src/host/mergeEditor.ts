import * as vscode from 'vscode';
import type { RewindStep } from '../core/rewindPlan.ts';
import type { SessionFolder } from '../services/sessions.ts';
import { absoluteUri } from './fileActions.ts';
import { pastFileUri } from './pastFiles.ts';

/** More than these open one after another when the user asks for them. */
const openedAtOnce = 5;

/**
 * Opens what was undone over lines that were changed again in VS Code's own merge editor, the way its Git extension does:
 * the file holds both sides between Git's marks, the sides come from the content store. Nothing rests on its being there:
 * without it the marks are in the file, with VS Code's buttons above them, and the way back is Redo either way. Resolves with
 * how many it opened.
 */
export async function mergeOverlaps(folders: readonly SessionFolder[], steps: readonly RewindStep[]): Promise<number> {
  const { t } = vscode.l10n;
  let opened = 0;
  for (const { path, from, merge, conflict } of steps.filter(({ merge }) => merge !== undefined).slice(0, openedAtOnce)) {
    const output = absoluteUri(folders, path);
    if (merge === undefined || conflict === undefined || from === undefined || output === undefined) continue;
    const options = {
      base: pastFileUri(path, merge.base.hash, 'base', output),
      input1: {
        uri: pastFileUri(path, merge.ours.hash, 'without', output),
        title: t('Without'),
        description: t('as it was before the undone work'),
      },
      input2: { uri: pastFileUri(path, from.hash, 'now', output), title: t('Now'), description: t('as it was when you undid it') },
      output,
    };
    try {
      await vscode.commands.executeCommand('_open.mergeEditor', options);
      opened += 1;
    } catch {
      // An editor that has none shows the file with its marks.
      await vscode.window.showTextDocument(output, { preview: false });
    }
  }
  return opened;
}
