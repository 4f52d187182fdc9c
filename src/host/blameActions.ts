import * as vscode from 'vscode';
import { occasionText, originName } from '../core/blameText.ts';
import { knowledgeText, oneLine } from '../core/timelineWords.ts';
import { blameFile, type LineOrigin, type RecordedOrigin } from '../services/blame.ts';
import type { ActionContext, Actions } from './actions.ts';
import { showSession, withAllSessions } from './allSessions.ts';
import { formatTime } from './dateText.ts';
import { workspacePathOf } from './folderPaths.ts';
import { done, nothingRecorded, Refusal, turnedDown } from './outcome.ts';
import { pastFileOf, pastVersionOf } from './pastFiles.ts';
import type { Choice } from './prompts.ts';
import { shownPath } from './shownPath.ts';
import type { WorkspacePath } from '../model/workspacePath.ts';

type Next = 'show' | 'diff' | 'undo' | 'copy';

/** Who made the line at the cursor, in answer to what. */
export function blameActions(
  { deck, prompts, showView }: ActionContext,
  others: Pick<Actions, 'openDiff' | 'undoWork'>,
): Pick<Actions, 'blameLine'> {
  const { t } = vscode.l10n;

  const originOf = async (path: WorkspacePath, document: vscode.TextDocument, line: number): Promise<LineOrigin> => {
    const { content } = deck();
    if (content === undefined) throw nothingRecorded();
    const version = pastVersionOf(document.uri);
    const blame = await withAllSessions(deck(), (sessions) =>
      blameFile({
        path,
        present: Buffer.from(document.getText()),
        ...(version === undefined ? {} : { version }),
        sessions,
        read: (hash) => content.get(hash),
      }),
    );
    if (blame === undefined) throw new Refusal(t('{0} has not changed since Tapedeck records here.', shownPath(path)));
    const found = blame.lines[line]?.origin;
    if (found === undefined) throw new Refusal(t('This line is empty and ends the file. Put the cursor on another one.'));
    return found;
  };

  return {
    async blameLine() {
      const editor = vscode.window.activeTextEditor;
      const path = editor && (pastFileOf(editor.document.uri) ?? workspacePathOf(deck().folders, editor.document.uri.fsPath));
      if (editor === undefined || path === undefined) throw new Refusal(t('Open a file of this workspace and put the cursor on a line.'));
      const { line } = editor.selection.active;
      const origin = await vscode.window.withProgress({ location: vscode.ProgressLocation.Window, title: t('Reading the log…') }, () =>
        originOf(path, editor.document, line),
      );
      if (origin.known !== 'recorded') {
        void prompts().inform(unknownWords(origin.known, line + 1));
        return done;
      }
      const next = await prompts().pick<Next>(
        t('Line {0}: {1}, {2}', line + 1, originName(origin.by), formatTime(origin.at)),
        choicesFor(origin),
        origin.by.actor === 'unknown' ? t('Nothing tells who it was.') : t('How we know: {0}.', knowledgeText(origin.by)),
      );
      switch (next) {
        case 'show':
          await showSession(deck(), origin.session);
          await showView('timeline', origin.event);
          return done;
        case 'diff':
          await showSession(deck(), origin.session);
          return others.openDiff([origin.event], path);
        case 'undo':
          await showSession(deck(), origin.session);
          return others.undoWork([origin.event], false);
        case 'copy':
          await vscode.env.clipboard.writeText(origin.prompt ?? origin.command ?? '');
          return done;
        case undefined:
          return turnedDown;
      }
    },
  };

  function choicesFor(origin: RecordedOrigin): Choice<Next>[] {
    const occasion = occasionText(origin);
    const choices: Choice<Next>[] = [
      {
        label: t('Show in the Timeline'),
        icon: 'history',
        detail: occasion === undefined ? t('No prompt or command is known for it.') : oneLine(occasion, 160),
        value: 'show',
      },
      { label: t('Open the Change'), icon: 'diff', value: 'diff' },
    ];
    if (deck().recorder !== undefined)
      choices.push({ label: t('Undo This Change and Keep What Came After…'), icon: 'discard', value: 'undo' });
    if (origin.prompt !== undefined || origin.command !== undefined)
      choices.push({ label: origin.prompt === undefined ? t('Copy the Command') : t('Copy the Prompt'), icon: 'copy', value: 'copy' });
    return choices;
  }

  function unknownWords(known: Exclude<LineOrigin['known'], 'recorded'>, line: number): string {
    switch (known) {
      case 'before':
        return t('Line {0} was there before the first recorded change of this file.', line);
      case 'unseen':
        return t('Line {0} came while nothing was recorded, so nobody is named.', line);
      case 'unrecorded':
        return t('Line {0} is not recorded yet: save the file first, or wait a moment.', line);
    }
  }
}
