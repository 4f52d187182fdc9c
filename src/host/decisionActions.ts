import path from 'node:path';
import * as vscode from 'vscode';
import { decisionsPage, ruleText } from '../core/decisionText.ts';
import { counted } from '../core/timelineWords.ts';
import { userAuthor } from '../model/author.ts';
import type { EventDraft } from '../model/event.ts';
import { eventId } from '../model/ids.ts';
import type { Decision, SessionState } from '../model/sessionState.ts';
import { writeDecisionRecords } from '../services/decisionRecords.ts';
import type { SessionFeed } from '../services/sessionFeed.ts';
import type { ActionContext, Actions, DecisionVerdict } from './actions.ts';
import { Drafts } from './drafts.ts';
import { recordEntry } from './entryRecording.ts';
import { askForFile } from './fileDialog.ts';
import { done, Refusal, requireFeed, turnedDown } from './outcome.ts';
import type { Choice } from './prompts.ts';
import { readTimes } from './settings.ts';

/** What people make of decisions: confirm, put in other words, wave off, replace, disprove; list them and write them down. */
export function decisionActions({
  deck,
  prompts,
  showView,
}: ActionContext): Pick<Actions, 'judgeDecision' | 'showDecisions' | 'exportDecisions'> {
  const { t } = vscode.l10n;
  const drafts = new Drafts();

  const judge = async (feed: SessionFeed, decision: Decision, verdict: DecisionVerdict): Promise<EventDraft | undefined> => {
    const { id } = decision;
    const by = userAuthor;
    switch (verdict) {
      case 'confirmed':
        return { kind: 'decision.confirmed', by, ...wordsOf(decision) };
      case 'edited': {
        const words = await askWords(feed, decision);
        return words === undefined ? undefined : { kind: 'decision.confirmed', by, ...wordsOf(decision), ...words };
      }
      case 'rejected': {
        const why = await prompts().input({
          title: t('Dismiss Decision'),
          prompt: t('Why not? With a reason it is told as rejected to whoever takes up the work; without, it is no decision.'),
        });
        return why === undefined ? undefined : { kind: 'decision.rejected', by, id, ...reason(why) };
      }
      case 'disproved': {
        const why = await prompts().input({ title: t('Disprove Decision'), prompt: t('What showed that it was wrong?'), isRequired: true });
        return why === undefined || why.trim() === '' ? undefined : { kind: 'decision.disproved', by, id, why: why.trim() };
      }
      case 'superseded': {
        const others = [...feed.state.decisions.values()].filter(
          (other) => other.id !== id && (other.status === 'confirmed' || other.status === 'proposed') && !other.isSetAside,
        );
        const successor = await prompts().pick(
          t('Replace Decision'),
          [
            { label: t('Nothing: it no longer holds'), value: '', icon: 'circle-slash' },
            ...others.toReversed().map((other) => ({ label: other.what, description: other.status, value: other.id })),
          ],
          t('Which decision holds instead? Log a new one first with Log Decision.'),
        );
        if (successor === undefined) return undefined;
        const why = await prompts().input({ title: t('Replace Decision'), prompt: t('Why? You can leave it empty.') });
        if (why === undefined) return undefined;
        return { kind: 'decision.superseded', by, id, ...(successor === '' ? {} : { successor }), ...reason(why) };
      }
    }
  };

  const askWords = async (
    feed: SessionFeed,
    decision: Decision,
  ): Promise<(Pick<Decision, 'what' | 'alternatives' | 'files'> & { why: string }) | undefined> => {
    const title = t('Edit Decision');
    const answers = await drafts.ask(prompts(), decision.id, [
      { title: `${title} (1/4)`, prompt: t('What was decided?'), value: decision.what, isRequired: true },
      { title: `${title} (2/4)`, prompt: t('Why? You can leave it empty.'), value: decision.why ?? '' },
      {
        title: `${title} (3/4)`,
        prompt: t('What else was considered? Separate several with a semicolon, or leave it empty.'),
        value: decision.alternatives.join('; '),
      },
    ]);
    if (answers === undefined) return undefined;
    const [what = '', why = '', others = ''] = answers;
    const files = await askFiles(feed, decision, `${title} (4/4)`);
    if (files === undefined) return undefined;
    return { what, why, alternatives: splitAlternatives(others), files: [...files] };
  };

  /** Of the files that the session changed last, and those that it names already. */
  const askFiles = async (feed: SessionFeed, decision: Decision, title: string): Promise<readonly string[] | undefined> => {
    const recent = [...feed.state.files.values()]
      .filter(({ path: file, exists, last }) => exists && last !== undefined && !decision.files.includes(file))
      .sort((a, b) => (a.last!.at < b.last!.at ? 1 : -1))
      .slice(0, 40);
    if (recent.length === 0) return decision.files;
    return prompts().tick(
      title,
      [
        { heading: t('Named already'), isTicked: true, choices: decision.files.map((file) => ({ label: file, value: file })) },
        { heading: t('Changed in this session'), isTicked: false, choices: recent.map(({ path: file }) => ({ label: file, value: file })) },
      ],
      t('Which files is it about? When one of them changes later, the decision is shown as stale.'),
    );
  };

  const judgeDecision: Actions['judgeDecision'] = async (id, verdict) => {
    const feed = await requireFeed(deck());
    const decision = feed.state.decisions.get(id);
    if (decision === undefined) throw new Refusal(t('There is no such decision in the session that is shown.'));
    const draft = await judge(feed, decision, verdict);
    if (draft === undefined) return turnedDown;
    await recordEntry(deck(), feed.session, draft);
    drafts.drop(decision.id);
    return done;
  };

  return {
    judgeDecision,
    async showDecisions() {
      const feed = await requireFeed(deck());
      const all = [...feed.state.decisions.values()].toReversed();
      if (all.length === 0)
        throw new Refusal(t('No decision has been logged or proposed in this session yet. Choose Log Decision to log one.'));
      const id = await prompts().pick(
        t('Decisions'),
        all.map((decision) => ({
          label: decision.what,
          description: [decision.status, ...(decision.isStale ? [t('stale')] : [])].join(', '),
          ...(decision.why === undefined || decision.why === '' ? {} : { detail: decision.why }),
          icon: icons[decision.status],
          value: decision.id,
        })),
        t('Choose a decision to judge or to see where it was taken.'),
      );
      const decision = id === undefined ? undefined : feed.state.decisions.get(id);
      if (decision === undefined) return turnedDown;
      const choices: Choice<DecisionVerdict | 'show'>[] = [
        {
          label: t('Show in Timeline'),
          icon: 'history',
          value: 'show',
          ...(decision.rule === undefined ? {} : { description: ruleText(decision.rule) }),
        },
      ];
      if (decision.status === 'proposed' || decision.isStale)
        choices.push({ label: decision.isStale ? t('It still holds') : t('Confirm'), icon: 'check', value: 'confirmed' });
      choices.push({ label: t('Edit…'), icon: 'edit', value: 'edited' });
      if (decision.status === 'proposed') choices.push({ label: t('Dismiss…'), icon: 'close', value: 'rejected' });
      if (decision.status === 'confirmed')
        choices.push(
          { label: t('Replace…'), icon: 'replace', value: 'superseded' },
          { label: t('Disprove…'), icon: 'circle-slash', value: 'disproved' },
        );
      const action = await prompts().pick(decision.what, choices);
      if (action === undefined) return turnedDown;
      if (action !== 'show') return judgeDecision(decision.id, action);
      await showView('timeline', eventId(decision.mark));
      return done;
    },
    async exportDecisions() {
      const feed = await requireFeed(deck());
      const form = await prompts().pick(t('Export Decisions'), [
        { label: t('One page of Markdown'), description: t('all of them, with their state'), icon: 'markdown', value: 'page' as const },
        {
          label: t('A record for each (ADR)'),
          description: t('those that were confirmed, numbered on in a folder'),
          icon: 'files',
          value: 'records' as const,
        },
      ]);
      if (form === undefined) return turnedDown;
      const first = deck().folders[0];
      const time = readTimes();
      if (form === 'page') {
        const target = await askForFile(
          t('Export Decisions'),
          first === undefined ? 'DECISIONS.md' : path.join(first.path, 'DECISIONS.md'),
          { Markdown: ['md'] },
        );
        if (target === undefined) return turnedDown;
        await vscode.workspace.fs.writeFile(target, new TextEncoder().encode(decisionsPage(feed.state, titleOf(feed.state), time.day)));
        await vscode.window.showTextDocument(target);
        return done;
      }
      const folder = await prompts().input({
        title: t('Export Decisions'),
        prompt: t('The folder of the decision records. Those that are there stay as they are.'),
        value: first === undefined ? '' : path.join('docs', 'adr'),
        isRequired: true,
      });
      if (folder === undefined || folder.trim() === '') return turnedDown;
      const { written, present } = await writeDecisionRecords(path.resolve(first?.path ?? '', folder.trim()), feed.state, time.day);
      const newest = written.at(-1);
      if (newest !== undefined) await vscode.window.showTextDocument(vscode.Uri.file(newest));
      void prompts().inform(
        written.length === 0
          ? t('No record was written: {0}.', present === 0 ? t('no decision has been confirmed') : t('each confirmed decision has one'))
          : t('{0} written to {1}.', counted(written.length, 'record'), folder.trim()),
      );
      return done;
    },
  };
}

/** The words as they stand, so that the event holds them by itself: a rule’s proposal stands in no other. */
const wordsOf = ({
  id,
  what,
  why,
  alternatives,
  evidence,
  files,
}: Decision): Pick<Decision, 'id' | 'what' | 'alternatives' | 'evidence' | 'files'> & { why?: string } => ({
  id,
  what,
  ...(why === undefined ? {} : { why }),
  alternatives: [...alternatives],
  evidence: [...evidence],
  files: [...files],
});

export const splitAlternatives = (text: string): string[] =>
  text
    .split(';')
    .map((one) => one.trim())
    .filter((one) => one !== '');

const reason = (why: string): { why?: string } => (why.trim() === '' ? {} : { why: why.trim() });
const titleOf = ({ session }: SessionState): string => session.label ?? session.id ?? 'this session';
const icons = { proposed: 'lightbulb', confirmed: 'check', rejected: 'close', superseded: 'replace', disproved: 'circle-slash' } as const;
