import type { ActionContext, Actions } from './actions.ts';
import { blameActions } from './blameActions.ts';
import { decisionActions } from './decisionActions.ts';
import { compareActions } from './compareActions.ts';
import { entryActions } from './entryActions.ts';
import { pastActions } from './pastActions.ts';
import { fileActions } from './fileActions.ts';
import { futureActions } from './futureActions.ts';
import { done } from './outcome.ts';
import { historyActions } from './historyActions.ts';
import { reportActions } from './reportActions.ts';
import { resumeActions } from './resumeActions.ts';
import { rewindActions } from './rewindActions.ts';
import { searchActions } from './searchActions.ts';
import { sessionActions } from './sessionActions.ts';
import { timeActions } from './timeActions.ts';
import { undoActions } from './undoActions.ts';

/** All actions, each topic from its own file. */
export function createActions(context: ActionContext): Actions {
  const files = fileActions(context);
  const undo = undoActions(context);
  const rewind = rewindActions(context);
  return {
    ...sessionActions(context),
    ...entryActions(context),
    ...decisionActions(context),
    ...files,
    ...rewind,
    ...futureActions(context, rewind),
    ...compareActions(context),
    ...historyActions(context, { ...rewind, ...undo }),
    ...undo,
    ...blameActions(context, { ...files, ...undo }),
    ...resumeActions(context),
    ...reportActions(context),
    ...searchActions(context),
    ...timeActions(context),
    ...pastActions(context),
    openTab: async () => {
      context.openTab();
      return done;
    },
    showView: async (tab) => {
      await context.showView(tab);
      return done;
    },
    showEvent: async (event) => {
      await context.showView('timeline', event);
      return done;
    },
    showOutput: async () => {
      context.showOutput();
      return done;
    },
  };
}
