import type { CommandState, EventMark, FileState, Green, SessionState } from '../model/sessionState.ts';
import { compareMarks } from './eventOrder.ts';
import { isInAside } from './foldRewind.ts';

/** The last point at which a check passed or the diagnostics became clean, of what no rewind set aside. */
export function lastGreen(state: SessionState): Green | undefined {
  return state.greens.findLast(({ mark }) => !isInAside(state.aside, mark));
}

/** The same, of commands alone: what `diagnostics` cannot know counts less than a test run. */
export function lastGreenCheck(state: SessionState): Green | undefined {
  return state.greens.findLast(({ mark, how }) => how !== 'diagnostics' && !isInAside(state.aside, mark));
}

/** Files that changed after that point and that no rewind brought back, the one that changed last first. */
export function filesChangedSince(state: SessionState, mark: EventMark): FileState[] {
  return [...state.files.values()]
    .filter(({ path, recent }) =>
      recent.some(
        (change) => change.rewind === undefined && compareMarks(change.mark, mark) > 0 && !isInAside(state.aside, change.mark, { path }),
      ),
    )
    .sort((a, b) => (a.last === undefined || b.last === undefined ? 0 : compareMarks(b.last, a.last)));
}

/** The commands that check the work, the one that ran last first. */
export function checkCommands(state: SessionState): CommandState[] {
  return [...state.commands.values()].filter(({ check }) => check !== undefined).toReversed();
}
