import * as vscode from 'vscode';

/** Asks where a file shall be written. Undefined when the user turned away. */
export async function askForFile(
  title: string,
  proposed: string,
  filters: Readonly<Record<string, readonly string[]>>,
): Promise<vscode.Uri | undefined> {
  const known = Object.fromEntries(Object.entries(filters).map(([name, endings]) => [name, [...endings]]));
  return vscode.window.showSaveDialog({ title, defaultUri: vscode.Uri.file(proposed), filters: known });
}
