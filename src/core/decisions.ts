import type { PlanEntry } from '../model/event.ts';
import type { Blocker, Decision, PlanVersion, SessionState } from '../model/sessionState.ts';
import { isInAside } from './foldRewind.ts';

export interface DecisionGroups {
  /** Confirmed by a person, and in force. */
  readonly inForce: readonly Decision[];
  /** Said by an agent or by rule, confirmed by nobody. */
  readonly proposed: readonly Decision[];
  /** Rejected, superseded or disproved: not to be taken again without a new reason. */
  readonly dropped: readonly Decision[];
  /** Taken in a stretch that a rewind set aside. */
  readonly setAside: readonly Decision[];
}

/** All decisions by what they are worth now, oldest first in each group. */
export function groupDecisions(state: SessionState): DecisionGroups {
  const all = [...state.decisions.values()];
  const live = all.filter(({ isSetAside }) => !isSetAside);
  return {
    inForce: live.filter(({ status }) => status === 'confirmed'),
    proposed: live.filter(({ status }) => status === 'proposed'),
    dropped: live.filter(
      (decision) =>
        (decision.status === 'rejected' && !isDismissed(decision)) || decision.status === 'superseded' || decision.status === 'disproved',
    ),
    setAside: all.filter(({ isSetAside }) => isSetAside),
  };
}

/** A rule's proposal that a person waved off without a reason: then nothing was decided, one way or the other. */
export function isDismissed({ rule, status, history }: Decision): boolean {
  return rule !== undefined && status === 'rejected' && history.findLast((change) => change.status === status)?.why === undefined;
}

/** Open blockers: those that somebody stated first, then those that a rule raised; the newest first in each. */
export function openBlockers(state: SessionState): Blocker[] {
  const open = [...state.blockers.values()].filter(({ isOpen }) => isOpen).toReversed();
  return [...open.filter(({ isInferred }) => !isInferred), ...open.filter(({ isInferred }) => isInferred)];
}

/** The plan that holds now for each run: its newest version that no rewind set aside. The run that planned last comes first. */
export function currentPlans(state: SessionState): PlanVersion[] {
  return [...state.plans.values()]
    .map((versions) => versions.findLast(({ mark }) => !isInAside(state.aside, mark)))
    .filter((plan) => plan !== undefined)
    .toReversed();
}

export function isLeft(entry: PlanEntry): boolean {
  return entry.status !== 'completed';
}
