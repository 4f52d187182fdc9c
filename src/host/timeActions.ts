import * as vscode from 'vscode';
import { parseTimeWords } from '../core/timeWords.ts';
import type { ActionContext, Actions } from './actions.ts';
import { formatTime } from './dateText.ts';
import { done, nothingRecorded, turnedDown } from './outcome.ts';
import { headerOf } from './sessionFacts.ts';

type TimeActions = Pick<Actions, 'goToTime'>;

export function timeActions({ deck, prompts, showView }: ActionContext): TimeActions {
  const { t } = vscode.l10n;
  return {
    async goToTime() {
      await deck().follow();
      if (deck().feed === undefined) throw nothingRecorded();
      const { endedAt, timeZone } = headerOf(deck());
      const read = (text: string): number | undefined => {
        const nowMs = Date.now();
        return parseTimeWords(text, { nowMs, untilMs: endedAt === undefined ? nowMs : Date.parse(endedAt), timeZone });
      };
      const text = await prompts().input({
        title: t('Go to Time'),
        placeholder: t('14:00, yesterday 9:30, 2h ago, 2026-11-20 14:00'),
        isRequired: true,
        check: (typed) => {
          const ms = read(typed);
          return ms === undefined
            ? { problem: t('Write a time, such as 14:00, yesterday 9:30, 2h ago or 20 Nov 14:00.') }
            : { note: t('Enter goes to {0}.', formatTime(new Date(ms).toISOString(), timeZone)) };
        },
      });
      const ms = text === undefined ? undefined : read(text);
      if (ms === undefined) return turnedDown;
      await showView('timeline', { ms });
      return done;
    },
  };
}
