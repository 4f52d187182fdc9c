import * as vscode from 'vscode';
import { digestLine, sessionDigest } from '../core/sessionDigest.ts';
import type { SessionId } from '../model/ids.ts';
import type { SessionItem } from '../protocol/messages.ts';
import type { ActionContext, Actions } from './actions.ts';
import { formatTime } from './dateText.ts';
import { done, nothingRecorded, Refusal, requireFeed, requireRecorder, turnedDown } from './outcome.ts';
import { writeReports } from './reportPages.ts';
import { firstPrompts } from './sessionTitles.ts';
import { verifyActions } from './verifyActions.ts';

const labelLimit = 64;

type SessionActions = Pick<
  Actions,
  | 'startSession'
  | 'endSession'
  | 'pause'
  | 'continueRecording'
  | 'labelSession'
  | 'checkpoint'
  | 'openSession'
  | 'openCurrent'
  | 'sessionItems'
  | 'openFolder'
  | 'manageTrust'
  | 'verify'
  | 'revealLogFolder'
>;

export function sessionActions(context: ActionContext): SessionActions {
  const { deck, prompts, reopen } = context;
  const { t } = vscode.l10n;

  const sessionItems = async (): Promise<readonly SessionItem[]> => {
    const cards = (await deck().sessions?.list()) ?? [];
    const current = deck().recorder?.status().session;
    return cards.map(({ id, label, startedAt, endedAt, isReconstructed }) => ({
      session: id,
      startedAt,
      isCurrent: id === current,
      ...(label === undefined ? {} : { label }),
      ...(endedAt === undefined ? {} : { endedAt }),
      ...(isReconstructed === undefined ? {} : { isReconstructed }),
    }));
  };

  /** What was done, in a line. */
  const summaryOf = async (session: SessionId): Promise<string> => {
    const feed = await requireFeed(deck());
    return feed.session === session ? digestLine(sessionDigest(feed.state)) : session;
  };

  return {
    ...verifyActions(context),
    async startSession() {
      // What kept it from recording may be gone by now.
      if (deck().mode === 'failed') await reopen();
      const recorder = requireRecorder(deck());
      const label = await prompts().input({
        title: t('Start Session'),
        prompt: t('What is this session about? You can leave it empty.'),
        maxLength: labelLimit,
      });
      if (label === undefined) return turnedDown;
      await recorder.start(label.trim() === '' ? undefined : label.trim());
      await deck().choose(undefined);
      return done;
    },
    async endSession() {
      const recorder = requireRecorder(deck());
      const { session, label } = recorder.status();
      if (session === undefined)
        throw new Refusal(t('No session is being recorded, so there is none to end. The next activity starts one.'));
      // Neither the summary nor the pages may keep it from ending.
      const summary = await summaryOf(session).catch(() => session);
      await recorder.end();
      void writeReports(deck(), session).catch((error: unknown) => context.trace(`The pages could not be written: ${String(error)}`));
      const copy = t('Copy Resume Prompt');
      const report = t('Open Report');
      const told =
        label === undefined
          ? t('The session has ended: {0}. Its resume prompt is ready.', summary)
          : t('Session “{0}” has ended: {1}. Its resume prompt is ready.', label, summary);
      void prompts()
        .inform(told, copy, report)
        .then(async (answer) => {
          if (answer === undefined) return;
          // Another session may have begun meanwhile: meant is the one that ended.
          await deck().choose(session);
          await vscode.commands.executeCommand(answer === copy ? 'tapedeck.copyResume' : 'tapedeck.openReport');
        });
      return done;
    },
    async pause() {
      const recorder = requireRecorder(deck());
      // A pause stands in the log, so that it holds over a reload; without a session there would be no log.
      if (recorder.status().session === undefined) await recorder.start();
      await recorder.pause();
      return done;
    },
    async continueRecording() {
      await requireRecorder(deck()).resume();
      return done;
    },
    async labelSession() {
      const feed = await requireFeed(deck());
      const value = feed.state.session.label;
      const label = await prompts().input({
        title: t('Rename Session'),
        isRequired: true,
        maxLength: labelLimit,
        ...(value === undefined ? {} : { value }),
      });
      if (label === undefined || label.trim() === '') return turnedDown;
      const recorder = requireRecorder(deck());
      if (recorder.status().session === feed.session) await recorder.start(label.trim());
      else await recorder.sessions.label(feed.session, label.trim());
      return done;
    },
    async checkpoint() {
      const recorder = requireRecorder(deck());
      const label = await prompts().input({
        title: t('Checkpoint'),
        prompt: t('A name for this point, to find it again.'),
        isRequired: true,
        maxLength: labelLimit,
      });
      if (label === undefined || label.trim() === '') return turnedDown;
      await recorder.checkpoint(label.trim());
      return done;
    },
    sessionItems,
    async openSession(session) {
      const items = session === undefined ? await sessionItems() : [];
      if (session === undefined && items.length === 0) throw nothingRecorded();
      const { layout } = deck();
      const unnamed = items.filter(({ label }) => label === undefined).map((item) => item.session);
      const titles = layout === undefined ? undefined : await firstPrompts(layout, unnamed);
      const nameOf = (item: SessionItem): string | undefined => item.label ?? titles?.get(item.session);
      const id =
        session ??
        (await prompts().pick(
          t('Open Session'),
          items.map((item) => ({
            label: nameOf(item) ?? formatTime(item.startedAt),
            description: nameOf(item) === undefined ? item.session : formatTime(item.startedAt),
            ...(item.isCurrent ? { detail: t('being recorded'), icon: 'record' } : { icon: 'history' }),
            ...(item.isReconstructed === true ? { detail: t('made of what agents and git kept') } : {}),
            value: item.session,
          })),
          t('Which session do you want to see?'),
        ));
      if (id === undefined) return turnedDown;
      await deck().choose(id === deck().recorder?.status().session ? undefined : id);
      return done;
    },
    async openCurrent() {
      await deck().choose(undefined);
      return done;
    },
    async openFolder() {
      await vscode.commands.executeCommand('workbench.action.files.openFolder');
      return done;
    },
    async manageTrust() {
      await vscode.commands.executeCommand('workbench.trust.manage');
      return done;
    },
    async revealLogFolder() {
      const feed = await requireFeed(deck());
      const folder = deck().layout?.session(feed.session).folder;
      if (folder !== undefined) await vscode.commands.executeCommand('revealFileInOS', vscode.Uri.file(folder));
      return done;
    },
  };
}
