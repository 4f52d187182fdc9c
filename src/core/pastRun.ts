import type { UnixMs } from '../base/clock.ts';
import type { RunId } from '../model/ids.ts';
import { redactText } from './redact.ts';
import { oneLine } from './timelineWords.ts';
import type { RunDescription, TranscriptFact } from './transcripts/adapter.ts';

/** What a list of past runs shows of one. Plain data, so that it can be kept. */
export interface PastRun {
  readonly agent: string;
  readonly run: RunId;
  /** What the agent calls the conversation, where it asks for that to take it up again. */
  readonly key?: string;
  /** As the agent has it, else what was asked first. */
  readonly title?: string;
  readonly startedAt?: UnixMs;
  readonly lastAt?: UnixMs;
  readonly model?: string;
  readonly branch?: string;
  readonly cwd?: string;
  /** Of the run that set it to work. */
  readonly parent?: RunId;
  readonly forkedFrom?: RunId;
  readonly prompts: number;
  /** Absolute as told, of files that were edited; at most `fileLimit`. */
  readonly files: readonly string[];
  /** What was said last, and by whom. */
  readonly lastWords?: { readonly by: 'user' | 'agent'; readonly text: string };
  /** False where only the beginning and the end were read: then there may be more files and prompts. */
  readonly isWhole: boolean;
}

export const fileLimit = 50;
const titleLimit = 100;
const wordsLimit = 240;

/** Folds the facts of a transcript, or of its beginning and end, into what a list shows. */
export class PastRunFold {
  readonly #agent: string;
  readonly #files = new Set<string>();
  #firstPrompt: string | undefined;
  #lastWords: PastRun['lastWords'];
  #prompts = 0;

  constructor(agent: string) {
    this.#agent = agent;
  }

  add(facts: readonly TranscriptFact[]): void {
    for (const fact of facts)
      switch (fact.kind) {
        case 'prompt.submitted': {
          if (fact.provenance !== 'user') break;
          this.#prompts += 1;
          const words = shownWords(fact.text.head);
          if (words === '') break;
          // A command to the agent's own program says nothing of what the run was about.
          if (fact.origin !== 'slash') this.#firstPrompt ??= oneLine(words, titleLimit);
          this.#lastWords = { by: 'user', text: words };
          break;
        }
        case 'reply.given': {
          const words = shownWords(fact.text.head);
          if (words !== '') this.#lastWords = { by: 'agent', text: words };
          break;
        }
        case 'tool.called':
        case 'tool.returned':
          if (fact.kind === 'tool.returned' && fact.status === 'failed') break;
          for (const { path } of fact.edits ?? []) if (this.#files.size < fileLimit) this.#files.add(path);
          break;
        default:
      }
  }

  get files(): readonly string[] {
    return [...this.#files];
  }

  /** Undefined for a transcript that names no run. */
  finish(told: RunDescription, isWhole: boolean): PastRun | undefined {
    if (told.run === undefined) return undefined;
    const title =
      told.title === undefined || told.title.trim() === ''
        ? this.#firstPrompt
        : oneLine(redactText(told.title.slice(0, lookedAt)), titleLimit);
    return {
      agent: this.#agent,
      run: told.run,
      ...(told.key === undefined ? {} : { key: told.key }),
      ...(title === undefined ? {} : { title }),
      ...(told.startedAt === undefined ? {} : { startedAt: told.startedAt }),
      ...(told.lastAt === undefined ? {} : { lastAt: told.lastAt }),
      ...(told.model === undefined ? {} : { model: told.model }),
      ...(told.branch === undefined || told.branch === '' ? {} : { branch: told.branch }),
      ...(told.cwd === undefined ? {} : { cwd: told.cwd }),
      ...(told.parent === undefined ? {} : { parent: told.parent }),
      ...(told.forkedFrom === undefined ? {} : { forkedFrom: told.forkedFrom }),
      prompts: isWhole ? this.#prompts : Math.max(this.#prompts, told.turns),
      files: [...this.#files],
      ...(this.#lastWords === undefined ? {} : { lastWords: this.#lastWords }),
      isWhole,
    };
  }
}

/** What is shown is kept, too: so no secret stands in it. */
const shownWords = (text: string): string => oneLine(redactText(text.slice(0, lookedAt)), wordsLimit);
const lookedAt = 4096;

/** Does a past run hold all of these words, in whatever a list shows of it? Without case. */
export function holdsWords(run: PastRun, agentName: string, words: string): boolean {
  const text = [run.title, run.lastWords?.text, run.model, run.branch, run.run, run.agent, agentName, run.cwd, ...run.files]
    .join('\n')
    .toLowerCase();
  return words
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}
