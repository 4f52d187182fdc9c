import path from 'node:path';
import * as vscode from 'vscode';
import { lastGreen } from '../core/lastGreen.ts';
import { describeSkip } from '../core/rewindText.ts';
import { counted } from '../core/timelineWords.ts';
import { baseName, isInsideFolder, splitWorkspacePath, type WorkspacePath } from '../model/workspacePath.ts';
import type { FileVersion } from '../model/fileVersion.ts';
import { eventId } from '../model/ids.ts';
import { fileSpans } from '../services/fileDiffs.ts';
import type { SessionFolder } from '../services/sessions.ts';
import type { ActionContext, Actions } from './actions.ts';
import { formatTime } from './dateText.ts';
import { done, Refusal, requireFeed, turnedDown } from './outcome.ts';
import { pastFileUri } from './pastFiles.ts';
import { pickPoint } from './pointPicker.ts';
import { shownPath } from './shownPath.ts';
import { withRewinder } from './deckRewinder.ts';

/** At most this many files in one multi-file diff; more would stall the editor. */
export const largestDiff = 300;

/** Looking at the past in the editor's own diff. */
export function fileActions({ deck, prompts }: ActionContext): Pick<Actions, 'openDiff' | 'openFilesAt' | 'openFile' | 'compareLastGreen'> {
  const { t } = vscode.l10n;

  const openFilesAt: Actions['openFilesAt'] = async (event) => {
    const feed = await requireFeed(deck());
    const target = event ?? (await pickPoint(feed, prompts(), t('Show Files at…')));
    if (target === undefined) return turnedDown;
    const plan = await withRewinder(deck(), feed, (rewinder) => rewinder.plan(target));
    const when = formatTime(plan.targetAt);
    const rows = plan.steps.slice(0, largestDiff).map((step): [vscode.Uri, vscode.Uri | undefined, vscode.Uri | undefined] => {
      const now = absoluteUri(deck().folders, step.path) ?? pastFileUri(step.path, step.from?.hash, 'now');
      return [
        now,
        step.to === undefined ? undefined : pastFileUri(step.path, step.to.hash, when, now),
        step.from === undefined ? undefined : now,
      ];
    });
    if (rows.length === 0) {
      void prompts().inform(
        plan.skips.length === 0
          ? t('All files are as they were at {0}.', when)
          : t(
              'Nothing that was kept differs from {0}. The content of {1} was not kept; the rewind’s plan lists the reasons.',
              when,
              counted(plan.skips.length, 'file'),
            ),
      );
      return done;
    }
    await vscode.commands.executeCommand('vscode.changes', t('Files at {0} ↔ now', when), rows);
    if (plan.steps.length > rows.length)
      void prompts().inform(t('{0} files differ; the first {1} are shown.', plan.steps.length, rows.length));
    if (plan.skips.length > 0)
      void prompts().inform(
        t('{0} more can’t be shown: the content was not kept. The rewind’s plan lists the reasons.', counted(plan.skips.length, 'file')),
      );
    return done;
  };

  return {
    async openDiff(ids, wanted) {
      const feed = await requireFeed(deck());
      const events = (await Promise.all(ids.slice(0, 2000).map((id) => feed.reader.find(id)))).filter((event) => event !== undefined);
      const spans = fileSpans(events).filter((span) => wanted === undefined || span.path === wanted);
      const first = spans[0];
      if (first === undefined) throw new Refusal(t('No file changed here. Choose a row that tells of a file.'));
      const when = formatTime(events.at(-1)?.at ?? '');
      const shown = spans.filter((span) => canShow(span.before) && canShow(span.after)).slice(0, largestDiff);
      if (shown.length === 0)
        throw new Refusal(
          t(
            '{0} can’t be shown: {1}.',
            shownPath(first.path),
            describeSkip({ path: first.path, reason: first.before?.missing ?? first.after?.missing ?? 'lost' }),
          ),
        );
      const [left, right] = [t('{0} before', when), when];
      if (shown.length === 1 && spans.length === 1) {
        await vscode.commands.executeCommand(
          'vscode.diff',
          pastFileUri(first.from ?? first.path, first.before?.hash, left),
          pastFileUri(first.path, first.after?.hash, right),
          `${baseName(first.path)} (${when})`,
          { preview: true },
        );
      } else {
        const rows = shown.map((span) => [
          absoluteUri(deck().folders, span.path) ?? pastFileUri(span.path, undefined, right),
          span.before === undefined ? undefined : pastFileUri(span.from ?? span.path, span.before.hash, left),
          span.after === undefined ? undefined : pastFileUri(span.path, span.after.hash, right),
        ]);
        await vscode.commands.executeCommand('vscode.changes', t('Changes of {0}', when), rows);
        if (spans.length > shown.length)
          void prompts().inform(
            t(
              '{0} more changed: their content was not kept, or they are too many to show at once.',
              counted(spans.length - shown.length, 'file'),
            ),
          );
      }
      return done;
    },
    openFilesAt,
    async openFile(file, line) {
      const uri = absoluteUri(deck().folders, file);
      if (uri === undefined)
        throw new Refusal(t('{0} is not in a folder that is open. Add its folder to the workspace to see it.', shownPath(file)));
      if (!(await exists(uri))) throw new Refusal(t('{0} is not there any more. Open Changes shows what it held.', shownPath(file)));
      const position = line === undefined ? undefined : new vscode.Position(Math.max(0, line - 1), 0);
      await vscode.commands.executeCommand(
        'vscode.open',
        uri,
        position === undefined ? {} : { selection: new vscode.Range(position, position) },
      );
      return done;
    },
    async compareLastGreen() {
      const green = lastGreen((await requireFeed(deck())).state);
      if (green === undefined) throw new Refusal(t('No test or build has been seen to pass yet. Run one in the terminal.'));
      return openFilesAt(eventId(green.mark));
    },
  };
}

async function exists(uri: vscode.Uri): Promise<boolean> {
  try {
    await vscode.workspace.fs.stat(uri);
    return true;
  } catch {
    return false;
  }
}

/** A version can be shown when its content was kept, or when there was no file. */
const canShow = (version: FileVersion | undefined): version is FileVersion | undefined =>
  version === undefined || version.missing === undefined;

/** Where the file lies on disk; undefined when its folder is not open or the path would leave it. */
export function absoluteUri(folders: readonly SessionFolder[], file: WorkspacePath): vscode.Uri | undefined {
  const { folder, relative } = splitWorkspacePath(file);
  const base = folder === undefined ? folders[0] : folders.find(({ name }) => name === folder);
  return base === undefined || !isInsideFolder(relative) ? undefined : vscode.Uri.file(path.join(base.path, relative));
}
