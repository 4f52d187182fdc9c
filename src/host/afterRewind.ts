import * as vscode from 'vscode';
import { forkableRuns, type ForkableRun } from '../core/forkCommand.ts';
import { inlineText } from '../core/quotedText.ts';
import { displayName } from '../core/timelineWords.ts';
import { userAuthor } from '../model/author.ts';
import type { ActionContext } from './actions.ts';
import { formatTime } from './dateText.ts';
import { requireRecorder } from './outcome.ts';

/** What can be done once the files are rewound: the agent's conversation can follow, and the reason be kept. */
export interface AfterRewind {
  /** The button's words. */
  readonly title: string;
  readonly run: () => Promise<void>;
}

export function afterRewind(
  { deck, prompts }: Pick<ActionContext, 'deck' | 'prompts'>,
  rewind: string,
  targetAt: string,
): readonly AfterRewind[] {
  const { t } = vscode.l10n;
  const why: AfterRewind = {
    title: t('Say Why…'),
    run: async () => {
      const text = await prompts().input({
        title: t('Why did you go back?'),
        prompt: t('The resume prompt tells it to the next agent, so that it is not tried again.'),
        maxLength: 2000,
      });
      if (text === undefined || text.trim() === '') return;
      await requireRecorder(deck()).journal.record({ kind: 'progress.noted', by: { ...userAuthor, how: 'stated' }, id: rewind, text });
    },
  };
  const state = deck().feed?.state;
  const runs = state === undefined ? [] : forkableRuns(state, targetAt);
  if (runs.length === 0) return [why];
  const fork: AfterRewind = {
    title: t('Fork the Conversation…'),
    run: async () => {
      const chosen = await prompts().pick<ForkableRun>(
        t('Begin a new conversation from the one before the rewind'),
        runs.map((forkable) => ({
          label: `${displayName(forkable.run.agent ?? '')}${forkable.run.title === undefined ? '' : `: ${inlineText(forkable.run.title, 60)}`}`,
          icon: 'repo-forked',
          description: forkable.line,
          detail: t('Then go back in it to what was said by {0}, in the agent’s own way.', formatTime(targetAt)),
          value: forkable,
        })),
        t('The old conversation stays as it is'),
      );
      if (chosen === undefined) return;
      const terminal = vscode.window.createTerminal({
        name: displayName(chosen.run.agent ?? ''),
        ...(chosen.run.cwd === undefined ? {} : { cwd: chosen.run.cwd }),
      });
      terminal.show();
      // Typed, not run: it is the user who starts an agent.
      terminal.sendText(chosen.line, false);
    },
  };
  return [why, fork];
}
