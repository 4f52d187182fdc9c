import * as vscode from 'vscode';
import { systemClock } from '../base/clock.ts';
import { DisposableStore, type Disposable } from '../base/disposable.ts';
import { readRecordPolicy } from '../core/recordPolicy.ts';
import { counted } from '../core/timelineWords.ts';
import type { PastRunItem } from '../services/pastRuns.ts';
import { findExpiringRuns, type ExpiringRun } from '../services/expiringRuns.ts';
import { ProjectPlaces } from '../services/projectPlaces.ts';
import { nodeDigest } from '../store/digest.ts';
import type { Deck } from './deck.ts';
import { pastRunsOf, placesOptionsOf } from './pastRunList.ts';
import type { Prompts } from './prompts.ts';
import { readSettings } from './settings.ts';

const shownRuns = 5;
const countedRuns = 100;
/** After the start the editor has other things to do. */
const restMs = 10_000;
const lookEveryMs = 6 * 3_600_000;
/** One notice a day at most, and none of what was told before. */
const noticeEveryMs = 24 * 3_600_000;
const noticeKey = 'retentionNotice';

interface ToldNotice {
  readonly atMs: number;
  readonly runs: readonly string[];
}

/**
 * Looks, once the editor has come to rest, at what agents keep of this window's folder: tells an empty view what could be
 * imported, and warns before an agent's own retention deletes what stands in no log.
 */
export function watchPast(
  deck: Deck,
  options: { readonly context: vscode.ExtensionContext; readonly prompts: () => Prompts; readonly trace: (message: string) => void },
): Disposable {
  const disposables = new DisposableStore();
  const { context, prompts, trace } = options;
  if (deck.agents === undefined) return disposables;
  let isOver = false;
  const timers: NodeJS.Timeout[] = [];
  disposables.add({
    dispose: () => {
      isOver = true;
      for (const timer of timers) clearTimeout(timer);
    },
  });
  const guarded = (work: () => Promise<void>): void => void work().catch((error: unknown) => trace(`Past sessions: ${String(error)}`));

  const warn = async (): Promise<void> => {
    const { retentionWarnDays: withinDays } = readSettings();
    if (isOver || withinDays === 0) return;
    const expiring = await expiringRunsOf(deck, withinDays);
    const told = context.workspaceState.get<ToldNotice>(noticeKey);
    const isNews = expiring.some(({ run }) => told?.runs.includes(run) !== true);
    if (isOver || !isNews || (told !== undefined && Date.now() - told.atMs < noticeEveryMs)) return;
    const notice: ToldNotice = { atMs: Date.now(), runs: expiring.map(({ run }) => run) };
    await context.workspaceState.update(noticeKey, notice);
    const [importThem, never] = [vscode.l10n.t('Import Past Sessions…'), vscode.l10n.t('Don’t Warn Again')];
    const answer = await prompts().warn(expiringWords(expiring), importThem, never);
    if (answer === importThem) await vscode.commands.executeCommand('tapedeck.importPast');
    else if (answer === never)
      await vscode.workspace.getConfiguration('tapedeck').update('retention.warnDays', 0, vscode.ConfigurationTarget.Global);
  };

  guarded(async () => {
    if (!deck.hasHistory) deck.notePast(await summaryOf(deck));
  });
  timers.push(
    setTimeout(() => {
      guarded(warn);
      timers.push(setInterval(() => guarded(warn), lookEveryMs));
    }, restMs),
  );
  for (const timer of timers) timer.unref();
  return disposables;
}

async function summaryOf(deck: Deck): Promise<NonNullable<Deck['past']>> {
  const items: PastRunItem[] = [];
  const past = await pastRunsOf(deck);
  if (past !== undefined)
    for await (const batch of past.list()) {
      items.push(...batch.items);
      if (items.length > countedRuns) break;
    }
  return {
    count: Math.min(items.length, countedRuns),
    hasMore: items.length > countedRuns,
    newest: items.slice(0, shownRuns).map(({ run, agentName, lastAt }) => ({
      title: run.title ?? run.run,
      agent: agentName,
      at: new Date(lastAt).toISOString(),
    })),
  };
}

async function expiringRunsOf(deck: Deck, withinDays: number): Promise<readonly ExpiringRun[]> {
  const options = placesOptionsOf(deck);
  if (options === undefined || deck.agents === undefined) return [];
  const current = await deck.sessions?.current();
  return findExpiringRuns({
    ...deck.agents,
    layout: options.layout,
    folders: (await ProjectPlaces.open(options)).folders,
    clock: systemClock,
    digest: nodeDigest,
    withinDays,
    policy: readRecordPolicy(readSettings().recordPolicy).policy,
    liveFrom: current === undefined ? undefined : Date.parse(current.startedAt),
  });
}

function expiringWords(runs: readonly ExpiringRun[]): string {
  const { t } = vscode.l10n;
  const [first] = runs;
  if (first === undefined) return '';
  const agents = [...new Set(runs.map(({ agentName }) => agentName))].join(', ');
  const day = new Date(Math.max(first.dueAtMs, Date.now())).toLocaleDateString(undefined, { month: 'long', day: 'numeric' });
  return t(
    '{0} will delete {1} of this folder, from {2} on ({3}). Import them, and they stay in the log.',
    agents,
    counted(runs.length, 'session'),
    day,
    `${first.setting}: ${first.keptDays}`,
  );
}
