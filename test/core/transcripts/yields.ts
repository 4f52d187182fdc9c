import type { TranscriptFact } from '../../../src/core/transcripts/adapter.ts';

/** What an agent's records may yield, each by the fact that shows it. */
export const yields: Readonly<Record<string, (fact: TranscriptFact) => boolean>> = {
  prompt: (fact) => fact.kind === 'prompt.submitted' && fact.provenance === 'user',
  'prompt by others': (fact) => fact.kind === 'prompt.submitted' && fact.provenance !== 'user',
  reply: (fact) => fact.kind === 'reply.given',
  call: (fact) => fact.kind === 'tool.called',
  result: (fact) => fact.kind === 'tool.returned',
  duration: (fact) => fact.kind === 'tool.returned' && fact.durationMs !== undefined,
  'exit code': (fact) => fact.kind === 'command.ended' && fact.exitCode !== null,
  read: (fact) => fact.kind === 'file.read',
  edit: (fact) =>
    (fact.kind === 'tool.called' || fact.kind === 'tool.returned') &&
    (fact.edits ?? []).some((edit) => edit.newText !== undefined || edit.patch !== undefined),
  plan: (fact) => fact.kind === 'plan.changed',
  question: (fact) => fact.kind === 'tool.called' && /(?:^|_)ask_|AskUser|AskQuestion|question|request_user_input/.test(fact.name),
  refusal: (fact) => fact.kind === 'tool.returned' && fact.outcome === 'denied',
  'sub-agent': (fact) => fact.kind === 'run.started' && fact.parent !== undefined,
  compaction: (fact) => fact.kind === 'run.compacted',
  resume: (fact) => fact.kind === 'run.resumed',
  fork: (fact) => fact.kind === 'run.forked',
  rewind: (fact) => fact.kind === 'run.rewound',
  model: (fact) => (fact.kind === 'run.started' || fact.kind === 'run.changed') && fact.model !== undefined,
  tokens: (fact) => fact.kind === 'usage.reported',
  cost: (fact) => fact.kind === 'usage.reported' && fact.costUsd !== undefined,
  branch: (fact) => (fact.kind === 'run.started' || fact.kind === 'run.changed') && fact.branch !== undefined,
  cwd: (fact) => (fact.kind === 'run.started' || fact.kind === 'run.changed') && fact.cwd !== undefined,
  title: (fact) => (fact.kind === 'run.started' || fact.kind === 'run.changed') && fact.title !== undefined,
  mode: (fact) => fact.kind === 'run.changed' && fact.mode !== undefined,
  interruption: (fact) =>
    (fact.kind === 'turn.ended' && fact.stopReason === 'cancelled') || (fact.kind === 'tool.returned' && fact.outcome === 'interrupted'),
  error: (fact) => fact.kind === 'run.failed',
  'turn end': (fact) => fact.kind === 'turn.ended',
};
