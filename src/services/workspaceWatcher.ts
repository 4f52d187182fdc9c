import type { Disposable } from '../base/disposable.ts';

/** What a watcher believes has happened. A hint, never the truth: the recorder looks for itself. */
export type HintKind = 'created' | 'changed' | 'deleted' | 'unknown';

/** Tells that a path may have changed: VS Code's own watcher in the editor, chokidar's without it. */
export interface WorkspaceWatcher {
  /**
   * Watches the folders (absolute) with all below them. `isIgnored` is asked with absolute paths before anything is
   * registered. `onHint` may come late, twice, or for a folder alone; `onError` says that hints may have been lost.
   * A path of '' in a hint means: anything may have changed.
   */
  watch(
    folders: readonly string[],
    isIgnored: (absolutePath: string) => boolean,
    onHint: (absolutePath: string, kind: HintKind) => void,
    onError: (error: unknown) => void,
  ): Disposable;
}
