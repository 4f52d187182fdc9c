import type { RunState, SessionState } from '../model/sessionState.ts';
import { commandText } from './terminalLine.ts';
import { transcriptAdapters } from './transcripts/table.ts';

/** A run whose conversation goes on past a point, and how a copy of it is had that can go back to there. */
export interface ForkableRun {
  readonly run: RunState;
  /** As any shell takes it. */
  readonly line: string;
}

/**
 * The runs that were heard of after that time and whose agent can fork a conversation, the last one first. The fork leaves
 * the old conversation as it is; in the new one the agent's own way leads back to a message.
 */
export function forkableRuns(state: SessionState, after: string): ForkableRun[] {
  return [...state.runs.values()]
    .filter(({ parent, prompts, lastAt }) => parent === undefined && prompts > 0 && lastAt > after)
    .sort((a, b) => (a.lastAt < b.lastAt ? 1 : -1))
    .flatMap((run) => {
      const words = transcriptAdapters.find(({ id }) => id === run.agent)?.forkCommand?.(run.run);
      // What comes out of a transcript must not be a command of somebody else's.
      const line = words && commandText(words);
      return line === undefined ? [] : [{ run, line }];
    });
}
