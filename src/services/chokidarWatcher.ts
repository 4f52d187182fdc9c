import { watch } from 'chokidar';
import { toDisposable } from '../base/disposable.ts';
import type { HintKind, WorkspaceWatcher } from './workspaceWatcher.ts';

/** Watches without an editor. What is ignored is asked before anything is registered, so that it costs no watch at all. */
export const chokidarWatcher: WorkspaceWatcher = {
  watch(folders, isIgnored, onHint, onError) {
    const watcher = watch([...folders], {
      ignored: (path) => isIgnored(path),
      ignoreInitial: true,
      followSymlinks: false,
      // The recorder waits for quiet itself, by content.
      awaitWriteFinish: false,
      atomic: false,
    });
    const hint = (kind: HintKind) => (path: string) => onHint(path, kind);
    watcher
      .on('add', hint('created'))
      .on('addDir', hint('created'))
      .on('change', hint('changed'))
      .on('unlink', hint('deleted'))
      .on('unlinkDir', hint('deleted'))
      .on('error', onError)
      // What changed while it was getting ready was not told.
      .on('ready', () => onHint('', 'unknown'));
    return toDisposable(() => {
      watcher.close().catch(onError);
    });
  },
};
