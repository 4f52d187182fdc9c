import * as vscode from 'vscode';
import type { RewindChoice, RewindPlan, RewindSkip, RewindStep } from '../core/rewindPlan.ts';
import { describeConflict, describeSkip, stepVerb } from '../core/rewindText.ts';
import { authorName } from '../core/timelineWords.ts';
import type { WorkspacePath } from '../model/workspacePath.ts';
import type { Outcome } from '../protocol/messages.ts';
import type { Rewinder, RewindReport } from '../services/rewinder.ts';
import type { SessionFolder } from '../services/sessions.ts';
import type { ActionContext } from './actions.ts';
import type { AfterRewind } from './afterRewind.ts';
import { absoluteUri } from './fileActions.ts';
import { chooseHunks, takenWords, type StepViewer } from './hunkDialog.ts';
import { isUnsavedElsewhere } from './openDocuments.ts';
import { done, Refusal } from './outcome.ts';
import type { Choice, Prompts } from './prompts.ts';
import { shownPath } from './shownPath.ts';

/** What is asked before a rewind and said after it. */

/** More files than this are counted in the confirmation, not named: a dialog taller than the screen hides its buttons. */
const filesNamed = 20;

/** What to do when a rewind did not happen, by the reason of its report. */
function whatHelps(reason: string): string {
  const { t } = vscode.l10n;
  switch (reason) {
    case 'busy':
      return t('Wait a moment and try again; if it stays so, reload the window.');
    case 'changed-meanwhile':
      return t('Something writes to these files right now: try again when it is done.');
    case 'ENOSPC':
    case 'EDQUOT':
      return t('Free some space on the disk, then try again.');
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
    case 'EBUSY':
      return t('Close what holds the file or allow writing to it, then try again, or untick it.');
    default:
      return t('Try again, or untick the file that stands in the way.');
  }
}

/** What of a plan is wanted: whole files by path, and of some files only these hunks. */
export interface ChosenSteps {
  readonly choice: RewindChoice;
  readonly hunks: ReadonlyMap<WorkspacePath, ReadonlySet<number>>;
}

/** Shows the whole plan, to tick, file by file and change by change. Conflicts begin unticked. */
export async function chooseSteps(
  plan: RewindPlan,
  rewinder: Rewinder,
  prompts: Prompts,
  viewer: StepViewer,
  title: string,
): Promise<ChosenSteps | undefined> {
  const { t } = vscode.l10n;
  const stepOf = new Map(plan.steps.map((step) => [step.path, step]));
  const hunks = new Map<WorkspacePath, ReadonlySet<number>>();
  const describe = (step: RewindStep, amount?: string): string =>
    [amount, authorsOf(step) === '' ? undefined : t('changed by {0}', authorsOf(step))].filter((part) => part !== undefined).join(', ');
  const item = (step: RewindStep): Choice<WorkspacePath> => ({
    label: shownPath(step.path),
    icon: icons[stepVerb(step)],
    description: describe(step),
    // On a line of its own: beside the path it would be cut off.
    ...(step.conflict === undefined ? {} : { detail: conflictText(step) }),
    buttons: [
      ...(stepVerb(step) === 'change' && step.conflict !== 'overlap'
        ? [{ id: 'hunks', icon: 'list-selection', tooltip: t('Choose Changes in This File…'), asks: true }]
        : []),
      { id: 'diff', icon: 'diff', tooltip: t('Open the Difference') },
    ],
    value: step.path,
  });
  const clear = plan.steps.filter(({ conflict }) => conflict === undefined);
  const ticked = await prompts.tick(
    title,
    [
      { heading: t('write'), isTicked: true, choices: clear.filter(({ act }) => act === 'write').map(item) },
      { heading: t('delete'), isTicked: true, choices: clear.filter(({ act }) => act === 'delete').map(item) },
      {
        heading: t('conflicts'),
        isTicked: false,
        choices: plan.steps.filter(({ conflict }) => conflict !== undefined).map(item),
      },
    ],
    clear.length === plan.steps.length
      ? t('Untick what is to stay as it is')
      : t('Untick what is to stay as it is; tick a conflict to write it all the same'),
    {
      onButton: async (path, button) => {
        const step = stepOf.get(path)!;
        if (button === 'diff') {
          await viewer.show(step);
          return undefined;
        }
        const found = await rewinder.hunksOf(step);
        if (found === undefined || found.length < 2) {
          await viewer.show(step);
          void prompts.inform(t('{0} is taken whole or left alone: there is nothing in it to choose from.', shownPath(path)));
          return undefined;
        }
        const all = new Set(found.keys());
        const wanted = await chooseHunks(step, found, hunks.get(path) ?? all, prompts, viewer);
        if (wanted === undefined) return undefined;
        if (wanted.size === 0 || wanted.size === found.length) hunks.delete(path);
        else hunks.set(path, wanted);
        return {
          description: describe(step, hunks.has(path) ? takenWords(wanted.size, found.length) : undefined),
          isTicked: wanted.size > 0,
        };
      },
    },
  );
  if (ticked === undefined) return undefined;
  const taken = new Set(ticked);
  for (const path of hunks.keys()) if (!taken.has(path)) hunks.delete(path);
  return { choice: { files: new Map(plan.steps.map(({ path: file }) => [file, taken.has(file) ? 'take' : 'skip'])) }, hunks };
}

const icons: Readonly<Record<ReturnType<typeof stepVerb>, string>> = {
  create: 'diff-added',
  change: 'diff-modified',
  delete: 'diff-removed',
  mode: 'diff-modified',
};

/** Whose changes are taken back; our own rewinds are nobody's. */
function authorsOf({ authors }: RewindStep): string {
  return [
    ...new Set(
      authors
        .filter(({ name }) => name !== 'tapedeck')
        .map((by) => (by.actor === 'unknown' ? vscode.l10n.t('someone unknown') : authorName(by))),
    ),
  ].join(', ');
}

/** What a conflict is, and what taking it would do. */
const conflictText = ({ conflict, merge }: RewindStep): string =>
  merge === undefined || conflict === undefined
    ? sentence(describeConflict(conflict!))
    : vscode.l10n.t('The same lines were changed later: you decide them in the merge editor.');

const sentence = (words: string): string => `${words.slice(0, 1).toUpperCase()}${words.slice(1)}.`;

export function nameSteps(steps: readonly RewindStep[]): string {
  const { t } = vscode.l10n;
  const words: Readonly<Record<ReturnType<typeof stepVerb>, string>> = {
    create: t('bring back'),
    change: t('write'),
    delete: t('delete'),
    mode: t('set mode of'),
  };
  const lines = steps
    .slice(0, filesNamed)
    .map(
      (step) =>
        `${words[stepVerb(step)]} ${shownPath(step.path)}${step.hunks === undefined ? '' : ` (${takenWords(step.hunks.taken, step.hunks.of)})`}${step.conflict === undefined ? '' : ` (${describeConflict(step.conflict)})`}`,
    );
  if (steps.length > filesNamed) lines.push(t('and {0} more', steps.length - filesNamed));
  return lines.join('\n');
}

export function nameFirst(skips: readonly RewindSkip[]): string {
  const named = skips.slice(0, 3).map((skip) => `${shownPath(skip.path)}: ${describeSkip(skip)}`);
  if (skips.length > named.length) named.push(vscode.l10n.t('and {0} more', skips.length - named.length));
  return named.join('; ');
}

export function nameSkips(skips: readonly RewindSkip[]): string {
  if (skips.length === 0) return '';
  const { t } = vscode.l10n;
  const lines = skips.slice(0, filesNamed).map((skip) => `${shownPath(skip.path)}: ${describeSkip(skip)}`);
  if (skips.length > filesNamed) lines.push(t('and {0} more', skips.length - filesNamed));
  return `\n\n${t('Left as they are:')}\n${lines.join('\n')}`;
}

/** What such an editor holds can't be saved first, so it would be lost. */
export function refuseUnsaved(folders: readonly SessionFolder[], steps: readonly RewindStep[]): void {
  const { t } = vscode.l10n;
  const unsaved = steps.find(({ path: file }) => {
    const uri = absoluteUri(folders, file);
    return uri !== undefined && isUnsavedElsewhere(uri.fsPath);
  });
  if (unsaved !== undefined)
    throw new Refusal(
      t('{0} has unsaved changes in its editor. Save it or revert it, or untick it, then rewind again.', shownPath(unsaved.path)),
    );
}

/** Tells what a rewind did, with the way back where it has one of its own; throws with what would help when it did nothing. */
export function reportRewind(
  { prompts, trace }: Pick<ActionContext, 'prompts' | 'trace'>,
  result: RewindReport,
  what: string,
  back: string | undefined,
  others: readonly AfterRewind[] = [],
): Outcome {
  const { t } = vscode.l10n;
  if (!result.ok) {
    trace(`Rewind ${result.id} failed: ${JSON.stringify(result)}`);
    const left = result.left.map((file) => shownPath(file.path)).join(', ');
    const message = result.message.replace(/[.\s]+$/, '');
    if (!result.rolledBack)
      throw new Error(
        t('{0}. These files are neither as before nor as wanted: {1}. They are put right when the window is loaded again.', message, left),
      );
    throw new Error(t('Nothing was changed. {0}. {1}', message, whatHelps(/\b(E[A-Z]{3,})\b/.exec(result.message)?.[1] ?? result.reason)));
  }
  if (result.unrecorded !== undefined)
    void prompts().warn(
      t('The files are rewound, but the log could not take it yet. It is added when the window is loaded again. {0}', result.unrecorded),
    );
  void prompts()
    .inform(what, ...(back === undefined || result.event === undefined ? [] : [back]), ...others.map(({ title }) => title))
    .then(async (answer) => {
      if (answer === undefined) return;
      if (answer === back) await vscode.commands.executeCommand('tapedeck.undoRewind');
      else await others.find(({ title }) => title === answer)?.run();
    })
    .then(undefined, (error: unknown) => prompts().fail(error instanceof Error ? error.message : String(error)));
  return done;
}
