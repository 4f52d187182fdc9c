import type { Author } from '../model/author.ts';
import { counted } from './timelineWords.ts';
import type { ConflictReason, RewindPlan, RewindSkip, RewindSkipReason, RewindStep } from './rewindPlan.ts';

const skipWords: Readonly<Record<RewindSkipReason, string>> = {
  'too-large': 'too large, its content was not kept',
  secret: 'may hold secrets, its content was not kept',
  ignored: 'ignored, never touched',
  policy: 'excluded by a setting, its content was not kept',
  unreadable: 'cannot be read',
  special: 'not a regular file',
  budget: 'beyond the budget of the first capture, its content was not kept',
  lost: 'its content before the change was not seen',
  changing: 'kept changing while it was read',
  outside: 'outside the folders of the session',
  'folder-not-open': 'in a folder that is not open now',
  'content-gone': 'its content is no longer in the store',
  'changed-since': 'changed since it was last recorded, so it is not deleted',
  'built-upon': 'what came later rests on it, so it cannot be undone alone',
  'in-the-way': 'something else stands in its place',
  conflict: 'a conflict, left as it is',
  'not-chosen': 'not chosen',
};

const conflictWords: Readonly<Record<ConflictReason, string>> = {
  'changed-since': 'changed since it was last recorded',
  unverified: 'cannot be compared with what was last recorded',
  unsaved: 'has unsaved changes in the editor',
  'changed-after-rewind': 'changed after the rewind',
  overlap: 'the same lines were changed later; both are left in the file, marked',
};

export function describeSkip(skip: RewindSkip): string {
  const words = skipWords[skip.reason];
  return skip.reason === 'in-the-way' && skip.detail !== undefined ? `${words} (${skip.detail})` : words;
}

export function describeConflict(conflict: ConflictReason): string {
  return conflictWords[conflict];
}

/** What a step does, in one word for people: `create`, `change`, `delete`, `mode`. */
export function stepVerb(step: RewindStep): 'create' | 'change' | 'delete' | 'mode' {
  if (step.act === 'delete') return 'delete';
  if (step.from === undefined) return 'create';
  return step.from.hash === step.to?.hash && step.from.type === step.to?.type ? 'mode' : 'change';
}

/** Who, in one word: the agent's or tool's name, else the actor. */
export function authorWord(author: Author): string {
  return author.name ?? author.actor;
}

/**
 * The plan as lines of plain text, the same for the command line and the editor: a heading, then writes, deletes, conflicts
 * and skips, each in the order of their paths. Paths are data: whoever shows them escapes them for its own screen.
 */
export function describePlan(plan: RewindPlan): string[] {
  const clear = plan.steps.filter((step) => step.conflict === undefined);
  const conflicts = plan.steps.filter((step) => step.conflict !== undefined);
  const writes = clear.filter((step) => step.act === 'write');
  const deletes = clear.filter((step) => step.act === 'delete');
  const what =
    plan.brought !== undefined
      ? `Bring back ${counted(plan.brought.length, 'change')}`
      : plan.undid !== undefined
        ? `Undo ${counted(plan.undid.length, 'change')} and keep what came after`
        : plan.undoes === undefined
          ? `Rewind to ${plan.target} (${plan.targetAt})`
          : `Undo rewind ${plan.undoes}`;
  const lines = [
    `${what}: ${writes.length} to write, ${deletes.length} to delete, ${conflicts.length} in conflict, ${plan.skips.length} skipped, ${plan.alreadySo} already so`,
  ];
  for (const step of writes) lines.push(`  ${stepVerb(step).padEnd(6)}  ${step.path}${byWords(step)}`);
  for (const step of deletes) lines.push(`  delete  ${step.path}${byWords(step)}`);
  for (const step of conflicts) lines.push(`  CONFLICT  ${step.path}: ${describeConflict(step.conflict!)} (would ${stepVerb(step)})`);
  for (const skip of plan.skips) lines.push(`  skip    ${skip.path}: ${describeSkip(skip)}`);
  return lines;
}

function byWords(step: RewindStep): string {
  const words = [...new Set(step.authors.map(authorWord))];
  return words.length === 0 ? '' : `  (${words.join(', ')})`;
}
