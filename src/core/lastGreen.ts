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
    .filter((file) => {
      const newest = newestChange(state, file);
      return newest !== undefined && compareMarks(newest, mark) > 0;
    })
    .sort((a, b) => (a.last === undefined || b.last === undefined ? 0 : compareMarks(b.last, a.last)));
}

/** Counts them for many points: the files are looked at once, not once a point. */
export function countChangedSince(state: SessionState): (mark: EventMark) => number {
  const newest = [...state.files.values()]
    .map((file) => newestChange(state, file))
    .filter((mark) => mark !== undefined)
    .sort(compareMarks);
  return (mark) => {
    let low = 0;
    for (let high = newest.length; low < high;) {
      const middle = (low + high) >>> 1;
      if (compareMarks(newest[middle]!, mark) > 0) high = middle;
      else low = middle + 1;
    }
    return newest.length - low;
  };
}

/** The newest change of a file that is somebody's, and that no rewind set aside. */
function newestChange(state: SessionState, { path, recent }: FileState): EventMark | undefined {
  return recent.findLast((change) => change.rewind === undefined && !isInAside(state.aside, change, { path }));
}

/** The commands that check the work, the one that ran last first. */
export function checkCommands(state: SessionState): CommandState[] {
  return [...state.commands.values()].filter(({ check }) => check !== undefined).toReversed();
}
