import { createHash } from 'node:crypto';
import * as vscode from 'vscode';
import { DisposableStore, type Disposable } from '../base/disposable.ts';
import type { ContentHash } from '../model/ids.ts';

/** What the editor does to files, as the recorder wants to hear of it. */
export interface EditorSink {
  /** `from`: of the bytes with which the editing of the text began, where that was seen. */
  documentSaved(absolutePath: string, hash: ContentHash, from?: ContentHash): void;
  documentRemoved(absolutePath: string): void;
}

/** Longer texts are not hashed as they come in; then it is not known where the editing began. */
const hashedChars = 1024 * 1024;
const settledMs = 100;

/**
 * Tells of every file that the editor saves, deletes or moves. Of a save, the bytes that it wrote and those with which the
 * editing began: a text that an agent wrote and the editor took over from the disk is not the user's.
 */
export function watchDocuments(sink: () => EditorSink | undefined): Disposable {
  const disposables = new DisposableStore();
  /** Of the text as it was last in step with the disk. */
  const clean = new Map<string, Promise<ContentHash> | undefined>();
  const noteClean = (document: vscode.TextDocument): void => {
    if (document.uri.scheme !== 'file' || document.isDirty) return;
    const text = document.getText();
    clean.set(document.uri.fsPath, text.length > hashedChars ? undefined : hashOf(text, document.encoding));
  };
  for (const document of vscode.workspace.textDocuments) noteClean(document);
  disposables.add(vscode.workspace.onDidOpenTextDocument(noteClean));
  disposables.add(vscode.workspace.onDidCloseTextDocument(({ uri }) => clean.delete(uri.fsPath)));
  disposables.add(
    vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
      if (contentChanges.length === 0 || document.isDirty) return;
      // The editor tells of a change first, and a moment later that it made the text dirty. One that stays clean is a text
      // taken over from the disk.
      const { version } = document;
      setTimeout(() => document.version === version && noteClean(document), settledMs);
    }),
  );
  disposables.add(
    vscode.workspace.onDidSaveTextDocument(async (document) => {
      if (document.uri.scheme !== 'file') return;
      const path = document.uri.fsPath;
      const from = clean.get(path);
      const written = hashOf(document.getText(), document.encoding);
      clean.set(path, written);
      sink()?.documentSaved(path, await written, await from);
    }),
  );
  const removed = (uri: vscode.Uri): void => {
    if (uri.scheme === 'file') sink()?.documentRemoved(uri.fsPath);
  };
  disposables.add(vscode.workspace.onDidDeleteFiles(({ files }) => files.forEach(removed)));
  disposables.add(vscode.workspace.onDidRenameFiles(({ files }) => files.forEach(({ oldUri }) => removed(oldUri))));
  return disposables;
}

async function hashOf(text: string, encoding: string): Promise<ContentHash> {
  const bytes = await vscode.workspace.encode(text, { encoding });
  return createHash('sha256').update(bytes).digest('hex');
}
