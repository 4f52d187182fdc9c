import type { EventOf, TapedeckEvent } from '../model/event.ts';
import { eventId } from '../model/ids.ts';
import type { Blocker, Decision, DecisionStatus, SessionState, StatusChange } from '../model/sessionState.ts';
import { markOf } from './eventOrder.ts';
import { forgetOldest } from './foldSource.ts';

const noteLimit = 200;
const planVersions = 20;
const planRuns = 64;

type EntryEvent = EventOf<
  | 'plan.changed'
  | 'decision.proposed'
  | 'decision.confirmed'
  | 'decision.rejected'
  | 'decision.superseded'
  | 'decision.disproved'
  | 'blocker.raised'
  | 'blocker.cleared'
  | 'progress.noted'
  | 'checkpoint.made'
>;

/** What people and agents log: decisions, blockers, notes, plans, checkpoints. */
export function foldEntry(state: SessionState, event: EntryEvent): void {
  switch (event.kind) {
    case 'plan.changed': {
      const versions = state.plans.get(event.run ?? '') ?? [];
      versions.push({ mark: markOf(event), run: event.run, author: event.by, entries: event.entries.map((entry) => ({ ...entry })) });
      if (versions.length > planVersions) versions.shift();
      state.plans.delete(event.run ?? '');
      state.plans.set(event.run ?? '', versions);
      forgetOldest(state.plans, planRuns);
      return;
    }
    case 'decision.proposed':
      foldDecision(state, event, 'proposed');
      return;
    case 'decision.confirmed':
      foldDecision(state, event, 'confirmed');
      return;
    case 'decision.rejected':
      changeStatus(state, event.id, {
        status: 'rejected',
        mark: markOf(event),
        author: event.by,
        ...(event.why !== undefined && { why: event.why }),
      });
      return;
    case 'decision.superseded':
      changeStatus(state, event.id, {
        status: 'superseded',
        mark: markOf(event),
        author: event.by,
        ...(event.why !== undefined && { why: event.why }),
        ...(event.successor !== undefined && { successor: event.successor }),
      });
      return;
    case 'decision.disproved':
      changeStatus(state, event.id, {
        status: 'disproved',
        mark: markOf(event),
        author: event.by,
        ...(event.why !== undefined && { why: event.why }),
        ...(event.evidence !== undefined && { evidence: [...event.evidence] }),
      });
      return;
    case 'blocker.raised': {
      const present = state.blockers.get(event.id);
      if (present?.isOpen === true) return;
      raise(state, event, {
        id: event.id,
        what: event.what,
        cause: event.cause,
        isInferred: event.inferred === true,
        evidence: [...(event.evidence ?? [])],
      });
      return;
    }
    case 'blocker.cleared': {
      const blocker = state.blockers.get(event.id);
      if (blocker === undefined) throw new Error('cleared a blocker that is not in the log');
      clear(state, blocker, event, event.why);
      return;
    }
    case 'progress.noted':
      state.notes.push({
        mark: markOf(event),
        id: event.id,
        author: event.by,
        run: event.run,
        turn: event.turn,
        text: event.text,
        isCut: false,
        isSetAside: false,
      });
      if (state.notes.length > noteLimit) state.notes.shift();
      return;
    case 'checkpoint.made':
      state.checkpoints.set(event.id, {
        id: event.id,
        label: event.label,
        reason: event.reason,
        mark: markOf(event),
        author: event.by,
        isSetAside: false,
      });
      return;
  }
}

/** Raises a blocker by rule, or adds the event to the evidence of the one that is open already. */
export function raiseInferred(
  state: SessionState,
  event: TapedeckEvent,
  blocker: { id: string; what: string; cause: string | undefined; evidence: string[] },
): void {
  const present = state.blockers.get(blocker.id);
  if (present?.isOpen === true) {
    if (present.evidence.length < evidenceLimit) present.evidence.push(...blocker.evidence);
    return;
  }
  raise(state, event, { ...blocker, isInferred: true });
}

/** Clears the blocker if a rule raised it and it is open. */
export function clearInferred(state: SessionState, event: TapedeckEvent, id: string, why: string): void {
  const blocker = state.blockers.get(id);
  if (blocker?.isInferred === true && blocker.isOpen) clear(state, blocker, event, why);
}

/** The blocker that a refused or blocked call of a run raises. */
export function refusalId(run: string | undefined, what: string): string {
  return `${refusalPrefix}${run ?? ''}:${what.slice(0, 200)}`;
}

export function isOpenRefusal({ id, isInferred, isOpen }: Blocker): boolean {
  return isInferred && isOpen && id.startsWith(refusalPrefix);
}

/** Clears the blockers that refused and blocked calls of the run raised. */
export function clearRefusals(state: SessionState, event: TapedeckEvent, run: string | undefined, why: string): void {
  if (state.trace.openRefusals === 0) return;
  const prefix = refusalId(run, '');
  for (const blocker of state.blockers.values())
    if (isOpenRefusal(blocker) && blocker.id.startsWith(prefix)) clear(state, blocker, event, why);
}

const refusalPrefix = 'blocked:';
const evidenceLimit = 20;
const blockerLimit = 400;

function raise(
  state: SessionState,
  event: TapedeckEvent,
  blocker: Pick<Blocker, 'id' | 'what' | 'cause' | 'isInferred' | 'evidence'>,
): void {
  const raised: Blocker = {
    ...blocker,
    author: event.by,
    run: event.run,
    mark: markOf(event),
    isOpen: true,
    cleared: undefined,
    isSetAside: false,
  };
  state.blockers.delete(blocker.id);
  state.blockers.set(blocker.id, raised);
  if (isOpenRefusal(raised)) state.trace.openRefusals++;
  if (state.blockers.size > blockerLimit * 1.25) forgetSettled(state);
}

/** Of blockers that a rule raised and that are cleared, the oldest: what people state stays, and what is open. */
function forgetSettled({ blockers }: SessionState): void {
  for (const blocker of blockers.values()) {
    if (blockers.size <= blockerLimit) return;
    if (blocker.isInferred && !blocker.isOpen) blockers.delete(blocker.id);
  }
}

function clear(state: SessionState, blocker: Blocker, event: TapedeckEvent, why: string | undefined): void {
  if (isOpenRefusal(blocker)) state.trace.openRefusals--;
  blocker.isOpen = false;
  blocker.cleared = { mark: markOf(event), author: event.by, why };
}

function foldDecision(state: SessionState, event: EventOf<'decision.proposed' | 'decision.confirmed'>, status: DecisionStatus): void {
  const present = state.decisions.get(event.id);
  const change: StatusChange = { status, mark: markOf(event), author: event.by, ...(event.why !== undefined && { why: event.why }) };
  if (present !== undefined) {
    // Saying it again does not take back what a person settled, nor change the words.
    if (status === 'proposed' && present.status !== 'proposed') return;
    // The words of a confirmation replace those of the proposal; what it does not say stays.
    present.what = event.what ?? present.what;
    present.why = event.why ?? present.why;
    if (event.alternatives !== undefined) present.alternatives = [...event.alternatives];
    if (event.files !== undefined) present.files = [...event.files];
    present.evidence = [...new Set([...present.evidence, ...(event.evidence ?? [])])];
    if (status === 'confirmed') {
      // A person who confirms it now has seen the files as they are now.
      present.changedFiles.clear();
      present.isStale = false;
    }
    indexFiles(state, present);
    changeStatus(state, event.id, change);
    return;
  }
  if (event.what === undefined) throw new Error('confirmed a decision that is not in the log');
  const decision: Decision = {
    id: event.id,
    rule: undefined,
    what: event.what,
    why: event.why,
    alternatives: [...(event.alternatives ?? [])],
    evidence: [...(event.evidence ?? [])],
    files: [...(event.files ?? [])],
    author: event.by,
    run: event.run,
    mark: markOf(event),
    status,
    successor: undefined,
    history: [change],
    changedFiles: new Map(),
    isStale: false,
    isSetAside: false,
  };
  state.decisions.set(event.id, decision);
  indexFiles(state, decision);
}

function indexFiles(state: SessionState, decision: Decision): void {
  for (const file of decision.files) {
    const path = file.endsWith('/') ? file.slice(0, -1) : file;
    const ids = state.trace.decisionFiles.get(path) ?? [];
    if (!ids.includes(decision.id)) ids.push(decision.id);
    state.trace.decisionFiles.set(path, ids);
  }
}

function changeStatus(state: SessionState, id: string, change: StatusChange): void {
  const decision = state.decisions.get(id);
  if (decision !== undefined && change.author.actor !== 'user' && settledBy(decision) === 'user') return;
  if (decision === undefined) throw new Error(`a decision became ${change.status} that is not in the log: ${eventId(change.mark)}`);
  decision.history.push(change);
  decision.status = change.status;
  decision.successor = change.successor;
}

/** Who gave a decision its present status: what a person settled, no agent undoes. */
function settledBy({ status, history }: Decision): string | undefined {
  return status === 'proposed' ? undefined : history.findLast((change) => change.status === status)?.author.actor;
}
