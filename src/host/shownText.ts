import * as vscode from 'vscode';
import { DisposableStore, type Disposable } from '../base/disposable.ts';

const scheme = 'tapedeck-text';
const kept = 20;

/** Texts that are only to be read: shown in an editor that has nothing to save. They are forgotten with the window. */
export class ShownText implements Disposable, vscode.TextDocumentContentProvider {
  readonly #disposables = new DisposableStore();
  readonly #texts = new Map<string, string>();
  #count = 0;

  constructor() {
    this.#disposables.add(vscode.workspace.registerTextDocumentContentProvider(scheme, this));
  }

  provideTextDocumentContent(uri: vscode.Uri): string {
    return this.#texts.get(uri.path) ?? vscode.l10n.t('This text is no longer here. Ask for it again.');
  }

  /** Markdown, shown as a preview where the editor has one. */
  async show(title: string, markdown: string): Promise<void> {
    this.#count += 1;
    const uri = vscode.Uri.from({ scheme, path: `/${this.#count}/${title.replaceAll(/[/\\?#:]/g, '-')}.md` });
    this.#texts.set(uri.path, markdown);
    for (const path of this.#texts.keys()) {
      if (this.#texts.size <= kept) break;
      this.#texts.delete(path);
    }
    await vscode.commands
      .executeCommand('markdown.showPreview', uri)
      .then(undefined, () => vscode.window.showTextDocument(uri, { preview: true }));
  }

  dispose(): void {
    this.#disposables.dispose();
  }
}
