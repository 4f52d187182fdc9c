import type { UnixMs } from '../../base/clock.ts';
import type { RunId } from '../../model/ids.ts';
import type { RunDescription } from './adapter.ts';
import type { FactBody } from './factSink.ts';

type RunChange = Omit<Extract<FactBody, { kind: 'run.changed' }>, 'kind'>;

/** What is known of a run while its records are read, and the facts that say it. */
export class RunCard {
  readonly agent: string;
  run: RunId | undefined;
  key: string | undefined;
  parent: RunId | undefined;
  forkedFrom: RunId | undefined;
  version: string | undefined;
  #cwd: string | undefined;
  #model: string | undefined;
  #title: string | undefined;
  #branch: string | undefined;
  #mode: string | undefined;
  #startedAt: UnixMs | undefined;
  #lastAt: UnixMs | undefined;
  #endedAt: UnixMs | undefined;

  constructor(agent: string) {
    this.agent = agent;
  }

  get cwd(): string | undefined {
    return this.#cwd;
  }

  get model(): string | undefined {
    return this.#model;
  }

  /** The time of the record that was met last. */
  get lastAt(): UnixMs | undefined {
    return this.#lastAt;
  }

  /** Takes the time of a record. */
  meet(at: string | undefined): void {
    if (at === undefined) return;
    const atMs = Date.parse(at);
    this.#lastAt = atMs;
    // Records of calls that ran side by side, and of what was copied, stand in another order than that of their times.
    this.#startedAt = Math.min(this.#startedAt ?? atMs, atMs);
    this.#endedAt = Math.max(this.#endedAt ?? atMs, atMs);
  }

  /** Takes what was told, undefined for what was not. Answers with what is another than before, or undefined. */
  learn(told: { readonly [K in keyof RunChange]: RunChange[K] | undefined }): RunChange | undefined {
    const { cwd, model, title, branch, mode } = told;
    const changed: RunChange = {
      ...(cwd === undefined || cwd === this.#cwd ? {} : { cwd }),
      ...(model === undefined || model === this.#model ? {} : { model }),
      ...(title === undefined || title === this.#title ? {} : { title }),
      ...(branch === undefined || branch === this.#branch ? {} : { branch }),
      // The mode in which a run begins is no change of it.
      ...(mode === undefined || mode === this.#mode || this.#mode === undefined ? {} : { mode }),
    };
    this.#cwd = cwd ?? this.#cwd;
    this.#model = model ?? this.#model;
    this.#title = title ?? this.#title;
    this.#branch = branch ?? this.#branch;
    this.#mode = mode ?? this.#mode;
    return Object.keys(changed).length === 0 ? undefined : changed;
  }

  started(transcript: string): FactBody {
    return {
      kind: 'run.started',
      agent: this.agent,
      transcript,
      ...this.#place(),
      ...(this.version === undefined ? {} : { version: this.version }),
      ...(this.#title === undefined ? {} : { title: this.#title }),
      ...(this.#branch === undefined ? {} : { branch: this.#branch }),
      ...(this.parent === undefined ? {} : { parent: this.parent }),
      ...(this.key === undefined ? {} : { key: this.key }),
    };
  }

  resumed(): FactBody {
    return { kind: 'run.resumed', agent: this.agent, ...this.#place() };
  }

  describe(turns: number): RunDescription {
    return {
      ...(this.run === undefined ? {} : { run: this.run }),
      ...(this.key === undefined ? {} : { key: this.key }),
      ...this.#place(),
      ...(this.#title === undefined ? {} : { title: this.#title }),
      ...(this.version === undefined ? {} : { version: this.version }),
      ...(this.#branch === undefined ? {} : { branch: this.#branch }),
      ...(this.parent === undefined ? {} : { parent: this.parent }),
      ...(this.forkedFrom === undefined ? {} : { forkedFrom: this.forkedFrom }),
      turns,
      ...(this.#startedAt === undefined ? {} : { startedAt: this.#startedAt }),
      ...(this.#endedAt === undefined ? {} : { lastAt: this.#endedAt }),
    };
  }

  #place(): { readonly cwd?: string; readonly model?: string } {
    return { ...(this.#cwd === undefined ? {} : { cwd: this.#cwd }), ...(this.#model === undefined ? {} : { model: this.#model }) };
  }
}
