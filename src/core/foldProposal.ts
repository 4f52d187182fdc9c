import type { Author } from '../model/author.ts';
import type { EventOf, Excerpt, FileEvent, TapedeckEvent } from '../model/event.ts';
import { eventId, type EventId } from '../model/ids.ts';
import type { Decision, PendingCall, SessionState } from '../model/sessionState.ts';
import { mayAsk } from './askedQuestion.ts';
import { answerProposals, planProposal, recordProposal, wordProposals, type Proposal } from './decisionRules.ts';
import { markOf } from './eventOrder.ts';

/**
 * Decisions that rules propose (decisionRules). They are derived like the rest of the state and stand in no event of their own
 * until a person judges them: that event carries their words, so it holds whatever rules a later version has.
 * Proposals that nobody judged are bounded; the oldest go.
 */
const openLimit = 60;
const askedLimit = 4096;

/** What a call asked, when it asked a person something; undefined for all others. */
export function askedBy(event: EventOf<'tool.called'>): Excerpt | undefined {
  const { input } = event;
  if (input === undefined || input.head.length + (input.tail?.length ?? 0) > askedLimit * 2) return undefined;
  return isPlan(event.name) || mayAsk(input.head) ? { ...input } : undefined;
}

/** A call that asked came back: what the person chose or approved. */
export function proposeAnswer(state: SessionState, event: EventOf<'tool.returned'>, call: PendingCall): void {
  if (call.asked === undefined || event.status !== 'completed' || event.output === undefined) return;
  const answer = event.output.tail === undefined ? event.output.head : `${event.output.head}\n${event.output.tail}`;
  const plan = isPlan(call.name) ? planProposal(call.asked, answer) : undefined;
  const proposals = isPlan(call.name) ? (plan === undefined ? [] : [plan]) : answerProposals(call.asked, answer);
  // The agent's record tells that it was the user who answered.
  propose(state, event, proposals, { actor: 'user', how: 'transcript' });
}

export function proposeWords(state: SessionState, event: EventOf<'reply.given'>): void {
  propose(state, event, wordProposals(event.text.head, 'words'), event.by);
}

export function proposeCommit(state: SessionState, event: EventOf<'git.committed'>): void {
  if (event.body !== undefined) propose(state, event, wordProposals(event.body, 'commit'), event.by);
}

export function proposeRecord(state: SessionState, event: FileEvent): void {
  if (event.kind !== 'file.created' || event.rewind !== undefined) return;
  const proposal = recordProposal(event.path);
  if (proposal !== undefined) propose(state, event, [proposal], event.by);
}

const isPlan = (name: string): boolean => /^exit_?plan_?mode$/i.test(name);

function propose(state: SessionState, event: TapedeckEvent, proposals: readonly Proposal[], author: Author): void {
  for (const [index, proposal] of proposals.entries()) {
    const { decisions } = state;
    // Said again, it is the same decision.
    for (const known of decisions.values()) if (known.what === proposal.what) return;
    const mark = markOf(event);
    const id = `auto-${eventId(event)}${index === 0 ? '' : `-${index + 1}`}`;
    const decision: Decision = {
      id,
      rule: proposal.rule,
      what: proposal.what,
      why: proposal.why,
      alternatives: [...(proposal.alternatives ?? [])],
      evidence: [eventId(event), ...promptBefore(state, event)],
      files: [],
      author,
      run: event.run,
      mark,
      status: 'proposed',
      successor: undefined,
      history: [{ status: 'proposed', mark, author }],
      changedFiles: new Map(),
      isStale: false,
      isSetAside: false,
    };
    decisions.set(id, decision);
  }
  if (proposals.length > 0) forgetOldestProposals(state);
}

/** The prompt in whose turn it happened. */
function promptBefore(state: SessionState, event: TapedeckEvent): EventId[] {
  const prompt = state.prompts.latest.findLast(({ run }) => run === event.run);
  return prompt === undefined ? [] : [eventId(prompt.mark)];
}

function forgetOldestProposals({ decisions }: SessionState): void {
  let open = 0;
  for (const decision of decisions.values()) if (isOpenProposal(decision)) open++;
  for (const decision of decisions.values()) {
    if (open <= openLimit) return;
    if (!isOpenProposal(decision)) continue;
    decisions.delete(decision.id);
    open--;
  }
}

const isOpenProposal = ({ rule, history }: Decision): boolean => rule !== undefined && history.length === 1;
