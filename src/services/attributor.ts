import type { Clock, UnixMs } from '../base/clock.ts';
import { Delayer } from '../base/delayer.ts';
import type { Disposable } from '../base/disposable.ts';
import { Emitter } from '../base/emitter.ts';
import { attribute, isSameAuthor, isSettled, type Attribution, type ChangeTime, type Evidence } from '../core/attribution.ts';
import { ClaimBook, weighClaim, type Claim } from '../core/claimBook.ts';
import { WorkLedger } from '../core/workLedger.ts';
import type { Digest } from '../model/digest.ts';
import { isFileEvent, type DraftOf, type FileEvent, type LoggedEvent, type TapedeckEvent } from '../model/event.ts';
import type { FileVersion } from '../model/fileVersion.ts';
import { eventId, type ContentHash, type EventId } from '../model/ids.ts';
import type { WorkspacePath } from '../model/workspacePath.ts';
import type { ContentStore } from '../store/contentStore.ts';
import { EditorActs } from './editorActs.ts';
import { GitContents } from './gitContents.ts';

/** A change as it is judged. */
export interface JudgedChange {
  readonly path: WorkspacePath;
  readonly from?: WorkspacePath;
  readonly before: FileVersion | undefined;
  readonly after: FileVersion | undefined;
  readonly time: ChangeTime;
  /** The content that an agent's move may have begun with: of a file that went in the same moment. */
  readonly versionBefore?: (path: WorkspacePath) => FileVersion | undefined;
}

export interface AttributorOptions {
  readonly content: ContentStore;
  readonly digest: Digest;
  readonly clock: Clock;
  /** One name for a file, however it is spelt. */
  readonly fold: (path: string) => string;
  /** A later finding about an event that is already written. */
  readonly onFinding: (draft: DraftOf<'file.attributed'>) => void;
}

interface Recent {
  readonly event: FileEvent;
  readonly change: JudgedChange;
  said: Attribution;
}

interface Judgement {
  readonly attribution: Attribution;
  readonly used: readonly Claim[];
}

/** How long after a change what is learned may still say who made it. Transcripts are seconds late, rarely minutes. */
const windowMs = 5 * 60_000;
/** Evidence is kept longer than the changes that ask for it. */
const evidenceMs = 2 * windowMs;
const pruneMs = 10_000;
const recentLimit = 2000;
const editorNearMs = 3000;
const matchedBytes = 1024 * 1024;

/**
 * Judges who made a change by what was gathered about it: agents' claims, the work of everybody, the editor's acts, git's
 * contents (core/attribution says what wins). What it says is the best that is known then; when more is known later, it
 * tells a finding, never a silent change.
 */
export class Attributor implements Disposable {
  readonly #options: AttributorOptions;
  readonly #work = new WorkLedger();
  readonly #claims: ClaimBook;
  readonly #editor = new EditorActs();
  readonly #git = new GitContents();
  readonly #used = new WeakMap<JudgedChange, readonly Claim[]>();
  #recent: Recent[] = [];
  readonly #evidence = new Emitter<void>();
  /** Fires when something was learned. */
  readonly onDidLearn = this.#evidence.event;
  readonly #again: Delayer;
  readonly #dirtyPaths = new Set<string>();
  #dirtyFrom = Number.POSITIVE_INFINITY;
  #prunedAt = 0;
  #judging: Promise<void> = Promise.resolve();

  constructor(options: AttributorOptions) {
    this.#options = options;
    this.#claims = new ClaimBook(options);
    this.#again = new Delayer(() => this.#judgeAgain(), 100, 500);
  }

  /** Resolves when everything learned so far has been held against the recent changes. */
  async idle(): Promise<void> {
    this.#again.flush();
    await this.#judging;
  }

  dispose(): void {
    this.#again.dispose();
    this.#evidence.dispose();
  }

  /** True when an agent is in the middle of something: then what explains a change may be on its way. */
  isAgentAtWork(): boolean {
    return this.#work.isAgentAtWork(this.#options.clock.now());
  }

  /** Who was at work then, as far as it is one alone: for a commit's author. */
  whoIsAtWork(time: ChangeTime): Attribution {
    return attribute(time, { ...this.#workAt(time), claims: [], editor: 'none', git: 'none' });
  }

  observe(event: LoggedEvent, isOwn: boolean): void {
    if (event.kind === 'foreign') return;
    const at = timeOf(event);
    const from = this.#work.observe(event, at);
    if (from !== undefined) this.#learned([], from);
    if (event.kind === 'tool.returned' || (event.kind === 'tool.called' && event.by.actor === 'agent')) {
      const paths = this.#claims.add(event, at);
      if (paths.length > 0) this.#learned(paths, at);
    } else if (isFileEvent(event) && !isOwn) this.#othersFileEvent(event, at);
    this.#prune();
  }

  /** `from`: of the bytes with which the editing of the text began, where the editor knows. */
  documentSaved(path: WorkspacePath, hash: ContentHash, from?: ContentHash): void {
    const at = this.#options.clock.now();
    const key = this.#options.fold(path);
    this.#editor.saved(key, hash, from, at);
    this.#learned([key], at - editorNearMs);
  }

  /** By hand in the editor, and a folder with all in it; or moved away. */
  documentRemoved(path: WorkspacePath): void {
    const at = this.#options.clock.now();
    this.#editor.removed(this.#options.fold(path), at);
    this.#learned([], at - editorNearMs);
  }

  /** HEAD moved otherwise than by a commit: what the new one holds at each path that differs (undefined: nothing). */
  gitMoved(changes: ReadonlyMap<WorkspacePath, string | undefined>, at: UnixMs): void {
    const folded = new Map([...changes].map(([path, oid]) => [this.#options.fold(path), oid]));
    this.#git.note(folded, at);
    this.#learned(folded.keys(), at);
  }

  /** The best that is known of a change now. */
  async judge(change: JudgedChange): Promise<Attribution> {
    const { attribution, used } = await this.#judge(change);
    // They are used up only when the event is written.
    this.#used.set(change, used);
    return attribution;
  }

  /** Takes note of what was written about a change, so that it can be judged again. */
  remember(event: FileEvent, change: JudgedChange, said: Attribution): void {
    this.#use(event, change, said, this.#used.get(change) ?? []);
    if (isFinal(said)) return;
    this.#recent.push({ event, change, said });
    if (this.#recent.length > recentLimit) this.#recent.shift();
    // What was learned while the event was being written has not met it yet.
    this.#learned([this.#options.fold(change.path)], change.time.earliest);
  }

  /** `event`: the one that was written about it already. */
  async #judge(change: JudgedChange, event?: EventId): Promise<Judgement> {
    const { path, from, before, after, time } = change;
    const fold = this.#options.fold;
    const claims = this.#claims.unusedIn(from === undefined ? [path] : [path, from], time);
    const used = claims.length === 0 ? [] : await this.#matching(change, claims);
    const editor = this.#editor.partOf(fold(path), { before, after, time, event, ...(from === undefined ? {} : { from: fold(from) }) });
    const isOpen = used.length === 0 && editor !== 'whole';
    const attribution = attribute(time, {
      ...this.#workAt(time),
      claims: claims.map((claim) => weighClaim(claim, used.includes(claim))),
      editor,
      git: isOpen ? await this.#git.partOf(fold(path), { isThere: after !== undefined, time, event }, () => this.#bytes(after)) : 'none',
    });
    return { attribution, used };
  }

  /** What explained the change explains no other. */
  #use(event: FileEvent, { path, from, time }: JudgedChange, { by }: Attribution, claims: readonly Claim[]): void {
    const id = eventId(event);
    for (const claim of claims) claim.usedBy = id;
    const gone = this.#options.fold(from ?? path);
    if (by.how === 'editor') this.#editor.use(gone, time, id);
    else if (by.how === 'git') this.#git.use(gone, time, id);
  }

  #workAt(time: ChangeTime): Pick<Evidence, 'spans' | 'activeRuns'> {
    return { spans: this.#work.spansIn(time), activeRuns: this.#work.activeIn(time) };
  }

  async #matching(change: JudgedChange, claims: readonly Claim[]): Promise<readonly Claim[]> {
    const after = await this.#text(change.after);
    if (change.after !== undefined && after === undefined) return [];
    const before = await this.#text(change.before);
    const gone = new Map<string, string | undefined>();
    for (const { edit } of change.from === undefined ? claims : [])
      if (edit.op === 'move' && edit.from !== undefined) gone.set(edit.from, await this.#text(change.versionBefore?.(edit.from)));
    return this.#claims.matching(claims, { before, after, beforeAt: (path) => gone.get(path) });
  }

  async #text(version: FileVersion | undefined): Promise<string | undefined> {
    if (version === undefined || version.sizeBytes > matchedBytes || version.type !== 'file') return undefined;
    const bytes = await this.#bytes(version);
    return bytes === undefined || bytes.subarray(0, 8192).includes(0) ? undefined : new TextDecoder().decode(bytes);
  }

  async #bytes(version: FileVersion | undefined): Promise<Uint8Array | undefined> {
    return version?.hash === undefined || version.missing !== undefined ? undefined : this.#options.content.get(version.hash);
  }

  #othersFileEvent(event: FileEvent, at: UnixMs): void {
    if (isSettled(event.by)) return;
    // Only what this process alone can know: who records the files judges by everything else.
    const { before, after } = event;
    const part = this.#editor.partOf(this.#options.fold(event.path), { before, after, time: { earliest: at - 5000, latest: at } });
    if (part !== 'whole') return;
    this.#options.onFinding({ kind: 'file.attributed', event: eventId(event), path: event.path, by: { actor: 'user', how: 'editor' } });
  }

  #learned(paths: Iterable<string>, from: UnixMs): void {
    for (const path of paths) this.#dirtyPaths.add(path);
    this.#dirtyFrom = Math.min(this.#dirtyFrom, from);
    this.#evidence.fire();
    if (this.#recent.length > 0) this.#again.request();
  }

  #judgeAgain(): void {
    const paths = new Set(this.#dirtyPaths);
    const from = this.#dirtyFrom;
    this.#dirtyPaths.clear();
    this.#dirtyFrom = Number.POSITIVE_INFINITY;
    this.#judging = this.#judging.then(() => this.#judgeRecent(paths, from)).catch(() => {});
  }

  async #judgeRecent(paths: ReadonlySet<string>, from: UnixMs): Promise<void> {
    const oldest = this.#options.clock.now() - windowMs;
    this.#recent = this.#recent.filter(({ change, said }) => change.time.latest >= oldest && !isFinal(said));
    for (const recent of [...this.#recent]) {
      const { change, event } = recent;
      if (change.time.latest < from && !paths.has(this.#options.fold(change.path))) continue;
      const { attribution, used } = await this.#judge(change, eventId(event));
      // What an editor did stands, unless an agent's record says just the same.
      if (isSameAuthor(attribution.by, recent.said.by) || (isSettled(recent.said.by) && attribution.by.how !== 'transcript')) continue;
      recent.said = attribution;
      this.#use(event, change, attribution, used);
      const { by, turn, call, command } = attribution;
      this.#options.onFinding({
        kind: 'file.attributed',
        event: eventId(event),
        path: event.path,
        by,
        ...(by.run === undefined ? {} : { run: by.run }),
        ...(turn === undefined ? {} : { turn }),
        ...(call === undefined ? {} : { call }),
        ...(command === undefined ? {} : { command }),
      });
    }
  }

  #prune(): void {
    const now = this.#options.clock.now();
    if (now - this.#prunedAt < pruneMs) return;
    this.#prunedAt = now;
    const oldest = now - evidenceMs;
    this.#work.prune(oldest);
    this.#claims.prune(oldest);
    this.#editor.prune(oldest);
    this.#git.prune(oldest);
  }
}

/** An agent may have worked through the editor: its record, which comes later, says so. */
function isFinal({ by }: Attribution): boolean {
  return isSettled(by) && by.how !== 'editor';
}

/** When the fact happened, where it was told later than that. */
export function timeOf(event: TapedeckEvent): UnixMs {
  const told = (event as { readonly happenedAt?: string }).happenedAt;
  const at = Date.parse(told ?? event.at);
  return Number.isNaN(at) ? Date.parse(event.at) : at;
}
