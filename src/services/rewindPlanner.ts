import type { Hunk } from '../core/hunks.ts';
import { pointOf } from '../core/rewindPoint.ts';
import { planRewind, type MergeSides, type RewindPlan, type RewindStep } from '../core/rewindPlan.ts';
import { touchedFiles, type TouchedFile } from '../core/touchedFiles.ts';
import type { Digest } from '../model/digest.ts';
import type { FileVersion } from '../model/fileVersion.ts';
import { eventId, type EventId } from '../model/ids.ts';
import type { WorkspacePath } from '../model/workspacePath.ts';
import type { ContentStore } from '../store/contentStore.ts';
import type { DiskFileSystem } from '../store/diskFileSystem.ts';
import { absolutePath, readPresentFile, type FilePlace, type RestorePlatform } from '../store/presentFile.ts';
import type { DocumentPort } from '../store/restoreStep.ts';
import { readFileNow } from './fileThen.ts';
import { planBroughtBack } from './broughtBack.ts';
import { hunksOfStep, planWithHunks, type HunkParts } from './hunkChoice.ts';
import { readPresentFiles, readUnsaved } from './presentFiles.ts';
import type { RewindHistory } from './rewindHistory.ts';
import { planUndoneWork, type MergeTrouble, type UndoneWork } from './undoneWork.ts';

export interface RewindPlannerParts {
  readonly history: RewindHistory;
  readonly content: ContentStore;
  readonly documents: DocumentPort | undefined;
  readonly digest: Digest;
  readonly fileSystem: DiskFileSystem;
  readonly platform: RestorePlatform;
  readonly random: (length: number) => string;
  readonly place: (path: WorkspacePath) => FilePlace | 'outside' | 'folder-not-open';
  /** Those of the paths that the ignore rules leave out now. */
  readonly leftOut: (paths: Iterable<WorkspacePath>) => Promise<ReadonlySet<WorkspacePath>>;
}

/** Thinks rewinds out from the log, the disk and the editors. Touches nothing but the content store, where merged texts are kept. */
export class RewindPlanner {
  readonly #parts: RewindPlannerParts;

  constructor(parts: RewindPlannerParts) {
    this.#parts = parts;
  }

  async plan(target: EventId, scope?: readonly WorkspacePath[]): Promise<RewindPlan> {
    const event = await this.#parts.history.find(target);
    const { later, kept } = await this.#parts.history.changesAfter(event);
    return this.#plan({ target, targetAt: pointOf(event).at, keptChanges: kept.map(eventId), scope }, touchedFiles(later));
  }

  async planWithout(work: UndoneWork, scope?: readonly WorkspacePath[]): Promise<RewindPlan | undefined> {
    const { content } = this.#parts;
    const { events, eventsOf, touched, troubles, merges } = await planUndoneWork(work, await this.#parts.history.allChanges(), {
      content,
      present: (path) => this.#readPresent(path),
    });
    const first = events[0];
    if (first === undefined) return undefined;
    const undid = events.map(eventId);
    return this.#plan({ target: undid[0]!, targetAt: pointOf(first).at, undid, undidOf: eventsOf, troubles, merges, scope }, touched);
  }

  async planAgain(changes: readonly EventId[], scope?: readonly WorkspacePath[]): Promise<RewindPlan | undefined> {
    const { events, touched, troubles, merges } = await planBroughtBack(changes, await this.#parts.history.allChanges(), {
      content: this.#parts.content,
      present: (path) => this.#readPresent(path),
    });
    const first = events[0];
    if (first === undefined) return undefined;
    const brought = events.map(eventId);
    const undidOf = new Map<WorkspacePath, EventId[]>();
    for (const event of events)
      for (const path of event.kind === 'file.renamed' ? [event.from, event.path] : [event.path])
        undidOf.set(path, [...(undidOf.get(path) ?? []), eventId(event)]);
    return this.#plan({ target: brought[0]!, targetAt: pointOf(first).at, undid: [], brought, undidOf, troubles, merges, scope }, touched);
  }

  async planUndo(rewind?: string): Promise<RewindPlan | undefined> {
    const applied = await this.#parts.history.findApplied(rewind);
    if (applied === undefined) return undefined;
    const checkpoint = await this.#parts.history.findCheckpoint(applied);
    if (checkpoint === undefined) return undefined;
    return this.#plan(
      { target: eventId(checkpoint), targetAt: checkpoint.at, undoes: applied.id },
      touchedFiles((await this.#parts.history.changesAfter(checkpoint)).later, applied.id),
    );
  }

  async #plan(
    about: {
      readonly target: EventId;
      readonly targetAt: string;
      readonly undoes?: string;
      readonly undid?: readonly EventId[];
      readonly brought?: readonly EventId[];
      readonly undidOf?: ReadonlyMap<WorkspacePath, readonly EventId[]>;
      readonly keptChanges?: readonly EventId[];
      readonly troubles?: ReadonlyMap<WorkspacePath, MergeTrouble>;
      readonly merges?: ReadonlyMap<WorkspacePath, MergeSides>;
      readonly scope?: readonly WorkspacePath[] | undefined;
    },
    touched: ReadonlyMap<WorkspacePath, TouchedFile>,
  ): Promise<RewindPlan> {
    const { content, documents, digest } = this.#parts;
    const places = new Map<WorkspacePath, FilePlace>();
    const refused = new Map<WorkspacePath, 'outside' | 'folder-not-open' | 'ignored'>();
    for (const path of touched.keys()) {
      const place = this.#parts.place(path);
      if (typeof place === 'string') refused.set(path, place);
      else places.set(path, place);
    }
    const present = await readPresentFiles(places, this.#parts.fileSystem, this.#parts.platform);
    // Where nothing is, nothing of the user's is touched; and what an undo takes back lies there as the rewind left it, or is a conflict.
    if (about.undoes === undefined)
      for (const path of await this.#parts.leftOut([...places.keys()].filter((path) => present.get(path)?.state === 'file')))
        refused.set(path, 'ignored');
    const unsaved = await readUnsaved(places, present, documents, digest);
    const kept = new Set<string>();
    for (const { before } of touched.values())
      if (before.state === 'version' && before.version.hash !== undefined && (await content.has(before.version.hash)))
        kept.add(before.version.hash);
    return planRewind({ id: this.#parts.random(12), ...about, touched, present, unsaved, refused, kept });
  }

  /** What a step would change in a text, to be chosen from; undefined where it is taken whole or not at all. */
  hunksOf(step: RewindStep): Promise<readonly Hunk[] | undefined> {
    return hunksOfStep(step, this.#hunkParts);
  }

  withHunks(plan: RewindPlan, chosen: ReadonlyMap<WorkspacePath, ReadonlySet<number>>): Promise<RewindPlan> {
    return planWithHunks(plan, chosen, this.#hunkParts);
  }

  get #hunkParts(): HunkParts {
    const { content, documents, digest } = this.#parts;
    return {
      content,
      readPresent: async ({ path, from }) => {
        const place = this.#parts.place(path);
        const document = typeof place === 'string' ? undefined : await documents?.read(absolutePath(place));
        const bytes = document?.bytes ?? (await this.#readPresent(path))?.bytes;
        return bytes !== undefined && digest.sha256(bytes) === from?.hash ? bytes : undefined;
      },
    };
  }

  /** A file on disk with its content; undefined when there is no ordinary file that can be read. */
  async #readPresent(path: WorkspacePath): Promise<{ readonly version: FileVersion; readonly bytes: Uint8Array } | undefined> {
    const place = this.#parts.place(path);
    if (typeof place === 'string') return undefined;
    const found = await readPresentFile(this.#parts.fileSystem, place, this.#parts.platform);
    if (found.state !== 'file' || found.version.type !== 'file') return undefined;
    const now = await readFileNow(place, this.#parts.fileSystem, this.#parts.platform);
    if (now.state !== 'kept' || this.#parts.digest.sha256(now.bytes) !== found.version.hash) return undefined;
    return { version: found.version, bytes: now.bytes };
  }
}
