import type { RunDescription, TranscriptFile } from './adapter.ts';
import type { FactBody, FactContext, FactOrigin, FactSink } from './factSink.ts';
import { RunCard } from './runCard.ts';

/** What a fact has of its own, where that is not what holds at present. */
export interface TellHow {
  readonly by?: FactContext['by'];
  readonly turn?: number;
  readonly origin?: Partial<FactOrigin>;
}

/**
 * Tells the facts of one run: its beginning before the first of them, which waits until there is one so that it can say
 * the folder and the model, and what changes of it after that.
 */
export class RunTeller {
  readonly card: RunCard;
  turn = 0;
  readonly #sink: FactSink;
  readonly #file: TranscriptFile;
  #begun: FactOrigin | undefined;
  #isTold = false;

  constructor(sink: FactSink, file: TranscriptFile, agent: string) {
    this.#sink = sink;
    this.#file = file;
    this.card = new RunCard(agent);
  }

  get isTold(): boolean {
    return this.#isTold;
  }

  /** The present record is the run's first. */
  begin(): void {
    this.#begun ??= this.#sink.origin;
  }

  /** @param record what the change is known by again, where that is not the present record. */
  learn(told: Parameters<RunCard['learn']>[0], record?: string): void {
    const changed = this.card.learn(told);
    if (this.#isTold && changed !== undefined)
      this.tell({ kind: 'run.changed', ...changed }, record === undefined ? undefined : { origin: { record } });
  }

  /** Tells the beginning now, without waiting for another fact. */
  start(): void {
    this.#announce();
  }

  tell(body: FactBody, how?: TellHow): void {
    this.#announce();
    const context: FactContext = { run: this.card.run, turn: how?.turn ?? this.turn, ...(how?.by === undefined ? {} : { by: how.by }) };
    this.#sink.add(context, body, how?.origin);
  }

  describe(): RunDescription {
    return this.card.describe(this.turn);
  }

  #announce(): void {
    if (this.#isTold) return;
    this.#isTold = true;
    const begun = this.#begun ?? this.#sink.origin;
    const at = begun.at ?? this.#sink.origin.at;
    const { run } = this.card;
    this.#sink.add({ run, turn: 0 }, this.card.started(this.#file.path), {
      offset: begun.offset,
      at,
      record: `${run ?? this.#file.relative}/run.started`,
    });
    const { forkedFrom } = this.card;
    if (forkedFrom !== undefined)
      this.#sink.add(
        { run, turn: 0 },
        { kind: 'run.forked', agent: this.card.agent, from: forkedFrom },
        { offset: begun.offset, at, record: `${run ?? this.#file.relative}/run.forked` },
      );
  }
}
