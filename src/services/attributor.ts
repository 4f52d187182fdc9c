import { createHash } from 'node:crypto';
import type { Clock, UnixMs } from '../base/clock.ts';
import { Delayer } from '../base/delayer.ts';
import type { Disposable } from '../base/disposable.ts';
import { Emitter } from '../base/emitter.ts';
import {
  attribute,
  isSameAuthor,
  isSettled,
  type Attribution,
  type ChangeTime,
  type WorkClaim,
  type WorkSpan,
} from '../core/attribution.ts';
import { claimsMatch } from '../core/transcripts/claimedEdit.ts';
import type { Digest } from '../model/digest.ts';
import { isFileEvent, type ClaimedEdit, type DraftOf, type FileEvent, type LoggedEvent, type TapedeckEvent } from '../model/event.ts';
import type { FileVersion } from '../model/fileVersion.ts';
import { eventId, type ContentHash, type EventId, type RunId } from '../model/ids.ts';
import type { WorkspacePath } from '../model/workspacePath.ts';
import type { ContentStore } from '../store/contentStore.ts';

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

interface Claim {
  readonly key: string;
  readonly name: string;
  readonly run: RunId | undefined;
  readonly turn: number | undefined;
  readonly call: string | undefined;
  readonly at: UnixMs;
  readonly edit: ClaimedEdit;
  /** The event that it explained: one edit explains one change. */
  usedBy?: EventId;
}

interface KnownRun {
  readonly name: string;
  readonly run: RunId;
  lastAt: UnixMs;
  turnStart: UnixMs | undefined;
  turnEnd: UnixMs | undefined;
}

interface Recent {
  readonly event: FileEvent;
  readonly change: JudgedChange;
  said: Attribution;
}

interface GitMoveSeen {
  readonly at: UnixMs;
  /** By folded path; undefined: the new commit has no such file. */
  readonly changes: ReadonlyMap<string, string | undefined>;
}

/** How long after a change what is learned may still say who made it. Transcripts are seconds late, rarely minutes. */
const windowMs = 5 * 60_000;
/** Evidence is kept longer than the changes that ask for it. */
const evidenceMs = 2 * windowMs;
const recentLimit = 2000;
const terminalSlackMs = 300;
const callSlackMs = 120;
const editorNearMs = 3000;
const gitNearMs = 15_000;
const claimsTried = 8;
const matchedBytes = 1024 * 1024;
/** An agent whose turn is open but that has said nothing for so long has probably gone. */
const silentMs = 10 * 60_000;

/**
 * Gathers who was at work, from the events of every process, the editor and git, and judges changes by it (core/attribution).
 * What it says of a change is the best that is known then; when more is known later, it tells a finding, never a silent change.
 */
export class Attributor implements Disposable {
  readonly #options: AttributorOptions;
  readonly #spans = new Map<string, WorkSpan & { readonly seenAt: UnixMs }>();
  readonly #claims = new Map<string, Claim[]>();
  readonly #runs = new Map<RunId, KnownRun>();
  readonly #saves = new Map<string, { readonly hash: ContentHash; readonly at: UnixMs }>();
  readonly #used = new WeakMap<JudgedChange, readonly Claim[]>();
  #gitMoves: GitMoveSeen[] = [];
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
    const now = this.#options.clock.now();
    for (const run of this.#runs.values())
      if (run.turnStart !== undefined && run.turnEnd === undefined && now - run.lastAt < silentMs) return true;
    for (const span of this.#spans.values()) if (span.actor === 'agent' && span.end === undefined) return true;
    return false;
  }

  /** Names of the agents with an open turn, and of what runs now: for a commit's author. */
  whoIsAtWork(at: UnixMs): Attribution {
    return attribute({ earliest: at, latest: at }, this.#evidenceAt({ earliest: at, latest: at }, [], false, false));
  }

  /** Runs that have said something since then. */
  activeSince(at: UnixMs): RunId[] {
    return [...this.#runs.values()].filter((run) => run.lastAt >= at).map((run) => run.run);
  }

  observe(event: LoggedEvent, isOwn: boolean): void {
    if (event.kind === 'foreign') return;
    const at = timeOf(event);
    this.#noteRun(event, at);
    switch (event.kind) {
      case 'tool.called':
        if (event.by.actor === 'agent') this.#toolCalled(event, at);
        break;
      case 'tool.returned':
        this.#toolReturned(event, at);
        break;
      case 'command.started':
        this.#openSpan(event.call === undefined ? `event:${eventId(event)}` : callKey(event.run ?? event.by.run, event.call), {
          actor: event.by.actor === 'agent' ? 'agent' : 'user',
          name: event.by.actor === 'agent' ? (event.by.name ?? 'agent') : 'user',
          ...optional({ run: event.by.run ?? event.run, turn: event.turn, call: event.call }),
          command: eventId(event),
          start: at,
          end: undefined,
          slackMs: event.call === undefined ? terminalSlackMs : callSlackMs,
        });
        break;
      case 'command.ended':
        this.#closeSpan(event.call === undefined ? `event:${event.started ?? ''}` : callKey(event.run ?? event.by.run, event.call), at);
        break;
      default:
        if (isFileEvent(event) && !isOwn) this.#othersFileEvent(event, at);
    }
    this.#prune();
  }

  documentSaved(path: WorkspacePath, hash: ContentHash): void {
    const at = this.#options.clock.now();
    const key = this.#options.fold(path);
    this.#saves.delete(key);
    this.#saves.set(key, { hash, at });
    if (this.#saves.size > 500) this.#saves.delete(this.#saves.keys().next().value!);
    this.#learned([key], at - editorNearMs);
  }

  /** HEAD moved otherwise than by a commit: what the new one holds at each path that differs (undefined: nothing). */
  gitMoved(changes: ReadonlyMap<WorkspacePath, string | undefined>, at: UnixMs): void {
    const folded = new Map([...changes].map(([path, oid]) => [this.#options.fold(path), oid]));
    this.#gitMoves.push({ at, changes: folded });
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
    for (const claim of this.#used.get(change) ?? []) claim.usedBy = eventId(event);
    if (isSettled(said.by)) return;
    this.#recent.push({ event, change, said });
    if (this.#recent.length > recentLimit) this.#recent.shift();
    // What was learned while the event was being written has not met it yet.
    this.#learned([this.#options.fold(change.path)], change.time.earliest);
  }

  async #judge(change: JudgedChange): Promise<{ readonly attribution: Attribution; readonly used: readonly Claim[] }> {
    const claims = this.#claimsOf(change).filter((claim) => claim.usedBy === undefined);
    const used = claims.length === 0 ? [] : await this.#matching(change, claims);
    const work = claims.map((claim): WorkClaim => ({
      name: claim.name,
      ...optional({ run: claim.run, turn: claim.turn, call: claim.call }),
      matches: used.includes(claim),
      at: claim.at,
    }));
    const evidence = this.#evidenceAt(
      change.time,
      work,
      this.#isEditorSave(change),
      used.length === 0 && (await this.#isGitContent(change)),
    );
    const attribution = attribute(change.time, evidence);
    return { attribution, used };
  }

  #evidenceAt(
    time: ChangeTime,
    claims: readonly WorkClaim[],
    isEditorSave: boolean,
    isGitContent: boolean,
  ): Parameters<typeof attribute>[1] {
    const activeRuns = [...this.#runs.values()].filter((run) => isInTurn(run, time));
    const spans = [...this.#spans.values()].filter((span) => span.run !== undefined || span.actor === 'user' || this.#mayWork(span, time));
    return { claims, isEditorSave, isGitContent, spans, activeRuns };
  }

  /** An agent's terminal says little while we know that the agent in it waits for its next prompt. */
  #mayWork(terminal: WorkSpan, time: ChangeTime): boolean {
    const runs = [...this.#runs.values()].filter((run) => run.name === terminal.name && run.lastAt >= terminal.start - 1000);
    return runs.length === 0 || runs.some((run) => run.turnEnd === undefined || isInTurn(run, time));
  }

  #claimsOf(change: JudgedChange): Claim[] {
    const keys = new Set([this.#options.fold(change.path), ...(change.from === undefined ? [] : [this.#options.fold(change.from)])]);
    return [...keys].flatMap((key) => this.#claims.get(key) ?? []).sort((a, b) => a.at - b.at);
  }

  /** The claims, one or several in a row of one run, that together are just this change. */
  async #matching(change: JudgedChange, claims: readonly Claim[]): Promise<readonly Claim[]> {
    const after = await this.#text(change.after);
    if (change.after !== undefined && after === undefined) return [];
    const before = await this.#text(change.before);
    const byRun = new Map<string, Claim[]>();
    for (const claim of claims)
      byRun.set(`${claim.name}\n${claim.run ?? ''}`, [...(byRun.get(`${claim.name}\n${claim.run ?? ''}`) ?? []), claim]);
    for (const own of byRun.values()) {
      const tried = own.slice(-claimsTried);
      for (let length = 1; length <= tried.length; length++)
        for (let start = tried.length - length; start >= 0; start--) {
          const row = tried.slice(start, start + length);
          const first = row[0]!.edit;
          const from =
            first.op === 'move' && first.from !== undefined && change.from === undefined ? change.versionBefore?.(first.from) : undefined;
          const text = from === undefined ? before : await this.#text(from);
          if (
            claimsMatch(
              row.map((claim) => claim.edit),
              text,
              after,
              this.#options.digest,
            )
          )
            return row;
        }
    }
    return [];
  }

  async #text(version: FileVersion | undefined): Promise<string | undefined> {
    if (version?.hash === undefined || version.missing !== undefined || version.sizeBytes > matchedBytes || version.type !== 'file')
      return undefined;
    const bytes = await this.#options.content.get(version.hash);
    return bytes === undefined || bytes.subarray(0, 8192).includes(0) ? undefined : new TextDecoder().decode(bytes);
  }

  #isEditorSave({ path, after, time }: JudgedChange): boolean {
    const save = this.#saves.get(this.#options.fold(path));
    return (
      save !== undefined && after?.hash === save.hash && save.at >= time.earliest - editorNearMs && save.at <= time.latest + editorNearMs
    );
  }

  async #isGitContent({ path, after, time }: JudgedChange): Promise<boolean> {
    const key = this.#options.fold(path);
    for (const move of this.#gitMoves) {
      if (!move.changes.has(key) || move.at < time.earliest - gitNearMs || move.at > time.latest + gitNearMs) continue;
      const oid = move.changes.get(key);
      if (oid === undefined || after === undefined) {
        if (oid === undefined && after === undefined) return true;
        continue;
      }
      if (after.hash === undefined || after.missing !== undefined) continue;
      const bytes = await this.#options.content.get(after.hash);
      if (bytes !== undefined && isGitObject(bytes, oid)) return true;
    }
    return false;
  }

  #toolCalled(event: Extract<TapedeckEvent, { kind: 'tool.called' }>, at: UnixMs): void {
    const run = event.by.run ?? event.run;
    const key = callKey(run, event.call);
    const work = { name: event.by.name ?? 'agent', ...optional({ run, turn: event.turn, call: event.call }) };
    if (event.tool === 'execute') this.#openSpan(key, { actor: 'agent', ...work, start: at, end: undefined, slackMs: callSlackMs });
    if (event.edits !== undefined) this.#addClaims(key, event, event.edits, at);
  }

  #toolReturned(event: Extract<TapedeckEvent, { kind: 'tool.returned' }>, at: UnixMs): void {
    const key = callKey(event.by.run ?? event.run, event.call);
    this.#closeSpan(key, at);
    if (event.status === 'failed') this.#dropClaims(key);
    else if (event.edits !== undefined) this.#addClaims(key, event, event.edits, at);
  }

  #addClaims(
    key: string,
    event: Extract<TapedeckEvent, { kind: 'tool.called' | 'tool.returned' }>,
    edits: readonly ClaimedEdit[],
    at: UnixMs,
  ): void {
    // What came back says it more exactly than what was asked for; but an edit that has explained a change is not told twice.
    if (this.#dropClaims(key)) return;
    const paths: string[] = [];
    const add = (path: WorkspacePath, edit: ClaimedEdit): void => {
      const folded = this.#options.fold(path);
      const run = event.by.run ?? event.run;
      const claim: Claim = { key, name: event.by.name ?? 'agent', run, turn: event.turn, call: event.call, at, edit };
      this.#claims.set(folded, [...(this.#claims.get(folded) ?? []), claim]);
      paths.push(folded);
    };
    for (const edit of edits) {
      add(edit.path, edit);
      if (edit.op === 'move' && edit.from !== undefined) add(edit.from, { path: edit.from, op: 'delete' });
    }
    this.#learned(paths, at);
  }

  /** True when one of them has explained a change already. */
  #dropClaims(key: string): boolean {
    let isUsed = false;
    for (const [path, claims] of this.#claims) {
      if (!claims.some((claim) => claim.key === key)) continue;
      if (claims.some((claim) => claim.key === key && claim.usedBy !== undefined)) isUsed = true;
      else
        this.#claims.set(
          path,
          claims.filter((claim) => claim.key !== key),
        );
    }
    return isUsed;
  }

  #openSpan(key: string, span: WorkSpan): void {
    const present = this.#spans.get(key);
    // The call and its command are one span: the earlier start, and what either of them knows.
    const start = present === undefined ? span.start : Math.min(present.start, span.start);
    this.#spans.set(key, { ...present, ...span, start, end: present?.end ?? span.end, seenAt: this.#options.clock.now() });
    this.#learned([], span.start - span.slackMs);
  }

  #closeSpan(key: string, at: UnixMs): void {
    const span = this.#spans.get(key);
    if (span === undefined) return;
    this.#spans.set(key, { ...span, end: span.end === undefined ? at : Math.max(span.end, at) });
    this.#learned([], span.start - span.slackMs);
  }

  #noteRun(event: TapedeckEvent, at: UnixMs): void {
    const id = event.run ?? event.by.run;
    if (id === undefined || isFileEvent(event) || event.kind === 'file.attributed' || event.kind === 'git.committed') return;
    let run = this.#runs.get(id);
    if (run === undefined) {
      const name = event.kind === 'run.started' ? event.agent : event.by.actor === 'agent' ? event.by.name : undefined;
      if (name === undefined) return;
      run = { name, run: id, lastAt: at, turnStart: undefined, turnEnd: undefined };
      this.#runs.set(id, run);
    }
    run.lastAt = Math.max(run.lastAt, at);
    if (event.kind === 'turn.ended' || event.kind === 'run.ended') run.turnEnd = at;
    else if (event.kind === 'prompt.submitted' || event.kind === 'tool.called' || event.kind === 'reply.given') {
      if (
        event.kind === 'prompt.submitted' ||
        run.turnStart === undefined ||
        (run.turnEnd !== undefined && at > run.turnEnd && event.kind === 'tool.called')
      ) {
        run.turnStart = at;
        run.turnEnd = undefined;
        this.#learned([], at);
      }
    }
  }

  #othersFileEvent(event: FileEvent, at: UnixMs): void {
    if (isSettled(event.by)) return;
    const change: JudgedChange = { path: event.path, before: event.before, after: event.after, time: { earliest: at - 5000, latest: at } };
    // Only what this process alone can know: who records the files judges by everything else.
    if (!this.#isEditorSave(change)) return;
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
    this.#recent = this.#recent.filter((recent) => recent.change.time.latest >= oldest && !isSettled(recent.said.by));
    for (const recent of [...this.#recent]) {
      const { change, event } = recent;
      if (change.time.latest < from && !paths.has(this.#options.fold(change.path))) continue;
      const { attribution, used } = await this.#judge(change);
      for (const claim of used) claim.usedBy = eventId(event);
      if (isSameAuthor(attribution.by, recent.said.by)) continue;
      recent.said = attribution;
      const { by, turn, call, command } = attribution;
      this.#options.onFinding({
        kind: 'file.attributed',
        event: eventId(event),
        path: event.path,
        by,
        ...optional({ run: by.run, turn, call, command }),
      });
    }
  }

  #prune(): void {
    const now = this.#options.clock.now();
    if (now - this.#prunedAt < 10_000) return;
    this.#prunedAt = now;
    const oldest = now - evidenceMs;
    for (const [key, span] of this.#spans) if (span.end !== undefined && span.end < oldest) this.#spans.delete(key);
    for (const [path, claims] of this.#claims) {
      const left = claims.filter((claim) => claim.at >= oldest);
      if (left.length > 0) this.#claims.set(path, left);
      else this.#claims.delete(path);
    }
    for (const [path, save] of this.#saves) if (save.at < oldest) this.#saves.delete(path);
    this.#gitMoves = this.#gitMoves.filter((move) => move.at >= oldest);
    for (const [id, run] of this.#runs) if (run.lastAt < now - 24 * 3_600_000) this.#runs.delete(id);
  }
}

/** When the fact happened, where it was told later than that. */
export function timeOf(event: TapedeckEvent): UnixMs {
  const told = (event as { readonly happenedAt?: string }).happenedAt;
  const at = Date.parse(told ?? event.at);
  return Number.isNaN(at) ? Date.parse(event.at) : at;
}

const callKey = (run: RunId | undefined, call: string): string => `call:${run ?? ''}:${call}`;

function isInTurn(run: KnownRun, time: ChangeTime): boolean {
  if (run.turnStart === undefined || run.turnStart > time.latest) return false;
  if (run.turnEnd !== undefined) return run.turnEnd >= time.earliest;
  return time.earliest - run.lastAt < silentMs;
}

/** True when git stores just these bytes, or these with LF for CRLF, under that name. */
function isGitObject(bytes: Uint8Array, oid: string): boolean {
  if (gitName(bytes, oid.length) === oid) return true;
  if (!bytes.includes(13)) return false;
  return gitName(Buffer.from(Buffer.from(bytes).toString('latin1').replaceAll('\r\n', '\n'), 'latin1'), oid.length) === oid;
}

function gitName(bytes: Uint8Array, length: number): string {
  return createHash(length === 64 ? 'sha256' : 'sha1')
    .update(`blob ${bytes.length}\0`)
    .update(bytes)
    .digest('hex');
}

/** The object without its undefined members, for optional properties. */
function optional<T extends Record<string, unknown>>(members: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
