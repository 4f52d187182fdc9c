import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import * as vscode from 'vscode';
import type { SessionId } from '../model/ids.ts';
import type { Outcome } from '../protocol/messages.ts';
import { describeHealth, describeNextSteps } from '../store/healthReport.ts';
import { verifySession, type LogHealth } from '../store/logHealth.ts';
import { openScanCrew } from '../store/scanCrew.ts';
import { listSessionIds } from '../store/sessionCard.ts';
import type { ActionContext, Actions } from './actions.ts';
import { done, requireFeed, turnedDown } from './outcome.ts';

const scheme = 'tapedeck-health';
/** Shorter work is not worth a notification that comes and goes. */
const quietMs = 400;

interface SessionHealth {
  readonly session: SessionId;
  readonly health: LogHealth;
}

/** Checks the log in threads of its own, so that the editor is not held, and shows what was found as a document. */
export function verifyActions({ context, deck, prompts, trace }: ActionContext): Pick<Actions, 'verify'> {
  const { t } = vscode.l10n;
  const reports = new Map<string, string>();
  context.subscriptions.push(
    vscode.workspace.registerTextDocumentContentProvider(scheme, { provideTextDocumentContent: ({ path }) => reports.get(path) ?? '' }),
    vscode.workspace.onDidCloseTextDocument(({ uri }) => uri.scheme === scheme && reports.delete(uri.path)),
  );

  const verifyAll = async (
    sessions: readonly SessionId[],
    signal: AbortSignal,
    onProgress: (share: number) => void,
  ): Promise<SessionHealth[]> => {
    const { layout } = deck();
    if (layout === undefined) return [];
    const crew = openScanCrew({
      // One core is left to the editor.
      lanes: Math.max(1, Math.min(2, availableParallelism() - 1)),
      start: () => new Worker(vscode.Uri.joinPath(context.extensionUri, 'dist', 'cli.js').fsPath),
    });
    try {
      const found: SessionHealth[] = [];
      for (const session of sessions) {
        const health = await verifySession({
          layout,
          session,
          scanner: crew,
          signal,
          onProgress: ({ sizeBytes, totalBytes }) => onProgress((found.length + sizeBytes / Math.max(1, totalBytes)) / sessions.length),
        });
        found.push({ session, health });
        trace(`Verified ${session}: ${describeHealth(health).join(' · ')}`);
      }
      return found;
    } finally {
      crew.dispose();
    }
  };

  /** Undefined when the user stopped it. */
  const verifyShown = async (sessions: readonly SessionId[]): Promise<SessionHealth[] | undefined> => {
    const stop = new AbortController();
    let share = 0;
    let tell = (_share: number): void => {};
    const work = verifyAll(sessions, stop.signal, (at) => {
      share = at;
      tell(at);
    }).catch((error: unknown) => {
      if (stop.signal.aborted) return undefined;
      throw error;
    });
    const isQuick = await Promise.race([
      work.then(
        () => true,
        () => true,
      ),
      new Promise<boolean>((resolve) => setTimeout(() => resolve(false), quietMs)),
    ]);
    if (!isQuick)
      await vscode.window.withProgress(
        { location: vscode.ProgressLocation.Notification, title: t('Verifying the log'), cancellable: true },
        async (progress, token) => {
          token.onCancellationRequested(() => stop.abort(new Error('Stopped')));
          let toldShare = 0;
          tell = (at) => {
            if (at - toldShare < 0.01) return;
            progress.report({ increment: (at - toldShare) * 100, message: t('{0} %', Math.floor(at * 100)) });
            toldShare = at;
          };
          tell(share);
          await work.catch(() => {});
        },
      );
    return work;
  };

  const showReport = async (found: readonly SessionHealth[]): Promise<void> => {
    const path = `/${t('Health of the log')} ${new Date().toISOString().slice(0, 19).replaceAll(':', '')}.md`;
    reports.set(
      path,
      reportOf(found, (session) => deck().layout?.session(session).events ?? ''),
    );
    await vscode.window.showTextDocument(vscode.Uri.from({ scheme, path }), { preview: true });
  };

  const tellFound = async (found: readonly SessionHealth[], others: number): Promise<void> => {
    const damaged = found.filter(({ health }) => !health.isSound);
    const events = found.reduce((sum, { health }) => sum + health.events, 0);
    const all = t('Verify All Sessions');
    const show = t('Show Report');
    const more = others > 0 ? [all] : [];
    const lost = damaged.reduce((sum, { health }) => sum + health.lost, 0);
    const faults = damaged.reduce((sum, { health }) => sum + health.faults.length, 0);
    const answer =
      damaged.length === 0
        ? await prompts().inform(t('The log is whole: {0} events, every line checked.', events), show, ...more)
        : await prompts().warn(
            lost === 0
              ? t('The log has damage in {0} places; no event is known to be lost. Everything that is sound is shown as before.', faults)
              : t('The log has damage in {0} places, and {1} events are lost. Everything that is sound is shown as before.', faults, lost),
            show,
            ...more,
          );
    if (answer === show) await showReport(found);
    else if (answer === all) await verifyEach();
  };

  const verifyEach = async (): Promise<void> => {
    const { layout } = deck();
    const found = layout && (await verifyShown(await listSessionIds(layout)));
    if (found !== undefined) await tellFound(found, 0);
  };

  return {
    async verify(): Promise<Outcome> {
      const session = deck().feed?.session ?? (await requireFeed(deck())).session;
      const found = await verifyShown([session]);
      if (found === undefined) return turnedDown;
      const { layout } = deck();
      const others = layout === undefined ? 0 : (await listSessionIds(layout)).length - 1;
      // Whoever asked need not wait until the notification is answered.
      void tellFound(found, others).catch((error: unknown) => trace(`What was verified could not be shown: ${String(error)}`));
      return done;
    },
  };
}

/** Markdown that reads as plain text too. */
function reportOf(found: readonly SessionHealth[], folderOf: (session: SessionId) => string): string {
  return found
    .toSorted((a, b) => Number(a.health.isSound) - Number(b.health.isSound))
    .map(({ session, health }) => {
      const [summary = '', ...lines] = describeHealth(health);
      const steps = describeNextSteps(health);
      return [
        `# Session ${session}`,
        '',
        summary,
        '',
        ...lines.map((line) => `- ${line}`),
        ...(lines.length > 0 ? [''] : []),
        ...(steps.length > 0 ? ['## What to do', '', ...steps.map((step) => `- ${step}`), ''] : []),
        `Files: ${folderOf(session)}`,
        '',
      ].join('\n');
    })
    .join('\n');
}
