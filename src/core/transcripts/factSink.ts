import type { Author } from '../../model/author.ts';
import type { Digest } from '../../model/digest.ts';
import type { EventDraft, Excerpt } from '../../model/event.ts';
import type { RunId } from '../../model/ids.ts';
import { excerptOf, inputLimit, outputLimit, wordsLimit } from '../excerpt.ts';
import type { TranscriptFact, TranscriptFile } from './adapter.ts';
import { boundEdits } from './claimedEdit.ts';

type WithoutEnvelope<T> = T extends unknown ? Omit<T, 'by' | 'run' | 'turn' | 'src' | 'at'> : never;
/** A fact's kind and own fields. */
export type FactBody = WithoutEnvelope<EventDraft>;

/** Where a fact stands and what it is known by again. */
export interface FactOrigin {
  readonly offset: number;
  readonly at: string | undefined;
  /** Unique over the agent's files, the same in every copy. Without one the place in this file stands for it. */
  readonly record: string | undefined;
}

export interface FactContext {
  readonly run: RunId | undefined;
  readonly turn: number;
  readonly by?: Author;
}

/**
 * Collects the facts of one record and gives each its envelope. The first fact of a record carries the record's id, the
 * following ones the id with `/2`, `/3` …, so that no two facts share a source key.
 */
export class FactSink {
  readonly #agent: string;
  readonly #file: TranscriptFile;
  readonly #digest: Digest;
  #facts: TranscriptFact[] = [];
  #origin: FactOrigin = { offset: 0, at: undefined, record: undefined };
  #told = 0;

  constructor(agent: string, file: TranscriptFile, digest: Digest) {
    this.#agent = agent;
    this.#file = file;
    this.#digest = digest;
  }

  get origin(): FactOrigin {
    return this.#origin;
  }

  /** Begins with the next record. */
  begin(origin: FactOrigin): void {
    this.#origin = origin;
    this.#told = 0;
  }

  /** Adds a fact of the present record, or of the one that `origin` names. */
  add(context: FactContext, body: FactBody, origin?: Partial<FactOrigin>): void {
    const offset = origin?.offset ?? this.#origin.offset;
    const at = origin?.at ?? this.#origin.at;
    const record = origin?.record ?? this.#nextRecord();
    const envelope = {
      by: context.by ?? this.agent(context.run),
      ...(context.run === undefined ? {} : { run: context.run }),
      ...(context.turn > 0 ? { turn: context.turn } : {}),
      src: { file: this.#file.path, offset, record },
      ...(at === undefined ? {} : { at }),
    };
    this.#facts.push({ ...bounded(body), ...envelope });
  }

  take(): readonly TranscriptFact[] {
    const facts = this.#facts;
    this.#facts = [];
    return facts;
  }

  agent(run: RunId | undefined): Author {
    return { actor: 'agent', name: this.#agent, ...(run === undefined ? {} : { run }), how: 'transcript' };
  }

  /** The person at the agent's prompt. */
  user(run: RunId | undefined): Author {
    return { actor: 'user', ...(run === undefined ? {} : { run }), how: 'transcript' };
  }

  words(text: string): Excerpt {
    return excerptOf(text, wordsLimit, this.#digest);
  }

  output(text: string): Excerpt {
    return excerptOf(text, outputLimit, this.#digest);
  }

  input(text: string): Excerpt {
    return excerptOf(text, inputLimit, this.#digest);
  }

  sha256(text: string): string {
    return this.#digest.sha256(text);
  }

  #nextRecord(): string {
    this.#told += 1;
    const base = this.#origin.record ?? `${this.#file.relative}@${this.#origin.offset}`;
    return this.#told === 1 ? base : `${base}/${this.#told}`;
  }
}

const maxPaths = 500;
const maxPlanEntries = 200;
const maxPlanWords = 2000;

/** One fact is one line of the log: lists that a record tells are kept within what a line may hold. */
function bounded(body: FactBody): FactBody {
  switch (body.kind) {
    case 'tool.called':
      return {
        ...body,
        ...(body.paths === undefined ? {} : { paths: body.paths.slice(0, maxPaths) }),
        ...(body.edits === undefined ? {} : { edits: boundEdits(body.edits) }),
      };
    case 'tool.returned':
      return body.edits === undefined ? body : { ...body, edits: boundEdits(body.edits) };
    case 'plan.changed':
      return {
        ...body,
        entries: body.entries.slice(0, maxPlanEntries).map((entry) => ({ ...entry, content: entry.content.slice(0, maxPlanWords) })),
      };
    default:
      return body;
  }
}
