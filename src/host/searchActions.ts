import * as vscode from 'vscode';
import { authorName } from '../core/timelineWords.ts';
import type { SearchHit } from '../core/searchMatch.ts';
import type { SearchPage, SearchProgress } from '../store/logSearch.ts';
import type { ActionContext, Actions } from './actions.ts';
import { formatTime } from './dateText.ts';
import type { FindRequest, FoundItem, FoundItems } from './livePick.ts';
import { done, nothingRecorded, turnedDown } from './outcome.ts';

import { shownPath } from './shownPath.ts';

type SearchActions = Pick<Actions, 'searchLog'>;

export function searchActions({ deck, prompts, showView, logWorker, trace }: ActionContext): SearchActions {
  const { t } = vscode.l10n;

  /** Everything found so far, again and again, until all is. */
  async function* look({ text, on, count, signal }: FindRequest): AsyncIterable<FoundItems<SearchHit>> {
    const { layout, feed } = deck();
    if (layout === undefined) return;
    const isOfAll = on.has('sessions') || feed === undefined;
    const state: { told?: SearchProgress; answer?: SearchPage; wake: () => void } = { wake: () => {} };
    const answered = logWorker
      .ask(
        {
          ask: 'search',
          root: layout.root,
          ...(isOfAll ? {} : { sessions: [feed.session] }),
          query: { text, ignoresCase: !on.has('case') },
          count,
        },
        {
          signal,
          onProgress: (told) => {
            state.told = told;
            state.wake();
          },
        },
      )
      .then((answer) => {
        state.answer = answer;
      });
    // Nobody waits for it any more when the list was left.
    answered.catch(() => {});
    for (;;) {
      await Promise.race([answered, new Promise<void>((resolve) => (state.wake = resolve))]);
      const { answer } = state;
      const so = answer ?? state.told;
      if (so === undefined) continue;
      yield {
        items: so.hits.map((hit) => itemOf(hit, isOfAll)),
        hasMore: answer?.next !== undefined,
        share: so.totalBytes === 0 ? 1 : so.passedBytes / so.totalBytes,
      };
      if (answer !== undefined) return;
    }
  }

  return {
    async searchLog() {
      await deck().follow();
      const { layout, recorder } = deck();
      if (layout === undefined || !deck().hasHistory) throw nothingRecorded();
      const hit = await prompts().find({
        title: (on, share) =>
          t(
            'Search the Log: {0}{1}',
            [on.has('sessions') ? t('all sessions') : t('this session'), on.has('case') ? t('exact case') : t('any case')].join(', '),
            share === undefined || share >= 1 ? '' : ` (${Math.floor(share * 100)} %)`,
          ),
        placeholder: t('A text from what was asked, said, run, printed or changed'),
        toggles: [
          { id: 'case', icon: 'case-sensitive', isOn: false, tooltip: (isOn) => (isOn ? t('Ignore Case') : t('Match Case')) },
          { id: 'sessions', icon: 'library', isOn: false, tooltip: (isOn) => (isOn ? t('This Session') : t('All Sessions')) },
        ],
        look,
        ifNothing: (on) =>
          on.has('sessions')
            ? { label: t('Nothing found'), ...(on.has('case') ? { detail: t('Enter looks in any case.'), toggle: 'case' } : {}) }
            : { label: t('Nothing found in this session'), detail: t('Enter looks in all sessions.'), toggle: 'sessions' },
        onFailed: (error) => trace(`Search: ${String(error)}`),
      });
      if (hit === undefined) return turnedDown;
      if (hit.session !== deck().feed?.session) await deck().choose(hit.session === recorder?.status().session ? undefined : hit.session);
      await showView('timeline', hit.id);
      return done;
    },
  };
}

function itemOf(hit: SearchHit, isOfMany: boolean): FoundItem<SearchHit> {
  const { kind, by, path, at, session, excerpt } = hit;
  const who = by === undefined || by.actor === 'unknown' ? undefined : authorName(by);
  return {
    line: excerpt.text,
    icon: icons[kind] ?? icons[kind.slice(0, kind.indexOf('.'))] ?? 'circle-small',
    description: [
      kind.replace('.', ' '),
      path === undefined ? undefined : shownPath(path),
      who,
      formatTime(at),
      isOfMany ? session : undefined,
    ]
      .filter((part) => part !== undefined)
      .join(' · '),
    value: hit,
  };
}

/** By kind, else by its family. */
const icons: Readonly<Record<string, string>> = {
  session: 'record',
  run: 'hubot',
  prompt: 'comment',
  reply: 'comment-discussion',
  tool: 'tools',
  command: 'terminal',
  file: 'file',
  'file.created': 'diff-added',
  'file.changed': 'diff-modified',
  'file.deleted': 'diff-removed',
  'file.renamed': 'diff-renamed',
  git: 'git-commit',
  tests: 'beaker',
  plan: 'checklist',
  decision: 'lightbulb',
  blocker: 'error',
  progress: 'note',
  checkpoint: 'flag',
  rewind: 'history',
};
