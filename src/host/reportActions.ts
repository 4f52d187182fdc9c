import { createHash } from 'node:crypto';
import path from 'node:path';
import * as vscode from 'vscode';
import { sessionHtml } from '../core/htmlReport.ts';
import { buildResumePrompt } from '../core/resumePrompt.ts';
import { digestLine, sessionDigest } from '../core/sessionDigest.ts';
import { sessionPage } from '../core/sessionPage.ts';
import { userAuthor } from '../model/author.ts';
import type { LoggedEvent } from '../model/event.ts';
import { sessionPagePath } from '../services/reporter.ts';
import { exportSession, importSession } from '../services/sessionExchange.ts';
import { nodeDigest } from '../store/digest.ts';
import { replaceFile } from '../store/replaceFile.ts';
import type { ActionContext, Actions } from './actions.ts';
import { askForFile } from './fileDialog.ts';
import { done, Refusal, requireFeed, requireRecorder, turnedDown } from './outcome.ts';
import { reportFolder, writeReports } from './reportPages.ts';
import { readTimes } from './settings.ts';

const htmlEvents = 200_000;

/** Update, and what is written about a session: its page, its export. */
export function reportActions({
  deck,
  prompts,
  showText,
}: ActionContext): Pick<Actions, 'updateSession' | 'openReport' | 'exportSession' | 'importSession'> {
  const { t } = vscode.l10n;

  return {
    async updateSession() {
      const recorder = requireRecorder(deck());
      const note = await prompts().input({
        title: t('Update Session'),
        prompt: t('What was done? You can leave it empty.'),
      });
      if (note === undefined) return turnedDown;
      if (recorder.status().session === undefined) await recorder.start();
      await recorder.reconcile('hand');
      if (note.trim() !== '') await recorder.journal.record({ kind: 'progress.noted', by: userAuthor, text: note.trim() });
      await recorder.flush();
      const { session } = recorder.status();
      const feed = await requireFeed(deck());
      if (session !== undefined) await writeReports(deck(), session);
      const open = t('Open Report');
      void prompts()
        .inform(t('Session updated: {0}.', digestLine(sessionDigest(feed.state))), ...(reportFolder(deck()) === undefined ? [] : [open]))
        .then((answer) => (answer === open ? vscode.commands.executeCommand('tapedeck.openReport') : undefined));
      return done;
    },
    async openReport() {
      const feed = await requireFeed(deck());
      const folder = reportFolder(deck());
      if (folder === undefined) {
        await showText(t('Session Report'), pageOf(feed.state));
        return done;
      }
      await writeReports(deck(), feed.session);
      const file = vscode.Uri.file(sessionPagePath(folder, feed.session));
      await vscode.commands.executeCommand('markdown.showPreview', file).then(undefined, () => vscode.window.showTextDocument(file));
      return done;
    },
    async exportSession() {
      const feed = await requireFeed(deck());
      const format = await prompts().pick(t('Export Session'), [
        { label: 'HTML', description: t('one page to read anywhere, without scripts'), icon: 'browser', value: 'html' as const },
        { label: 'Markdown', description: t('its page'), icon: 'markdown', value: 'md' as const },
        {
          label: 'JSONL',
          description: t('every event, to be taken in again with Import Exported Session'),
          icon: 'json',
          value: 'jsonl' as const,
        },
      ]);
      if (format === undefined) return turnedDown;
      const target = await askForFile(t('Export Session'), path.join(deck().folders[0]?.path ?? '', `${feed.session}.${format}`), {
        [format.toUpperCase()]: [format],
      });
      if (target === undefined) return turnedDown;
      if (format === 'jsonl') {
        const pieces: Uint8Array[] = [];
        for await (const piece of exportSession(feed.reader, feed.session)) pieces.push(piece);
        await replaceFile(target.fsPath, Buffer.concat(pieces));
      } else if (format === 'md') await replaceFile(target.fsPath, pageOf(feed.state));
      else {
        const events: LoggedEvent[] = [];
        for await (const batch of feed.reader.batches({})) {
          events.push(...batch);
          if (events.length > htmlEvents) throw new Refusal(t('This session is too long for one page. Export it as Markdown or JSONL.'));
        }
        const sha256 = (text: string): string => createHash('sha256').update(text).digest('base64');
        const resume = buildResumePrompt(feed.state, { size: 'full', now: Date.now() }).text;
        await replaceFile(target.fsPath, sessionHtml(feed.state, { time: readTimes(), events, resume, sha256 }));
      }
      const show = t('Open');
      void prompts()
        .inform(t('Session exported to {0}.', path.basename(target.fsPath)), show)
        .then((answer) => (answer === show ? vscode.env.openExternal(target) : undefined));
      return done;
    },
    async importSession() {
      const { layout } = deck();
      requireRecorder(deck());
      if (layout === undefined) return turnedDown;
      const [file] =
        (await vscode.window.showOpenDialog({
          title: t('Import Exported Session'),
          filters: { JSONL: ['jsonl'] },
          canSelectMany: false,
        })) ?? [];
      if (file === undefined) return turnedDown;
      const { session, events, damaged } = await importSession(file.fsPath, layout, nodeDigest);
      await deck().choose(session);
      void prompts().inform(
        damaged.count === 0
          ? t('Session {0} imported, {1} events.', session, events)
          : t('Session {0} imported, {1} events; {2} damaged lines were left out.', session, events, damaged.count),
      );
      return done;
    },
  };

  function pageOf(state: Parameters<typeof sessionPage>[0]): string {
    return sessionPage(state, { time: readTimes(), resume: buildResumePrompt(state, { size: 'standard', now: Date.now() }).text });
  }
}
