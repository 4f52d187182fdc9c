import { createHash } from 'node:crypto';
import type { Author } from '../../src/model/author.ts';
import type { EventDraft, FileEvent, TapedeckEvent } from '../../src/model/event.ts';
import type { FileVersion } from '../../src/model/fileVersion.ts';
import { eventId, type EventId } from '../../src/model/ids.ts';
import { Attributor } from '../../src/services/attributor.ts';
import type { ContentStore } from '../../src/store/contentStore.ts';
import { nodeDigest } from '../../src/store/digest.ts';

/** Numbers that look random and are the same for one seed. */
export class Dice {
  #state: number;
  constructor(seed: number) {
    this.#state = (seed * 2654435761) >>> 0 || 1;
  }
  next(): number {
    this.#state ^= this.#state << 13;
    this.#state >>>= 0;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    this.#state >>>= 0;
    return this.#state / 2 ** 32;
  }
  between(low: number, high: number): number {
    return Math.floor(low + this.next() * (high - low + 1));
  }
  pick<T>(list: readonly T[]): T {
    return list[Math.floor(this.next() * list.length)]!;
  }
}

/** Who truly made a change: several when more than one wrote before it was seen. */
export type Truth = ReadonlySet<string>;

export interface Score {
  right: number;
  overlap: number;
  unknown: number;
  readonly wrong: string[];
}

/** How a finding stands to the truth. An agent is its name, with its run where the truth has one: `codex/run-1`. */
export function scoreOf(by: Author, truth: Truth): 'right' | 'overlap' | 'unknown' | 'wrong' {
  const names = [...truth].map((who) => who.split('/')[0]!);
  if (by.actor === 'unknown') {
    if (by.others === undefined) return 'unknown';
    return names.every((name) => by.others!.includes(name)) ? 'overlap' : 'wrong';
  }
  const said = by.actor === 'agent' ? (by.name ?? 'agent') : by.actor;
  if (names.some((name) => name !== said)) return 'wrong';
  return by.run === undefined || [...truth].every((who) => who === `${said}/${by.run}`) ? 'right' : 'wrong';
}

interface Pending {
  readonly dueAt: number;
  readonly order: number;
  readonly act: () => void | Promise<void>;
}

/**
 * A workspace in made-up time: people, agents, git and builds change files as told, the records of the agents come late,
 * and the attributor judges what a recorder would have shown it. The truth of each change is kept beside it.
 */
export class ScenarioWorld {
  now = 1_700_000_000_000;
  readonly files = new Map<string, string>();
  readonly #seen = new Map<string, string>();
  readonly #contents = new Map<string, Uint8Array>();
  readonly #pending: Pending[] = [];
  readonly #dirty = new Map<string, { firstAt: number; lastAt: number; truth: Set<string> }>();
  readonly findings = new Map<EventId, Author>();
  readonly changes: { readonly event: FileEvent; readonly truth: Truth }[] = [];
  readonly attributor: Attributor;
  #n = 0;
  #order = 0;

  constructor() {
    this.attributor = new Attributor({
      content: { get: async (hash: string) => this.#contents.get(hash) } as unknown as ContentStore,
      digest: nodeDigest,
      clock: { now: () => this.now },
      fold: (path) => path,
      onFinding: (draft) => this.findings.set(draft.event, draft.by),
    });
  }

  at(dueAt: number, act: () => void | Promise<void>): void {
    this.#pending.push({ dueAt, order: this.#order++, act });
  }

  /** Plays everything that was planned, in order of time. */
  async play(): Promise<void> {
    while (this.#pending.length > 0) {
      this.#pending.sort((a, b) => a.dueAt - b.dueAt || a.order - b.order);
      const next = this.#pending.shift()!;
      this.now = Math.max(this.now, next.dueAt);
      await next.act();
      // As the attributor's own delay does in real time: between the events, never at a fixed place.
      if (next.order % 3 === 0) await this.attributor.idle();
    }
    await this.attributor.idle();
  }

  /** A fact of an agent's record, of now, told `lateMs` later. */
  tell(draft: EventDraft, lateMs: number): void {
    const happened = new Date(this.now).toISOString();
    this.at(this.now + lateMs, () => {
      this.attributor.observe(this.#event({ ...draft, happenedAt: happened }), true);
    });
  }

  /** Somebody writes a file; undefined deletes it. The recorder sees it when it has been quiet. */
  write(path: string, text: string | undefined, who: string, overwrites = text === undefined): void {
    if (this.files.get(path) === text) return;
    if (text === undefined) this.files.delete(path);
    else this.files.set(path, text);
    const dirty = this.#dirty.get(path);
    if (dirty === undefined) this.#dirty.set(path, { firstAt: this.now, lastAt: this.now, truth: new Set([who]) });
    else {
      dirty.lastAt = this.now;
      // What was there a moment ago and was never seen is nobody's any more.
      if (overwrites) dirty.truth.clear();
      dirty.truth.delete(who);
      dirty.truth.add(who);
    }
    const quietAt = this.now + 350;
    this.at(quietAt, () => this.#look(path, quietAt));
  }

  save(path: string, text: string, from: string): void {
    this.write(path, text, 'user');
    this.attributor.documentSaved(path, nodeDigest.sha256(text), nodeDigest.sha256(from));
  }

  get(path: string): string {
    return this.files.get(path) ?? '';
  }

  static gitName(text: string): string {
    return createHash('sha1')
      .update(`blob ${Buffer.byteLength(text)}\0${text}`)
      .digest('hex');
  }

  async #look(path: string, quietAt: number): Promise<void> {
    const dirty = this.#dirty.get(path);
    if (dirty === undefined || dirty.lastAt + 350 > quietAt) return;
    this.#dirty.delete(path);
    const text = this.files.get(path);
    const former = this.#seen.get(path);
    if (text === former) return;
    if (text === undefined) this.#seen.delete(path);
    else this.#seen.set(path, text);
    // Two writes that are so close are one to any disk, the later one's.
    const isLast = dirty.firstAt >= dirty.lastAt - 30;
    const change = {
      path,
      before: this.#version(former),
      after: this.#version(text),
      // As the recorder times it: by the last write, where no hint came before that; a deletion by the hint.
      time:
        text === undefined || !isLast
          ? { earliest: dirty.firstAt - 400, latest: dirty.lastAt + 5 }
          : { earliest: dirty.lastAt - 15, latest: dirty.lastAt + 5 },
    };
    const said = await this.attributor.judge(change);
    const event = this.#event({
      kind: text === undefined ? 'file.deleted' : former === undefined ? 'file.created' : 'file.changed',
      path,
      by: said.by,
      ...(change.before === undefined ? {} : { before: change.before }),
      ...(change.after === undefined ? {} : { after: change.after }),
    }) as FileEvent;
    this.changes.push({ event, truth: isLast ? new Set([[...dirty.truth].at(-1)!]) : dirty.truth });
    this.attributor.remember(event, change, said);
  }

  score(): Score {
    const score: Score = { right: 0, overlap: 0, unknown: 0, wrong: [] };
    for (const { event, truth } of this.changes) {
      const by = this.findings.get(eventId(event)) ?? event.by;
      const verdict = scoreOf(by, truth);
      if (verdict === 'wrong') score.wrong.push(`${event.kind} ${event.path}: ${JSON.stringify(by)}, truly ${[...truth].join(' and ')}`);
      else score[verdict] += 1;
    }
    return score;
  }

  known(path: string, text: string): void {
    this.files.set(path, text);
    this.#seen.set(path, text);
  }

  command(text: string): { readonly end: () => void } {
    const started = this.#event({ kind: 'command.started', by: { actor: 'user', how: 'terminal' }, command: text });
    this.attributor.observe(started, true);
    return {
      end: () =>
        this.attributor.observe(
          this.#event({
            kind: 'command.ended',
            by: { actor: 'user', how: 'terminal' },
            command: text,
            started: eventId(started),
            exitCode: 0,
          }),
          true,
        ),
    };
  }

  agentTerminal(name: string): { readonly end: () => void } {
    const by: Author = { actor: 'agent', name, how: 'overlap' };
    const started = this.#event({ kind: 'command.started', by, command: name });
    this.attributor.observe(started, true);
    return {
      end: () =>
        this.attributor.observe(this.#event({ kind: 'command.ended', by, command: name, started: eventId(started), exitCode: 0 }), true),
    };
  }

  #event(draft: EventDraft): TapedeckEvent {
    this.#n += 1;
    return { v: 1, w: 'w', n: this.#n, at: new Date(this.now).toISOString(), ...draft };
  }

  #version(text: string | undefined): FileVersion | undefined {
    if (text === undefined) return undefined;
    const bytes = Buffer.from(text);
    const hash = nodeDigest.sha256(bytes);
    this.#contents.set(hash, bytes);
    return { hash, sizeBytes: bytes.length, type: 'file', mode: 0o644 };
  }
}
