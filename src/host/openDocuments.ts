import * as vscode from 'vscode';
import type { DocumentPort } from '../store/restore.ts';

/** The editor's open documents, for the rewinder: a file that is open gets its content through the editor. */
export const editorDocuments: DocumentPort = { read: readOpenDocument, write: writeOpenDocument };

/** The document of a file, when the editor holds one. Its bytes are what a save would write, BOM and encoding included. */
async function readOpenDocument(absolutePath: string): ReturnType<DocumentPort['read']> {
  const document = findDocument(absolutePath);
  if (document === undefined) return undefined;
  const bytes = await vscode.workspace.encode(document.getText(), { encoding: document.encoding });
  return { isDirty: document.isDirty, bytes };
}

/**
 * Gives an open document a new text as an edit, so that the editor's own Undo works, and saves it. The save can be
 * changed by formatters and the like, so the caller compares the file afterwards, and writes it if it must.
 * `declined` when the editor would not take the edit or the save.
 */
async function writeOpenDocument(absolutePath: string, bytes: Uint8Array): ReturnType<DocumentPort['write']> {
  const document = findDocument(absolutePath);
  if (document === undefined) return 'not-open';
  const text = await vscode.workspace.decode(bytes, { encoding: document.encoding });
  const edit = new vscode.WorkspaceEdit();
  const whole = new vscode.Range(0, 0, document.lineCount, 0);
  const eol = text.includes('\r\n') ? vscode.EndOfLine.CRLF : vscode.EndOfLine.LF;
  edit.set(document.uri, [vscode.TextEdit.setEndOfLine(eol), vscode.TextEdit.replace(document.validateRange(whole), text)]);
  if (!(await vscode.workspace.applyEdit(edit))) return 'declined';
  if (!document.isDirty) return 'written';
  return (await document.save()) ? 'written' : 'declined';
}

function findDocument(absolutePath: string): vscode.TextDocument | undefined {
  const wanted = vscode.Uri.file(absolutePath).toString();
  return vscode.workspace.textDocuments.find((document) => document.uri.scheme === 'file' && document.uri.toString() === wanted);
}
