import type { UnixMs } from '../base/clock.ts';
import type { ChangeTime, EditorPart } from '../core/attribution.ts';
import type { FileVersion } from '../model/fileVersion.ts';
import type { ContentHash, EventId } from '../model/ids.ts';

interface Save {
  readonly at: UnixMs;
  readonly hash: ContentHash;
  /** Of the bytes with which the editing of the text began; undefined: not known. */
  readonly from: ContentHash | undefined;
}

export interface ActedChange {
  readonly before: FileVersion | undefined;
  readonly after: FileVersion | undefined;
  readonly time: ChangeTime;
  readonly from?: string;
  readonly event?: EventId | undefined;
}

/** What is gone is gone once for each file: by folded path, the event that said so. */
interface Removal {
  readonly at: UnixMs;
  readonly told: Map<string, EventId>;
}

const nearMs = 3000;
/** The editor tells of it when it has done it. */
const removedMs = 500;
/** A time that is no longer is that of one write. */
const oneWriteMs = 100;
/** A save is told of so long after it. */
const toldMs = 200;
const pathLimit = 500;
const savesKept = 16;

/**
 * What an editor did to files, known again by content. A chain of saves from just the content before a change to just the
 * one after it is the whole of that change; one that begins elsewhere is its last part only.
 */
export class EditorActs {
  readonly #saves = new Map<string, readonly Save[]>();
  readonly #removed = new Map<string, Removal>();

  saved(path: string, hash: ContentHash, from: ContentHash | undefined, at: UnixMs): void {
    // A save of a text that was not edited writes nothing of anybody's.
    if (from === hash) return;
    const saves = this.#saves.get(path) ?? [];
    this.#saves.delete(path);
    this.#saves.set(path, [...saves.slice(1 - savesKept), { at, hash, from }]);
    trim(this.#saves);
  }

  /** It was deleted, or moved away, by hand; a folder with all in it. */
  removed(path: string, at: UnixMs): void {
    this.#removed.delete(path);
    this.#removed.set(path, { at, told: new Map() });
    trim(this.#removed);
  }

  /** `path` and `from` (where it was renamed) are folded; `event`: the one that was written about the change. */
  partOf(path: string, { before, after, time, from, event }: ActedChange): EditorPart {
    if (after === undefined || from !== undefined) {
      const told = this.#removalOf(from ?? path, time)?.told;
      return told !== undefined && (told.get(from ?? path) ?? event) === event ? 'whole' : 'none';
    }
    const saves = (this.#saves.get(path) ?? []).filter(({ at }) => at >= time.earliest - nearMs && at <= time.latest + nearMs);
    const last = after.hash === undefined ? -1 : saves.findLastIndex(({ hash }) => hash === after.hash);
    for (let first = last; first >= 0; first--) {
      const { from: began } = saves[first]!;
      // An editor that does not tell where it began is taken at its word.
      if (began === undefined || (before === undefined ? began === emptyHash : began === before.hash)) return 'whole';
      if (saves[first - 1]?.hash !== began) return 'last';
    }
    if (last >= 0) return 'last';
    // Saves up to the content before the change are no part of it.
    const since = saves.slice(saves.findLastIndex(({ hash }) => hash === before?.hash) + 1);
    const isSaved = since.some(({ at }) => at >= time.earliest && at <= time.latest + toldMs);
    return isSaved || (time.latest - time.earliest > oneWriteMs && this.#removalOf(path, time) !== undefined) ? 'part' : 'none';
  }

  /** That event told of a file which the editor removed. */
  use(path: string, time: ChangeTime, event: EventId): void {
    const told = this.#removalOf(path, time)?.told;
    if (told?.has(path) === false) told.set(path, event);
  }

  prune(oldest: UnixMs): void {
    for (const [path, saves] of this.#saves) if (saves.at(-1)!.at < oldest) this.#saves.delete(path);
    for (const [path, { at }] of this.#removed) if (at < oldest) this.#removed.delete(path);
  }

  /** Of the file itself, or of a folder that it was in. */
  #removalOf(path: string, { earliest, latest }: ChangeTime): Removal | undefined {
    for (let end = path.length; end > 0; end = path.lastIndexOf('/', end - 1)) {
      const removal = this.#removed.get(path.slice(0, end));
      if (removal !== undefined && removal.at >= earliest - removedMs && removal.at <= latest + removedMs) return removal;
    }
    return undefined;
  }
}

/** SHA-256 of nothing: a new file, before its first save. */
const emptyHash = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

function trim(map: Map<string, unknown>): void {
  if (map.size > pathLimit) map.delete(map.keys().next().value!);
}
