import type { UnixMs } from '../base/clock.ts';
import type { RunState, SessionState } from '../model/sessionState.ts';

/** An agent says something at least so often while it thinks; while a call of its runs it may be silent for long. */
const silentMs = 3 * 60_000;
const silentInCallMs = 30 * 60_000;

/**
 * Runs whose turn goes on as far as the log tells: it was asked, its end was not told, and it was heard of a short while ago.
 * Not every agent tells the end of a turn, and one that was killed tells nothing: so it is never said for sure.
 */
export function runsAtWork(state: SessionState, now: UnixMs): RunState[] {
  const inCall = new Set([...state.trace.calls.values()].filter(({ ended }) => !ended).map(({ run }) => run));
  return [...state.runs.values()].filter(
    ({ run, prompts, stopReason, endedAt, failedWith, lastAt }) =>
      prompts > 0 &&
      stopReason === undefined &&
      endedAt === undefined &&
      failedWith === undefined &&
      now - Date.parse(lastAt) < (inCall.has(run) ? silentInCallMs : silentMs),
  );
}
