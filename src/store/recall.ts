import { compareMarks } from '../core/eventOrder.ts';
import { SourceGathering } from '../core/sourceGathering.ts';
import { SourceSet } from '../core/sourceSet.ts';
import { LineHead } from '../core/lineHead.ts';
import { readSoundHead } from '../core/lineMark.ts';
import { readLine } from '../core/salvage.ts';
import type { Digest } from '../model/digest.ts';
import { isFileEvent, type LoggedEvent } from '../model/event.ts';
import type { FileVersion, SkipReason } from '../model/fileVersion.ts';
import type { WriterId } from '../model/ids.ts';
import type { WorkspacePath } from '../model/workspacePath.ts';
import type { SidecarKind } from './sidecar.ts';

/**
 * What of a log a recorder must know that goes on with it, gathered line by line, whatever their order: of each file the last
 * that was told, the baselines, the pauses, and which facts of transcripts there are. Most lines are not parsed.
 *
 * It can be kept: a line of JSON for each of these, an empty line, and 8 bytes for each source.
 */
export interface Recalled {
  readonly at: string;
  readonly w: WriterId;
  readonly n: number;
}

export interface RecalledFile extends Recalled {
  /** Undefined when it was gone. */
  readonly version?: FileVersion;
}

export class Recall {
  readonly files = new Map<WorkspacePath, RecalledFile>();
  /** The last one of each folder, by its name. */
  readonly baselines = new Map<string, Recalled & { readonly manifest: string }>();
  readonly pauses: (Recalled & { readonly kind: 'capture.paused' | 'capture.continued' })[] = [];
  readonly skips = new Map<string, { readonly path: WorkspacePath; readonly reason: SkipReason }>();
  readonly sources = new SourceSet();
  readonly #gathering = new SourceGathering({ kinds: recalledKinds }, this.sources);
  readonly #head = new LineHead();
  readonly #digest: Digest;

  constructor(digest: Digest) {
    this.#digest = digest;
  }

  /** A line of that writer's, without its newline. `isTail`: none follows. Damage is told by those who read the log. */
  addLine(bytes: Buffer, writer: WriterId, isTail = false): void {
    const head = this.#head;
    if (!isTail && readSoundHead(bytes, head, this.#digest) && head.isWriter(writer) && !this.#gathering.mayMatch(head, bytes)) return;
    for (const { event } of readLine(bytes, this.#digest, isTail).records)
      if (event.w === writer && this.#gathering.matches(event)) this.#addEvent(event);
  }

  #addEvent(event: LoggedEvent): void {
    const { at, w, n } = event;
    if (isFileEvent(event)) {
      if (event.kind === 'file.renamed') this.#add({ is: 'file', path: event.from, at, w, n });
      const { after } = event;
      const isThere = event.kind !== 'file.deleted' && after !== undefined;
      this.#add({ is: 'file', path: event.path, at, w, n, ...(isThere && { version: after }) });
    } else if (event.kind === 'baseline.taken' && event.manifest !== undefined)
      this.#add({ is: 'baseline', folder: event.folder, manifest: event.manifest, at, w, n });
    else if (event.kind === 'capture.paused' || event.kind === 'capture.continued') this.#add({ is: 'pause', kind: event.kind, at, w, n });
    else if (event.kind === 'file.skipped' && event.after !== undefined)
      this.#add({ is: 'file', path: event.path, at, w, n, version: event.after });
    else if (event.kind === 'file.skipped') this.#add({ is: 'skip', path: event.path, reason: event.reason });
  }

  #add(told: Told): void {
    switch (told.is) {
      case 'file': {
        const { path, at, w, n, version } = told;
        if (isLater(told, this.files.get(path))) this.files.set(path, { at, w, n, ...(version && { version }) });
        return;
      }
      case 'baseline':
        if (isLater(told, this.baselines.get(told.folder))) this.baselines.set(told.folder, told);
        return;
      case 'pause':
        this.pauses.push(told);
        return;
      case 'skip':
        this.skips.set(`${told.reason}\n${told.path}`, told);
    }
  }

  /** To be kept; in pieces, between which others may have their turn. */
  *encode(): Generator<void, Buffer> {
    const parts: Buffer[] = [];
    let lines: string[] = [];
    const flush = (): void => {
      parts.push(Buffer.from(lines.join('')));
      lines = [];
    };
    for (const told of this.#all()) {
      if (lines.push(`${JSON.stringify(told)}\n`) < linesInPiece) continue;
      flush();
      yield;
    }
    lines.push('\n');
    flush();
    for (const hashes of this.sources.shards()) {
      const bytes = Buffer.allocUnsafe(hashes.length * 4);
      for (let index = 0; index < hashes.length; index++) bytes.writeUInt32LE(hashes[index]!, index * 4);
      parts.push(bytes);
      yield;
    }
    return Buffer.concat(parts);
  }

  *#all(): Generator<Told> {
    for (const [path, file] of this.files) yield { is: 'file', path, ...file };
    for (const [folder, baseline] of this.baselines) yield { ...baseline, is: 'baseline', folder };
    for (const pause of this.pauses) yield { ...pause, is: 'pause' };
    for (const { path, reason } of this.skips.values()) yield { is: 'skip', path, reason };
  }

  /** Takes in what `encode` gave; in pieces. Throws when it is nothing of that kind; what came before is then taken in. */
  *take(payload: Buffer): Generator<void> {
    let from = 0;
    for (let count = 1; ; count++) {
      const to = payload.indexOf(newline, from);
      if (to < 0) throw new Error('Not what was kept.');
      if (to === from) break;
      this.#add(JSON.parse(payload.toString('utf8', from, to)) as Told);
      from = to + 1;
      if (count % linesInPiece === 0) yield;
    }
    for (let at = from + 1; at + 8 <= payload.length; at += 8) {
      this.sources.addHash(payload.readUInt32LE(at), payload.readUInt32LE(at + 4));
      if ((at - from) % hashBytesInPiece === 1) yield;
    }
  }
}

export const recallKind: SidecarKind = { name: 'recall', version: 2 };

/** Of the other kinds only the source is wanted. */
const recalledKinds = [
  ...['file.created', 'file.changed', 'file.deleted', 'file.renamed', 'file.skipped', 'baseline.taken'],
  ...['capture.paused', 'capture.continued'],
];

type Told =
  | ({ readonly is: 'file'; readonly path: WorkspacePath } & RecalledFile)
  | ({ readonly is: 'baseline'; readonly folder: string; readonly manifest: string } & Recalled)
  | ({ readonly is: 'pause'; readonly kind: 'capture.paused' | 'capture.continued' } & Recalled)
  | { readonly is: 'skip'; readonly path: WorkspacePath; readonly reason: SkipReason };

const newline = 10;
const linesInPiece = 128;
const hashBytesInPiece = 8192;

/** By the session's order; the other half of a rename, told by the same event, is later than none and as late as itself. */
function isLater(one: Recalled, other: Recalled | undefined): boolean {
  return other === undefined || compareMarks(one, other) >= 0;
}
