import * as vscode from 'vscode';
import { runsAtWork } from '../core/agentAtWork.ts';
import { foldAll } from '../core/fold.ts';
import { displayName } from '../core/timelineWords.ts';
import type { RunState } from '../model/sessionState.ts';
import { nodeDigest } from '../store/digest.ts';
import { openLogReader } from '../store/logReader.ts';
import type { ActionContext } from './actions.ts';
import { formatTime } from './dateText.ts';
import type { Deck } from './deck.ts';

type Answer = 'wait' | 'interrupt' | 'anyway';

const lookMs = 500;
/** So long an agent may take to stop once it was told to. */
const stoppingMs = 20_000;
const eventsLookedAt = 1000;
/** Agents whose turn one press of Escape in their terminal ends. */
const stopsAtEscape: ReadonlySet<string> = new Set(['claude', 'codex', 'gemini', 'qwen', 'copilot', 'pi']);

/**
 * Before files are rewound: says which agents are at work, and offers to wait for them or to interrupt them. What an agent
 * writes meanwhile stops the rewind (R11), what it writes later goes on top; so to go on is safe, and the user's to choose.
 * False: turned away.
 */
export async function letAgentsFinish({
  deck,
  prompts,
  terminalOf,
}: Pick<ActionContext, 'deck' | 'prompts' | 'terminalOf'>): Promise<boolean> {
  const { t } = vscode.l10n;
  for (;;) {
    const runs = await atWork(deck());
    const [first] = runs;
    if (first === undefined) return true;
    const names = [...new Set(runs.map(({ agent }) => displayName(agent ?? t('An agent'))))].join(', ');
    const terminal = runs.length === 1 && stopsAtEscape.has(first.agent ?? '') ? terminalOf(first.agent!) : undefined;
    const answer = await prompts().pick<Answer>(runs.length === 1 ? t('{0} is at work', names) : t('Agents are at work: {0}', names), [
      {
        label: t('Wait Until It Is Done'),
        icon: 'watch',
        detail: t('Its turn has not ended; it was last heard of at {0}.', formatTime(first.lastAt)),
        value: 'wait',
      },
      ...(terminal === undefined
        ? []
        : [
            {
              label: t('Interrupt It'),
              icon: 'debug-stop',
              detail: t('Presses Escape in the terminal “{0}”.', terminal.name),
              value: 'interrupt' as const,
            },
          ]),
      {
        label: t('Go On All the Same'),
        icon: 'arrow-right',
        detail: t('What it writes during the rewind stops the rewind; what it writes later goes on top of it.'),
        value: 'anyway',
      },
    ]);
    if (answer === undefined) return false;
    if (answer === 'anyway') return true;
    if (answer === 'interrupt') {
      terminal?.show(true);
      terminal?.sendText('\u001b', false);
    }
    const isDone = await untilDone(deck, names, answer === 'interrupt' ? stoppingMs : undefined);
    if (!isDone && answer === 'wait') return false;
  }
}

/** Of the session that is recorded, whichever is looked at. */
async function atWork({ feed, recorder, layout }: Deck): Promise<RunState[]> {
  const session = recorder?.status().session;
  if (recorder === undefined || session === undefined || layout === undefined) return [];
  await recorder.flush();
  if (feed?.session === session) {
    await feed.catchUp();
    return runsAtWork(feed.state, Date.now());
  }
  const reader = await openLogReader({ layout, session, digest: nodeDigest });
  try {
    return runsAtWork(foldAll((await reader.tail(eventsLookedAt)).events), Date.now());
  } finally {
    reader.dispose();
  }
}

/** False: cancelled, or it took longer than that. */
async function untilDone(deck: () => Deck, names: string, limitMs: number | undefined): Promise<boolean> {
  const { t } = vscode.l10n;
  const until = limitMs === undefined ? Number.POSITIVE_INFINITY : Date.now() + limitMs;
  return vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title: t('Waiting for {0} before the rewind', names), cancellable: true },
    async (_progress, token) => {
      while (!token.isCancellationRequested && Date.now() < until) {
        if ((await atWork(deck())).length === 0) return true;
        await new Promise((resolve) => setTimeout(resolve, lookMs));
      }
      return false;
    },
  );
}
