import path from 'node:path';
import * as vscode from 'vscode';
import { buildResumePrompt } from '../core/resumePrompt.ts';
import type { ResumeSize } from '../protocol/messages.ts';
import type { ActionContext, Actions } from './actions.ts';
import { done, requireFeed } from './outcome.ts';
import { readSettings } from './settings.ts';

/** How the three sizes stand to the budget that the user set for the standard one. */
const shares: Readonly<Record<ResumeSize, number>> = { short: 0.3, standard: 1, full: 3 };

export function resumeActions({
  context,
  deck,
  prompts,
}: ActionContext): Pick<Actions, 'copyResume' | 'resumeText' | 'copyText' | 'copyCliPath'> {
  const { t } = vscode.l10n;

  const build = async (size: ResumeSize): Promise<{ text: string; tokens: number }> => {
    const feed = await requireFeed(deck());
    const budgetTokens = Math.round(readSettings().resumeTokenBudget * shares[size]);
    const { text, tokens } = buildResumePrompt(feed.state, { size, budgetTokens, now: Date.now() });
    return { text, tokens };
  };

  return {
    resumeText: build,
    async copyResume(size = 'standard') {
      const { text, tokens } = await build(size);
      await vscode.env.clipboard.writeText(text);
      void prompts().inform(t('Resume prompt copied, about {0} tokens. Paste it into the next agent.', tokens));
      return done;
    },
    async copyText(text) {
      await vscode.env.clipboard.writeText(text);
      return done;
    },
    async copyCliPath() {
      const command = `node ${JSON.stringify(path.join(context.extensionPath, 'dist', 'cli.js'))}`;
      await vscode.env.clipboard.writeText(command);
      void prompts().inform(t('Copied. Try it in a terminal: {0} --help', command));
      return done;
    },
  };
}
