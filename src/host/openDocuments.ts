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
  return vscode.workspace.textDocuments.find(({ uri }) => isFile(uri, absolutePath));
}

/** The path has unsaved changes in an editor whose content can't be read from outside: a notebook, an image or hex editor. */
export function isUnsavedElsewhere(absolutePath: string): boolean {
  if (findDocument(absolutePath) !== undefined) return false;
  const tabs = vscode.window.tabGroups.all.flatMap((group) => group.tabs);
  return tabs.some(({ isDirty, input }) => isDirty && hasUri(input) && isFile(input.uri, absolutePath));
}

/** The file of the editor that is in front, whatever kind of editor it is. */
export function activeFile(): vscode.Uri | undefined {
  const input = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
  if (hasUri(input)) return input.uri;
  if (input instanceof vscode.TabInputTextDiff) return input.modified;
  return vscode.window.activeTextEditor?.document.uri;
}

const hasUri = (input: unknown): input is { readonly uri: vscode.Uri } =>
  input instanceof vscode.TabInputText || input instanceof vscode.TabInputNotebook || input instanceof vscode.TabInputCustom;

/** Names that differ in case alone are one file where the system says so. */
function isFile(uri: vscode.Uri, absolutePath: string): boolean {
  if (uri.scheme !== 'file') return false;
  const wanted = vscode.Uri.file(absolutePath).toString();
  const given = uri.toString();
  return given === wanted || (isCaseBlind && given.toLowerCase() === wanted.toLowerCase());
}

const isCaseBlind = process.platform === 'win32' || process.platform === 'darwin';
