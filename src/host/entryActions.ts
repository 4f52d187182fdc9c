import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';
import { contextEvidence } from '../core/contextEvidence.ts';
import { currentPlans } from '../core/decisions.ts';
import { editPlan, type PlanEdit } from '../core/planEdit.ts';
import { userAuthor } from '../model/author.ts';
import type { EventId } from '../model/ids.ts';
import type { ActionContext, Actions } from './actions.ts';
import { splitAlternatives } from './decisionActions.ts';
import { Drafts } from './drafts.ts';
import { recordEntry } from './entryRecording.ts';
import { done, Refusal, requireFeed, requireRecorder, turnedDown } from './outcome.ts';

/** Decisions, blockers and notes, in the user's own words. */
export function entryActions({
  deck,
  prompts,
  showView,
}: ActionContext): Pick<Actions, 'logDecision' | 'logBlocker' | 'clearBlocker' | 'addNote' | 'editPlan'> {
  const { t } = vscode.l10n;
  const drafts = new Drafts();
  const record: ReturnType<typeof requireRecorder>['journal']['record'] = (draft) => requireRecorder(deck()).journal.record(draft);

  const around = (): EventId[] => {
    const feed = deck().feed;
    return feed === undefined || deck().isViewingAnother ? [] : contextEvidence(feed.state);
  };

  const said = (message: string, tab: 'decisions' | 'blockers' | 'timeline'): void => {
    const show = t('Show');
    void prompts()
      .inform(message, show)
      .then((answer) => (answer === show ? showView(tab) : undefined));
  };

  return {
    async logDecision(evidence = []) {
      requireRecorder(deck());
      const title = t('Log Decision');
      const answers = await drafts.ask(prompts(), 'decision', [
        {
          title: `${title} (1/3)`,
          prompt: t('What was decided?'),
          placeholder: t('Use a token bucket instead of a sliding window'),
          isRequired: true,
        },
        { title: `${title} (2/3)`, prompt: t('Why? You can leave it empty.'), placeholder: t('Simpler, and enough for our scale') },
        { title: `${title} (3/3)`, prompt: t('What else was considered? Separate several with a semicolon, or leave it empty.') },
      ]);
      if (answers === undefined) return turnedDown;
      const [what = '', why = '', alternatives = ''] = answers;
      const others = splitAlternatives(alternatives);
      await record({
        kind: 'decision.confirmed',
        by: userAuthor,
        id: entryId('d'),
        what,
        ...(why === '' ? {} : { why }),
        ...(others.length === 0 ? {} : { alternatives: others }),
        evidence: evidence.length === 0 ? around() : [...evidence],
      });
      drafts.drop('decision');
      said(t('Decision logged.'), 'decisions');
      return done;
    },
    async logBlocker(evidence = []) {
      requireRecorder(deck());
      const title = t('Log Blocker');
      const answers = await drafts.ask(prompts(), 'blocker', [
        { title: `${title} (1/2)`, prompt: t('What stands in the way?'), isRequired: true },
        { title: `${title} (2/2)`, prompt: t('What causes it? You can leave it empty.') },
      ]);
      if (answers === undefined) return turnedDown;
      const [what = '', cause = ''] = answers;
      await record({
        kind: 'blocker.raised',
        by: userAuthor,
        id: entryId('b'),
        what,
        ...(cause === '' ? {} : { cause }),
        evidence: evidence.length === 0 ? around() : [...evidence],
      });
      drafts.drop('blocker');
      said(t('Blocker logged.'), 'blockers');
      return done;
    },
    async clearBlocker(id) {
      const feed = await requireFeed(deck());
      const open = [...feed.state.blockers.values()].filter(({ isOpen }) => isOpen);
      if (open.length === 0) throw new Refusal(t('There is no open blocker.'));
      const chosen =
        id ??
        (await prompts().pick(
          t('Clear Blocker'),
          open.map((blocker) => ({
            label: blocker.what,
            ...(blocker.cause === undefined ? {} : { detail: blocker.cause }),
            value: blocker.id,
          })),
        ));
      if (chosen === undefined) return turnedDown;
      const why = await prompts().input({ title: t('Clear Blocker'), prompt: t('What cleared it? You can leave it empty.') });
      if (why === undefined) return turnedDown;
      await recordEntry(deck(), feed.session, {
        kind: 'blocker.cleared',
        by: userAuthor,
        id: chosen,
        ...(why.trim() === '' ? {} : { why: why.trim() }),
      });
      return done;
    },
    async editPlan() {
      const recorder = requireRecorder(deck());
      const feed = deck().feed;
      const isRecorded = feed !== undefined && recorder.status().session === feed.session;
      if (isRecorded) await feed.catchUp();
      const own = isRecorded
        ? (currentPlans(feed.state).find(({ run, author }) => run === undefined && author.actor === 'user')?.entries ?? [])
        : [];
      const index = await prompts().pick(
        t('Edit Plan'),
        [
          { label: t('Add…'), icon: 'add', value: -1 },
          ...own.map(({ content, status }, value) => ({ label: content, icon: planIcons[status], value })),
        ],
        t('What is next? Choose an item to change it.'),
      );
      if (index === undefined) return turnedDown;
      let edit: PlanEdit;
      if (index < 0) {
        const text = await prompts().input({ title: t('Edit Plan'), prompt: t('What is to be done?'), isRequired: true });
        if (text === undefined || text.trim() === '') return turnedDown;
        edit = { kind: 'add', text: text.trim() };
      } else {
        const status = await prompts().pick(own[index]?.content ?? '', [
          { label: t('Doing'), icon: 'play', value: 'in_progress' as const },
          { label: t('Done'), icon: 'pass', value: 'completed' as const },
          { label: t('Next'), icon: 'circle-outline', value: 'pending' as const },
          { label: t('Remove'), icon: 'close', value: 'drop' as const },
        ]);
        if (status === undefined) return turnedDown;
        edit = status === 'drop' ? { kind: 'drop', index } : { kind: 'set', index, status };
      }
      const entries = editPlan(own, edit);
      if (entries === undefined) return turnedDown;
      await record({ kind: 'plan.changed', by: userAuthor, entries });
      return done;
    },
    async addNote() {
      requireRecorder(deck());
      const answers = await drafts.ask(prompts(), 'note', [
        {
          title: t('Add Note'),
          prompt: t('A note for the log: what you tried, what you saw, what comes next.'),
          isRequired: true,
        },
      ]);
      if (answers === undefined) return turnedDown;
      await record({ kind: 'progress.noted', by: userAuthor, text: answers[0] ?? '' });
      drafts.drop('note');
      said(t('Note added.'), 'timeline');
      return done;
    },
  };
}

const planIcons = { in_progress: 'play', pending: 'circle-outline', completed: 'pass' } as const;

const entryId = (prefix: 'd' | 'b'): string => `${prefix}-${randomBytes(5).toString('hex')}`;
