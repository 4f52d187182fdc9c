import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { prepareRoot, tapedeckLayout, type TapedeckLayout } from '../store/layout.ts';
import { checkRoot, rootFailure } from '../store/rootCheck.ts';
import { createWriterId } from '../store/writerClaim.ts';
import type { RecorderOptions } from './recorderOptions.ts';

/** The root to record into: the wanted one, else the fallback. Rejects with a RootError when neither can be written. */
export async function openRecorderRoot({
  folders,
  root,
  fallbackRoot,
  onTrace,
}: Pick<RecorderOptions, 'folders' | 'root' | 'fallbackRoot' | 'onTrace'>): Promise<{
  readonly layout: TapedeckLayout;
  readonly isFallback: boolean;
}> {
  const tryRoot = async (path: string): Promise<TapedeckLayout> => {
    const layout = tapedeckLayout(path);
    try {
      await checkRoot(layout, folders[0]!.path);
      await prepareRoot(layout);
      // That it is there does not say that it can be written.
      const probe = join(layout.root, `.probe-${process.pid}-${createWriterId()}`);
      await writeFile(probe, '');
      await rm(probe, { force: true });
    } catch (error) {
      throw rootFailure(path, error);
    }
    return layout;
  };
  try {
    return { layout: await tryRoot(root), isFallback: false };
  } catch (error) {
    if (fallbackRoot === undefined) throw error;
    onTrace?.(`${error instanceof Error ? error.message : String(error)} Recording into ${fallbackRoot}.`);
    return { layout: await tryRoot(fallbackRoot), isFallback: true };
  }
}
