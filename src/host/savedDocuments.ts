import { createHash } from 'node:crypto';
import * as vscode from 'vscode';
import type { Disposable } from '../base/disposable.ts';
import type { ContentHash } from '../model/ids.ts';

/** Tells of every file that the editor saves, with the hash of the bytes that it wrote. */
export function watchSaves(onDidSave: (absolutePath: string, hash: ContentHash) => void): Disposable {
  return vscode.workspace.onDidSaveTextDocument(async (document) => {
    if (document.uri.scheme !== 'file') return;
    const text = document.getText();
    const bytes = await vscode.workspace.encode(text, { encoding: document.encoding });
    onDidSave(document.uri.fsPath, createHash('sha256').update(bytes).digest('hex'));
  });
}
