import { structuredPatch } from 'diff';
import { isFileEvent, type FileEvent, type LoggedEvent } from '../model/event.ts';
import type { FileVersion, SkipReason } from '../model/fileVersion.ts';
import type { ContentHash } from '../model/ids.ts';
import type { WorkspacePath } from '../model/workspacePath.ts';

/** What happened to one file, from before the first of some events to after the last. */
export interface FileDiff {
  readonly path: WorkspacePath;
  readonly from?: WorkspacePath;
  readonly change: 'created' | 'changed' | 'deleted' | 'renamed';
  readonly content: 'text' | 'binary' | 'unavailable';
  /** Why there are no lines, in plain words. */
  readonly reason?: string;
  /** Unified diff without the file header; at most `lineLimit`. */
  readonly lines: readonly string[];
  readonly isTruncated: boolean;
  readonly added?: number;
  readonly removed?: number;
}

/** Both ends of a file over some events. */
export interface FileSpan {
  readonly path: WorkspacePath;
  readonly from?: WorkspacePath;
  readonly before: FileVersion | undefined;
  readonly after: FileVersion | undefined;
}

const lineLimit = 400;
const byteLimit = 2 * 1024 * 1024;
/** A diff that takes longer than this to find is not worth holding up the pane for. */
const diffTimeoutMs = 300;

/** The files that some events touched, each from before its first event to after its last, in the order of first touch. */
export function fileSpans(events: readonly LoggedEvent[]): FileSpan[] {
  const spans = new Map<WorkspacePath, FileSpan>();
  for (const event of events) {
    if (!isFileEvent(event)) continue;
    const earlier = spans.get(formerPath(event));
    const from = event.kind === 'file.renamed' ? (earlier?.from ?? event.from) : earlier?.from;
    if (event.kind === 'file.renamed') spans.delete(event.from);
    spans.set(event.path, {
      path: event.path,
      before: earlier === undefined ? event.before : earlier.before,
      after: event.after,
      ...(from === undefined ? {} : { from }),
    });
  }
  return [...spans.values()];
}

const formerPath = (event: FileEvent): WorkspacePath => (event.kind === 'file.renamed' ? event.from : event.path);

const reasons: Readonly<Record<SkipReason, string>> = {
  'too-large': 'The file is larger than the limit, so its content was not kept.',
  secret: 'The file can hold secrets, so its content was not kept.',
  ignored: 'The file is ignored, so its content was not kept.',
  policy: 'The file is excluded by a setting, so its content was not kept.',
  unreadable: 'The file could not be read.',
  special: 'It is no ordinary file.',
  budget: 'The baseline had used up its budget, so the content before was not kept.',
  lost: 'The content before was not seen in time.',
  changing: 'The file kept changing while it was read.',
};

/** The diff of a span. Reads both contents; never throws. */
export async function diffOfSpan(span: FileSpan, read: (hash: ContentHash) => Promise<Uint8Array | undefined>): Promise<FileDiff> {
  const change =
    span.before === undefined ? 'created' : span.after === undefined ? 'deleted' : span.from === undefined ? 'changed' : 'renamed';
  const head = { path: span.path, change, ...(span.from === undefined ? {} : { from: span.from }) } as const;
  const without = (content: 'binary' | 'unavailable', reason: string): FileDiff => ({
    ...head,
    content,
    reason,
    lines: [],
    isTruncated: false,
  });

  const missing = span.before?.missing ?? span.after?.missing;
  if (missing !== undefined) return without('unavailable', reasons[missing]);
  const before = await readSide(span.before, read);
  const after = await readSide(span.after, read);
  if (before === undefined || after === undefined) return without('unavailable', 'The content is no longer kept.');
  if (before.length > byteLimit || after.length > byteLimit)
    return without('unavailable', 'The file is too large to be compared here. Open the changes in the editor.');
  if (isBinary(before) || isBinary(after)) return without('binary', 'A binary file.');

  const decoder = new TextDecoder();
  const patch = structuredPatch('', '', decoder.decode(before), decoder.decode(after), '', '', { context: 3, timeout: diffTimeoutMs });
  if (patch === undefined) return without('unavailable', 'The change is too large to be compared here. Open the changes in the editor.');
  const lines: string[] = [];
  let added = 0;
  let removed = 0;
  for (const hunk of patch.hunks) {
    lines.push(`@@ -${hunk.oldStart},${hunk.oldLines} +${hunk.newStart},${hunk.newLines} @@`);
    for (const line of hunk.lines) {
      if (line.startsWith('+')) added += 1;
      else if (line.startsWith('-')) removed += 1;
      lines.push(line.endsWith('\r') ? line.slice(0, -1) : line);
    }
  }
  return { ...head, content: 'text', lines: lines.slice(0, lineLimit), isTruncated: lines.length > lineLimit, added, removed };
}

async function readSide(
  version: FileVersion | undefined,
  read: (hash: ContentHash) => Promise<Uint8Array | undefined>,
): Promise<Uint8Array | undefined> {
  if (version === undefined || version.sizeBytes === 0) return new Uint8Array();
  return version.hash === undefined ? undefined : read(version.hash);
}

/** As git does it: a NUL among the first 8,000 bytes. */
function isBinary(bytes: Uint8Array): boolean {
  return bytes.subarray(0, 8000).includes(0);
}
