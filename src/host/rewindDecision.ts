import * as vscode from 'vscode';
import { settleRewind, type RewindChoice, type RewindPlan, type RewindStep } from '../core/rewindPlan.ts';
import type { WorkspacePath } from '../model/workspacePath.ts';
import type { Rewinder } from '../services/rewinder.ts';
import type { ActionContext } from './actions.ts';
import { chooseHunks, StepViewer } from './hunkDialog.ts';
import { chooseSteps, nameSkips, nameSteps, refuseUnsaved, type ChosenSteps } from './rewindDialog.ts';
import { shownPath } from './shownPath.ts';
import { counted } from '../core/timelineWords.ts';

/** What is asked about a plan. */
export interface RewindQuestion {
  /** Above the list. */
  readonly title: string;
  /** `files`: one file's name, or how many. */
  readonly message: (files: string) => string;
  readonly note: string;
  readonly action: string;
  /** The files are listed to be ticked only where there is a conflict. */
  readonly listsConflictsOnly?: boolean;
}

export interface RewindDecision {
  readonly plan: RewindPlan;
  readonly choice: RewindChoice;
  readonly steps: readonly RewindStep[];
}

/**
 * The plan to tick, per file and per change, then a confirmation that names the files. Nothing is done here. One single clear
 * file needs no list: its confirmation names it, and leads to its changes. Undefined: turned away, or nothing was left.
 */
export async function decideRewind(
  { deck, prompts }: Pick<ActionContext, 'deck' | 'prompts'>,
  rewinder: Rewinder,
  plan: RewindPlan,
  question: RewindQuestion,
): Promise<RewindDecision | undefined> {
  const { t } = vscode.l10n;
  const viewer = new StepViewer(deck().folders);
  const single = plan.steps.length === 1 && plan.steps[0]!.conflict === undefined ? plan.steps[0] : undefined;
  const isClear = plan.steps.every(({ conflict }) => conflict === undefined);
  try {
    const chosen: ChosenSteps | undefined =
      single !== undefined || (question.listsConflictsOnly === true && isClear)
        ? { choice: {}, hunks: new Map() }
        : await chooseSteps(plan, rewinder, prompts(), viewer, question.title);
    if (chosen === undefined) return undefined;
    const hunks = single === undefined ? undefined : await rewinder.hunksOf(single);
    let wanted: ReadonlyMap<WorkspacePath, ReadonlySet<number>> = chosen.hunks;
    for (;;) {
      const decided = await rewinder.withHunks(plan, wanted);
      const { steps, skips } = settleRewind(decided, chosen.choice);
      if (steps.length === 0) return undefined;
      refuseUnsaved(deck().folders, steps);
      const answer = await prompts().confirm({
        message: question.message(steps.length === 1 ? shownPath(steps[0]!.path) : counted(steps.length, 'file')),
        detail: `${nameSteps(steps)}${nameSkips(skips)}\n\n${question.note}`,
        action: question.action,
        ...(single === undefined || hunks === undefined || hunks.length < 2 ? {} : { otherAction: t('Choose Changes…') }),
      });
      if (answer === undefined) return undefined;
      if (answer === 'action') return { plan: decided, choice: chosen.choice, steps };
      const taken = await chooseHunks(single!, hunks!, wanted.get(single!.path) ?? new Set(hunks!.keys()), prompts(), viewer);
      if (taken !== undefined && taken.size > 0) wanted = new Map([[single!.path, taken]]);
    }
  } finally {
    await viewer.close();
  }
}
