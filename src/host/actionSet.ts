import type { ActionContext, Actions } from './actions.ts';
import { entryActions } from './entryActions.ts';
import { fileActions } from './fileActions.ts';
import { done } from './outcome.ts';
import { resumeActions } from './resumeActions.ts';
import { rewindActions } from './rewindActions.ts';
import { searchActions } from './searchActions.ts';
import { sessionActions } from './sessionActions.ts';
import { undoActions } from './undoActions.ts';

/** All actions, each topic from its own file. */
export function createActions(context: ActionContext): Actions {
  return {
    ...sessionActions(context),
    ...entryActions(context),
    ...fileActions(context),
    ...rewindActions(context),
    ...undoActions(context),
    ...resumeActions(context),
    ...searchActions(context),
    openTab: async () => {
      context.openTab();
      return done;
    },
    showView: async (tab) => {
      await context.showView(tab);
      return done;
    },
    showOutput: async () => {
      context.showOutput();
      return done;
    },
  };
}
