import type { MergeSides } from '../core/rewindPlan.ts';
import { mergeTexts, type MergeLabels } from '../core/threeWayMerge.ts';
import type { LoggedFile } from '../core/touchedFiles.ts';
import type { FileVersion } from '../model/fileVersion.ts';
import type { ContentStore } from '../store/contentStore.ts';

/** What came of merging two versions of a file; what merging made is in the content store. Undefined: they are no texts to merge. */
export interface MergedVersion {
  readonly file: LoggedFile & { readonly state: 'version' };
  /** Both changed the same lines: the text holds both, marked. */
  readonly sides: MergeSides | undefined;
}

/** Merges by lines, byte for byte; a mode that `ours` changed is kept, else that of `theirs`. */
export async function mergeVersions(
  base: LoggedFile,
  ours: LoggedFile,
  theirs: LoggedFile,
  labels: MergeLabels,
  content: ContentStore,
): Promise<MergedVersion | undefined> {
  if (base.state !== 'version' || ours.state !== 'version' || theirs.state !== 'version') return undefined;
  const [o, a, b] = await Promise.all([base, ours, theirs].map(({ version }) => textOf(version, content)));
  if (o === undefined || a === undefined || b === undefined) return undefined;
  const merged = mergeTexts(o, a, b, labels);
  if (merged.state === 'too-large') return undefined;
  const bytes = Buffer.from(merged.text, 'latin1');
  const { hash } = await content.put(bytes, theirs.version.hash);
  const mode = ours.version.mode === base.version.mode ? theirs.version.mode : ours.version.mode;
  return {
    file: { state: 'version', version: { hash, sizeBytes: bytes.length, type: 'file', ...(mode === undefined ? {} : { mode }) } },
    sides: merged.state === 'overlap' ? { base: base.version, ours: ours.version } : undefined,
  };
}

const byteLimit = 8 * 1024 * 1024;

/** One character a byte; undefined for links, for what is no text and for what was not kept. */
async function textOf({ hash, type, sizeBytes }: FileVersion, content: ContentStore): Promise<string | undefined> {
  if (type === 'link' || sizeBytes > byteLimit) return undefined;
  if (sizeBytes === 0) return '';
  const bytes = hash === undefined ? undefined : await content.get(hash);
  return bytes === undefined || bytes.includes(0) ? undefined : Buffer.from(bytes).toString('latin1');
}
