import { emptyState, foldEvent } from '../core/fold.ts';
import { withModel } from '../core/resumeModel.ts';
import type { Digest } from '../model/digest.ts';
import type { SessionId } from '../model/ids.ts';
import type { TapedeckLayout } from '../store/layout.ts';
import { openLogReader } from '../store/logReader.ts';
import type { StoredCard } from '../store/sessionCard.ts';
import type { PastRunItem } from './pastRuns.ts';
import type { Sessions } from './sessions.ts';

export interface ChosenModelsOptions {
  readonly layout: TapedeckLayout;
  readonly digest: Digest;
  readonly sessions: Pick<Sessions, 'list'>;
}

/** What a run did a moment before its session's first event, or after the last one, belongs to it. */
const slackMs = 60_000;

/** With which model a past run is taken up again: the one that the user chose for the session in which it was last at work. */
export class ChosenModels {
  readonly #options: ChosenModelsOptions;
  readonly #models = new Map<SessionId, Promise<ReadonlyMap<string, string>>>();
  #cards: Promise<readonly StoredCard[]> | undefined;

  constructor(options: ChosenModelsOptions) {
    this.#options = options;
  }

  /** The run's command, with that model where one was chosen. Rejects when the log cannot be read. */
  async commandOf({ run, command, lastAt }: Pick<PastRunItem, 'run' | 'command' | 'lastAt'>): Promise<readonly string[]> {
    if (command.length === 0) return command;
    const session = await this.#sessionAt(lastAt);
    if (session === undefined) return command;
    let models = this.#models.get(session);
    if (models === undefined) this.#models.set(session, (models = this.#modelsOf(session)));
    return withModel(run.agent, command, await models);
  }

  async #sessionAt(atMs: number): Promise<SessionId | undefined> {
    this.#cards ??= this.#options.sessions.list();
    let newest: StoredCard | undefined;
    for (const card of await this.#cards) {
      if (Date.parse(card.startedAt) - slackMs > atMs || atMs > Date.parse(card.lastAt) + slackMs) continue;
      if (newest === undefined || card.startedAt > newest.startedAt) newest = card;
    }
    return newest?.id;
  }

  async #modelsOf(session: SessionId): Promise<ReadonlyMap<string, string>> {
    const { layout, digest } = this.#options;
    const reader = await openLogReader({ layout, session, digest });
    try {
      const state = emptyState();
      for await (const events of reader.batches({ filter: { kinds: ['session.adjusted'] } }))
        for (const event of events) foldEvent(state, event);
      return state.session.models;
    } finally {
      reader.dispose();
    }
  }
}
