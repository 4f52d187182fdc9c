import * as vscode from 'vscode';
import { DisposableStore, type Disposable } from '../base/disposable.ts';
import type { ContentHash } from '../model/ids.ts';
import type { WorkspacePath } from '../model/workspacePath.ts';

const pastScheme = 'tapedeck';

/** Reads a content by its hash; undefined when the blobs do not have it. */
export type ReadContent = (hash: ContentHash) => Promise<Uint8Array | undefined>;

/**
 * The address of a past file. The content is found by its hash, so the document can never change; no hash: the file did
 * not exist, and the document is empty. The path is there for the editor's title and language alone. Beside the file as
 * it is now it is that file's own path: the editor takes two paths for a file that was renamed.
 */
export function pastFileUri(file: WorkspacePath, hash: ContentHash | undefined, when: string, beside?: vscode.Uri): vscode.Uri {
  const query = new URLSearchParams({ when, file });
  if (hash !== undefined) query.set('hash', hash);
  return vscode.Uri.from({ scheme: pastScheme, path: beside?.path ?? `/${file.replace(/^\/+/, '')}`, query: query.toString() });
}

/** The file that a past version is of; undefined for any other address. */
export function pastFileOf(uri: vscode.Uri): WorkspacePath | undefined {
  return uri.scheme === pastScheme ? (new URLSearchParams(uri.query).get('file') ?? undefined) : undefined;
}

/** Which version of it: undefined where the file did not exist, and for any other address. */
export function pastVersionOf(uri: vscode.Uri): ContentHash | undefined {
  return uri.scheme === pastScheme ? (new URLSearchParams(uri.query).get('hash') ?? undefined) : undefined;
}

/** Past files as read-only documents: text, images, anything that an editor can show. */
export class PastFiles implements vscode.FileSystemProvider, Disposable {
  readonly #read: ReadContent;
  readonly #disposables = new DisposableStore();
  readonly #changes = new vscode.EventEmitter<vscode.FileChangeEvent[]>();
  readonly onDidChangeFile = this.#changes.event;

  constructor(read: ReadContent) {
    this.#read = read;
    this.#disposables.add(this.#changes);
    this.#disposables.add(vscode.workspace.registerFileSystemProvider(pastScheme, this, { isReadonly: true, isCaseSensitive: true }));
  }

  async stat(uri: vscode.Uri): Promise<vscode.FileStat> {
    const bytes = await this.readFile(uri);
    return { type: vscode.FileType.File, ctime: 0, mtime: 0, size: bytes.length, permissions: vscode.FilePermission.Readonly };
  }

  async readFile(uri: vscode.Uri): Promise<Uint8Array> {
    const hash = new URLSearchParams(uri.query).get('hash');
    if (hash === null) return new Uint8Array();
    const bytes = await this.#read(hash);
    if (bytes === undefined) throw vscode.FileSystemError.FileNotFound(vscode.l10n.t('Tapedeck did not keep this content.'));
    return bytes;
  }

  watch(): vscode.Disposable {
    return new vscode.Disposable(() => {});
  }

  readDirectory(): [string, vscode.FileType][] {
    return [];
  }

  createDirectory(): never {
    throw vscode.FileSystemError.NoPermissions();
  }

  writeFile(): never {
    throw vscode.FileSystemError.NoPermissions();
  }

  delete(): never {
    throw vscode.FileSystemError.NoPermissions();
  }

  rename(): never {
    throw vscode.FileSystemError.NoPermissions();
  }

  dispose(): void {
    this.#disposables.dispose();
  }
}
