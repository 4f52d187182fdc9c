import * as vscode from 'vscode';
import { compareMarks, markOf } from '../core/eventOrder.ts';
import { pointOf } from '../core/rewindPoint.ts';
import type { LoggedFile } from '../core/touchedFiles.ts';
import { counted } from '../core/timelineWords.ts';
import type { ContentHash } from '../model/ids.ts';
import { compareFiles } from '../services/pointDiff.ts';
import type { ActionContext, Actions } from './actions.ts';
import { formatTime } from './dateText.ts';
import { withRewinder } from './deckRewinder.ts';
import { absoluteUri, largestDiff } from './fileActions.ts';
import { done, Refusal, requireFeed, turnedDown } from './outcome.ts';
import { pastFileUri } from './pastFiles.ts';
import { pickPoint } from './pointPicker.ts';

/** All files at one point beside all files at another one, in the editor's own multi-file diff. */
export function compareActions({ deck, prompts }: ActionContext): Pick<Actions, 'comparePoints'> {
  const { t } = vscode.l10n;
  return {
    async comparePoints(given) {
      const feed = await requireFeed(deck());
      const one = given ?? (await pickPoint(feed, prompts(), t('Compare Two Points: the first one')));
      if (one === undefined) return turnedDown;
      const first = await feed.reader.find(one);
      if (first === undefined) throw new Refusal(t('This point is not in the session that is shown. Choose another one.'));
      const other = await pickPoint(feed, prompts(), t('Compare {0} with…', formatTime(pointOf(first).at)));
      const second = other === undefined ? undefined : await feed.reader.find(other);
      if (other === undefined || second === undefined) return turnedDown;
      const isInOrder = compareMarks(markOf(first), markOf(second)) <= 0;
      const [from, to] = isInOrder ? [one, other] : [other, one];
      const [left, right] = (isInOrder ? [first, second] : [second, first]).map((event) => formatTime(pointOf(event).at)) as [
        string,
        string,
      ];
      const differences = await withRewinder(deck(), feed, async (rewinder) =>
        compareFiles(await rewinder.filesAt(from), await rewinder.filesAt(to)),
      );
      if (differences.length === 0) {
        void prompts().inform(t('No file differs between {0} and {1}.', left, right));
        return done;
      }
      const shown = differences.filter(({ before, after }) => canShow(before) && canShow(after)).slice(0, largestDiff);
      if (shown.length > 0)
        await vscode.commands.executeCommand(
          'vscode.changes',
          t('Files at {0} ↔ {1}', left, right),
          shown.map(({ path, before, after }) => {
            const beside = absoluteUri(deck().folders, path);
            const uriOf = (file: LoggedFile, when: string): vscode.Uri | undefined =>
              file.state === 'absent' ? undefined : pastFileUri(path, hashOf(file), when, beside);
            return [beside ?? pastFileUri(path, undefined, right), uriOf(before, left), uriOf(after, right)];
          }),
        );
      if (differences.length > shown.length)
        void prompts().inform(
          t(
            '{0} more changed: their content was not kept, or they are too many to show at once.',
            counted(differences.length - shown.length, 'file'),
          ),
        );
      return done;
    },
  };
}

const hashOf = (file: LoggedFile): ContentHash | undefined => (file.state === 'version' ? file.version.hash : undefined);

/** A version can be shown when its content was kept, or when there was no file. */
const canShow = (file: LoggedFile): boolean => file.state === 'absent' || hashOf(file) !== undefined;
