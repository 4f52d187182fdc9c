import type * as vscode from 'vscode';
import type { Settings } from './settings.ts';

const answerKey = 'tapedeck.recordingAnswer';

/** What the setting means in this workspace: `ask` is what was answered once, and `ask` as long as nothing was. */
export function recordingHere(context: vscode.ExtensionContext, setting: Settings['recording']): Settings['recording'] {
  if (setting !== 'ask') return setting;
  const answer = context.workspaceState.get<unknown>(answerKey);
  return answer === 'record' ? 'automatic' : answer === 'never' ? 'manual' : 'ask';
}

export async function rememberAnswer(context: vscode.ExtensionContext, answer: 'record' | 'never'): Promise<void> {
  await context.workspaceState.update(answerKey, answer);
}
