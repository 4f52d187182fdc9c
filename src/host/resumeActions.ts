import path from 'node:path';
import * as vscode from 'vscode';
import { driftItems, type Drift } from '../core/resumeDrift.ts';
import { buildResumePrompt, readPromptPoint, type ResumeForm, type ResumePrompt } from '../core/resumePrompt.ts';
import { isSectionId, resumeSections, sectionTitles, type SectionId } from '../core/resumeSections.ts';
import type { EventMark, SessionState } from '../model/sessionState.ts';
import type { ResumeChoice, ResumeSize, ResumeText } from '../protocol/messages.ts';
import { readDrift } from '../services/drift.ts';
import { readSessionState } from '../services/sessionFolding.ts';
import type { SessionFeed } from '../services/sessionFeed.ts';
import { nodeDigest } from '../store/digest.ts';
import type { TapedeckLayout } from '../store/layout.ts';
import { openLogReader } from '../store/logReader.ts';
import { listSessionIds } from '../store/sessionCard.ts';
import type { SessionId } from '../model/ids.ts';
import type { ActionContext, Actions } from './actions.ts';
import { agentChoices, openAgentWith } from './agentTerminal.ts';
import { formatTime } from './dateText.ts';
import type { Deck } from './deck.ts';
import { askForFile } from './fileDialog.ts';
import { done, Refusal, requireFeed, turnedDown } from './outcome.ts';
import { readSettings } from './settings.ts';

/** How the three sizes stand to the budget that the user set for the standard one. */
const shares: Readonly<Record<ResumeSize, number>> = { short: 0.3, standard: 1, full: 3 };
const choiceKey = 'tapedeck.resumeChoice';

/** The resume prompt: as it was chosen, copied, saved, edited, handed to an agent; and what changed since an old one. */
export function resumeActions({
  context,
  deck,
  prompts,
  showText,
}: ActionContext): Pick<
  Actions,
  'copyResume' | 'resumeText' | 'chooseResume' | 'saveResume' | 'editResume' | 'openAgent' | 'showDrift' | 'copyText' | 'copyCliPath'
> {
  const { t } = vscode.l10n;

  const build = async (
    size: ResumeSize,
  ): Promise<{ prompt: ResumePrompt; feed: SessionFeed; choice: ResumeChoice; drift: Drift | undefined }> => {
    const feed = await requireFeed(deck());
    const choice = readChoice(context.workspaceState);
    const budgetTokens = Math.round(readSettings().resumeTokenBudget * shares[size]);
    const drift = isRecorded(deck(), feed) ? undefined : await driftOf(deck(), feed.state, feed.state);
    const prompt = buildResumePrompt(feed.state, {
      size,
      budgetTokens,
      now: Date.now(),
      without: choice.without.filter(isSectionId),
      form: choice.form,
      ...(choice.target === undefined ? {} : { target: choice.target }),
      ...(drift === undefined ? {} : { drift }),
    });
    return { prompt, feed, choice, drift };
  };

  /** Since the end of which session; asked only where there are several. */
  const pickSession = async (feed: SessionFeed, known: readonly SessionId[]): Promise<SessionId | undefined> => {
    const cards = (
      await Promise.all(
        known
          .slice(-12)
          .toReversed()
          .map(async (id) => deck().sessions?.read(id)),
      )
    ).filter((card) => card !== undefined);
    if (cards.length < 2) return feed.session;
    return prompts().pick(
      t('What Changed Since…'),
      cards.map(({ id, label, lastAt }) => ({
        label: label ?? t('Session of {0}', formatTime(lastAt)),
        description: id === feed.session ? t('its last event, {0}', formatTime(lastAt)) : t('its end, {0}', formatTime(lastAt)),
        icon: 'history',
        value: id,
      })),
      t('Open a saved resume prompt in the editor to ask since that one.'),
    );
  };

  return {
    async resumeText(size): Promise<ResumeText> {
      const { prompt, feed, choice, drift } = await build(size);
      const all = resumeSections(feed.state, { now: Date.now(), resumeCommand: () => undefined, target: choice.target, drift });
      const shown = new Map(prompt.sections.map((section) => [section.id, section]));
      return {
        size,
        text: prompt.text,
        tokens: prompt.tokens,
        header: prompt.header,
        choice,
        agents: agentChoices(feed.state),
        // What is ticked off is still listed, to be ticked again.
        sections: all.map(({ id }) => {
          const section = shown.get(id);
          return {
            id,
            title: sectionTitles[id],
            isOff: choice.without.includes(id),
            left: section?.left ?? 0,
            items: section?.items.map(({ text, events }) => ({ text, events: events.slice(0, 8) })) ?? [],
          };
        }),
      };
    },
    async chooseResume(change) {
      const before = readChoice(context.workspaceState);
      await context.workspaceState.update(choiceKey, readChoiceOf({ ...before, ...change }));
      return done;
    },
    async copyResume(size = 'standard') {
      const { text, tokens } = (await build(size)).prompt;
      await vscode.env.clipboard.writeText(text);
      const open = t('Open Agent with It…');
      void prompts()
        .inform(t('Resume prompt copied, about {0} tokens. Paste it into the next agent.', tokens), open)
        .then((answer) => (answer === open ? vscode.commands.executeCommand('tapedeck.openAgent') : undefined));
      return done;
    },
    async saveResume(size = 'standard') {
      const { prompt, feed } = await build(size);
      const folder = deck().folders[0]?.path ?? '';
      const target = await askForFile(t('Save Resume Prompt'), path.join(folder, `resume-${feed.session}.md`), {
        Markdown: ['md'],
        Text: ['txt'],
      });
      if (target === undefined) return turnedDown;
      await vscode.workspace.fs.writeFile(target, new TextEncoder().encode(prompt.text));
      void prompts().inform(t('Resume prompt saved. It is a copy: what changes later is told by “What Changed Since…”.'));
      return done;
    },
    async editResume(size = 'standard') {
      const { prompt, choice } = await build(size);
      const document = await vscode.workspace.openTextDocument({
        language: choice.form === 'plain' ? 'plaintext' : 'markdown',
        content: prompt.text,
      });
      await vscode.window.showTextDocument(document);
      return done;
    },
    async openAgent(agent) {
      const { prompt, feed } = await build('standard');
      const { layout } = deck();
      if (layout === undefined) throw new Refusal(t('Nothing has been recorded here yet.'));
      return openAgentWith({ text: edited() ?? prompt.text, state: feed.state, session: feed.session, layout, agent, prompts: prompts() });
    },
    async showDrift() {
      const feed = await requireFeed(deck());
      const { layout } = deck();
      if (layout === undefined || deck().folders.length === 0)
        throw new Refusal(t('Open the folder first: what changed is seen by comparing with it.'));
      const known = await listSessionIds(layout);
      const point = readPromptPoint(vscode.window.activeTextEditor?.document.getText(new vscode.Range(0, 0, 40, 0)) ?? '');
      if (point !== undefined && !known.includes(point.session))
        throw new Refusal(t('The prompt in the editor is of session {0}, which is not in this folder’s log.', point.session));
      const session = point?.session ?? (await pickSession(feed, known));
      if (session === undefined) return turnedDown;
      const now = session === feed.session ? feed.state : await readSessionState({ layout, session, digest: nodeDigest, keepEvery: 0 });
      const until = point === undefined ? undefined : await markOf(layout, session, point.event);
      const before = until === undefined ? now : await readSessionState({ layout, session, digest: nodeDigest, until, keepEvery: 0 });
      const drift = await driftOf(deck(), before, now);
      if (drift === undefined) return turnedDown;
      const lines = driftItems(drift, formatTime).map(({ text }) => text);
      await showText(t('What Changed'), `# ${t('What changed since {0}', formatTime(drift.since))}\n\n${lines.join('\n')}\n`);
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

/** A prompt that the user edits in the editor in front is the one that is meant. */
function edited(): string | undefined {
  const document = vscode.window.activeTextEditor?.document;
  if (document === undefined || (document.languageId !== 'markdown' && document.languageId !== 'plaintext')) return undefined;
  const text = document.getText();
  return readPromptPoint(text) === undefined ? undefined : text;
}

const isRecorded = (deck: Deck, feed: SessionFeed): boolean => deck.recorder?.status().session === feed.session;

async function driftOf(deck: Deck, before: SessionState, now: SessionState): Promise<Drift | undefined> {
  if (deck.layout === undefined || deck.folders.length === 0) return undefined;
  return readDrift({ layout: deck.layout, folders: deck.folders, before, now });
}

/** The event's place in its session's log. */
async function markOf(layout: TapedeckLayout, session: SessionId, event: string): Promise<EventMark | undefined> {
  const reader = await openLogReader({ layout, session, digest: nodeDigest });
  try {
    const found = await reader.find(event);
    return found === undefined ? undefined : { at: found.at, w: found.w, n: found.n };
  } finally {
    reader.dispose();
  }
}

export function readChoice(memory: vscode.Memento): ResumeChoice {
  return readChoiceOf(memory.get(choiceKey));
}

/** A choice as it was written, whatever is missing or wrong in it as at first. */
function readChoiceOf(raw: unknown): ResumeChoice {
  const { without, form, target } = (raw ?? {}) as Partial<Record<keyof ResumeChoice, unknown>>;
  const kept: SectionId[] = Array.isArray(without)
    ? without.filter((id): id is SectionId => typeof id === 'string' && isSectionId(id))
    : [];
  const plain: ResumeForm = form === 'plain' ? 'plain' : 'markdown';
  return {
    without: [...new Set(kept)],
    form: plain,
    ...(typeof target === 'string' && /^[a-z][a-z0-9-]{0,39}$/.test(target) ? { target } : {}),
  };
}
