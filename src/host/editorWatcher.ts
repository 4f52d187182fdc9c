import * as vscode from 'vscode';
import { DisposableStore } from '../base/disposable.ts';
import type { HintKind, WorkspaceWatcher } from '../services/workspaceWatcher.ts';

/**
 * VS Code's own file watcher, which the editor has paid for already. It loses events without saying so (files in folders
 * that were just made, overflows), so it only hints. What it can't see is made up for: Git's files by a watcher that is
 * not recursive, which the user's `files.watcherExclude` does not switch off.
 */
export const editorWatcher: WorkspaceWatcher = {
  watch(folders, isIgnored, onHint) {
    const disposables = new DisposableStore();
    const listen = (pattern: vscode.RelativePattern, ignores: (absolutePath: string) => boolean): void => {
      const watcher = disposables.add(vscode.workspace.createFileSystemWatcher(pattern));
      const hint = (kind: HintKind) => (uri: vscode.Uri) => {
        if (!ignores(uri.fsPath)) onHint(uri.fsPath, kind);
      };
      disposables.add(watcher.onDidCreate(hint('created')));
      disposables.add(watcher.onDidChange(hint('changed')));
      disposables.add(watcher.onDidDelete(hint('deleted')));
    };
    for (const folder of folders) {
      const uri = vscode.Uri.file(folder);
      listen(new vscode.RelativePattern(uri, '**'), isIgnored);
      listen(new vscode.RelativePattern(vscode.Uri.joinPath(uri, '.git'), '{HEAD,index,packed-refs}'), () => false);
      listen(new vscode.RelativePattern(vscode.Uri.joinPath(uri, '.git', 'logs'), 'HEAD'), () => false);
    }
    return disposables;
  },
};
