import * as vscode from 'vscode';
import { Delayer } from '../base/delayer.ts';
import { occasionText, originName } from '../core/blameText.ts';
import { describeSkip } from '../core/rewindText.ts';
import { oneLine } from '../core/timelineWords.ts';
import { baseName, type WorkspacePath } from '../model/workspacePath.ts';
import { fileHistory, type FileHappening } from '../services/fileHistory.ts';
import type { ActionContext, Actions } from './actions.ts';
import { showSession, withAllSessions } from './allSessions.ts';
import { formatTime } from './dateText.ts';
import { absoluteUri } from './fileActions.ts';
import { workspacePathOf } from './folderPaths.ts';
import { activeFile } from './openDocuments.ts';
import { done, Refusal, turnedDown } from './outcome.ts';
import { pastFileOf, pastFileUri } from './pastFiles.ts';
import type { Choice } from './prompts.ts';
import { shownPath } from './shownPath.ts';

type Next = 'diff' | 'now' | 'show' | 'rewind' | 'undo' | 'again' | 'copy';

/** So long a choice stays before its change is shown beside the list. */
const restMs = 150;

/** What happened to a file, over all sessions: a list to walk, with each change in the editor beside it. */
export function historyActions(
  { deck, prompts, showView }: ActionContext,
  others: Pick<Actions, 'rewindTo' | 'undoWork' | 'bringBack'>,
): Pick<Actions, 'showFileHistory'> {
  const { t } = vscode.l10n;

  const showChange = async (happening: FileHappening, preserveFocus: boolean): Promise<void> => {
    const { path, from, before, after, at } = happening;
    const missing = before?.missing ?? after?.missing;
    if (missing !== undefined) {
      if (!preserveFocus) throw new Refusal(t('{0} can’t be shown: {1}.', shownPath(path), describeSkip({ path, reason: missing })));
      return;
    }
    const when = formatTime(at);
    const beside = absoluteUri(deck().folders, path);
    await vscode.commands.executeCommand(
      'vscode.diff',
      pastFileUri(from ?? path, before?.hash, t('{0} before', when), beside),
      pastFileUri(path, after?.hash, when, beside),
      `${baseName(path)} (${when})`,
      { preview: true, preserveFocus },
    );
  };

  const act = async (happening: FileHappening, wanted: WorkspacePath, next: Next): ReturnType<Actions['showFileHistory']> => {
    switch (next) {
      case 'diff':
        await showChange(happening, false);
        return done;
      case 'now': {
        const now = absoluteUri(deck().folders, wanted);
        if (now === undefined || happening.after?.missing !== undefined)
          throw new Refusal(t('{0} can’t be compared: its content was not kept.', shownPath(wanted)));
        const when = formatTime(happening.at);
        const left = pastFileUri(happening.path, happening.after?.hash, when, now);
        await vscode.commands.executeCommand('vscode.diff', left, now, t('{0} ({1} ↔ now)', baseName(wanted), when), { preview: true });
        return done;
      }
      case 'show':
        await showSession(deck(), happening.session);
        await showView('timeline', happening.event);
        return done;
      case 'rewind':
        await showSession(deck(), happening.session);
        return others.rewindTo(happening.event, happening.path);
      case 'undo':
        await showSession(deck(), happening.session);
        return others.undoWork([happening.event], false);
      case 'again':
        await showSession(deck(), happening.session);
        return others.bringBack([happening.event]);
      case 'copy':
        await vscode.env.clipboard.writeText(happening.prompt ?? happening.command ?? '');
        return done;
    }
  };

  return {
    async showFileHistory(target) {
      const file = target ?? activeFile();
      if (file === undefined) throw new Refusal(t('Open a file first, or choose one in the Explorer.'));
      const path = pastFileOf(file) ?? workspacePathOf(deck().folders, file.fsPath);
      if (path === undefined)
        throw new Refusal(t('{0} is not in a folder that is recorded. Choose a file of this workspace.', file.fsPath));
      const happenings = await vscode.window.withProgress({ location: vscode.ProgressLocation.Window, title: t('Reading the log…') }, () =>
        withAllSessions(deck(), (sessions) => fileHistory({ path, sessions })),
      );
      if (happenings.length === 0) throw new Refusal(t('{0} has not changed since Tapedeck records here.', shownPath(path)));
      let looked: FileHappening | undefined;
      const soon = new Delayer(() => void (looked && showChange(looked, true)), restMs);
      const chosen = await prompts().pick(
        t('What happened to {0}', shownPath(path)),
        happenings.map((happening) => choiceOf(happening, path)),
        t('Newest first; each change is shown as you go. Enter for more'),
        {
          onActive: (happening) => {
            looked = happening;
            soon.request();
          },
        },
      );
      soon.dispose();
      if (chosen === undefined) return turnedDown;
      const next = await prompts().pick<Next>(
        t('{0}: {1}, {2}', shownPath(chosen.path), originName(chosen.by), formatTime(chosen.at)),
        nextChoices(chosen),
      );
      return next === undefined ? turnedDown : act(chosen, path, next);
    },
  };

  function choiceOf(happening: FileHappening, path: WorkspacePath): Choice<FileHappening> {
    const { change, from, added = 0, removed = 0, rewind, by, at } = happening;
    const counts = `${added > 0 ? ` +${added}` : ''}${removed > 0 ? ` −${removed}` : ''}`;
    const occasion = rewind === undefined ? occasionText(happening) : undefined;
    return {
      label: rewind === undefined ? originName(by) : t('A rewind'),
      icon: { created: 'diff-added', changed: 'diff-modified', deleted: 'diff-removed', renamed: 'diff-renamed' }[change],
      description: `${formatTime(at)}  ${changeWords(change, from)}${counts}${happening.path === path ? '' : `  ${shownPath(happening.path)}`}`,
      ...(occasion === undefined ? {} : { detail: oneLine(occasion, 200) }),
      value: happening,
    };
  }

  function changeWords(change: FileHappening['change'], from: WorkspacePath | undefined): string {
    switch (change) {
      case 'created':
        return t('created');
      case 'changed':
        return t('changed');
      case 'deleted':
        return t('deleted');
      case 'renamed':
        return t('renamed from {0}', shownPath(from ?? ''));
    }
  }

  function nextChoices(happening: FileHappening): Choice<Next>[] {
    const choices: Choice<Next>[] = [
      { label: t('Open the Change'), icon: 'diff', value: 'diff' },
      { label: t('Compare with Now'), icon: 'git-compare', value: 'now' },
      { label: t('Show in the Timeline'), icon: 'history', value: 'show' },
    ];
    if (deck().recorder !== undefined)
      choices.push(
        { label: t('Rewind This File to Here…'), icon: 'history', value: 'rewind' },
        { label: t('Undo This Change and Keep What Came After…'), icon: 'discard', value: 'undo' },
        { label: t('Bring This Change Back…'), icon: 'redo', value: 'again' },
      );
    if (happening.prompt !== undefined || happening.command !== undefined)
      choices.push({ label: happening.prompt === undefined ? t('Copy the Command') : t('Copy the Prompt'), icon: 'copy', value: 'copy' });
    return choices;
  }
}
