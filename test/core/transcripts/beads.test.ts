import { expect, test } from 'vitest';
import { beadsAdapter } from '../../../src/core/transcripts/beads.ts';
import { tell } from './script.ts';

const change = (id: string, actor: string, issue: string, field: string, value: string) => ({
  id,
  kind: 'field_change',
  created_at: '2026-11-20T10:00:00Z',
  actor,
  issue_id: issue,
  extra: { field, new_value: value },
});

test('[A58] the work of each who is named in Beads is his plan, and whether he is a person is not said', () => {
  const told = tell(beadsAdapter, 'w/.beads/interactions.jsonl', [
    change('int-1', 'dev', 'w-1', 'title', 'Mend the gate'),
    change('int-2', 'dev', 'w-1', 'status', 'in_progress'),
    change('int-3', 'dev', 'w-1', 'priority', '2'),
    change('int-4', 'mayor', 'w-1', 'assignee', 'nux'),
    change('int-5', 'nux', 'w-1', 'status', 'closed'),
  ]);
  expect(
    told.of('plan.changed').map((fact) => [fact.run, fact.by.actor, fact.entries.map(({ content, status }) => `${content}: ${status}`)]),
  ).toEqual([
    ['beads/dev', 'unknown', ['Mend the gate: in_progress']],
    ['beads/nux', 'unknown', ['Mend the gate: in_progress']],
    ['beads/nux', 'unknown', ['Mend the gate: completed']],
  ]);
  expect(told.of('run.started')[0]).toMatchObject({ cwd: '/t/w', title: 'dev' });
});

test('[A58] work that was closed in an agent’s session is told of that session’s run, once', () => {
  const issue = {
    id: 'w-1',
    title: 'Mend',
    issue_type: 'bug',
    status: 'closed',
    closed_at: '2026-11-20T10:00:00Z',
    close_reason: 'swings',
  };
  const told = tell(beadsAdapter, 'issues.jsonl', [
    { ...issue, closed_by_session: '625d02c2' },
    { ...issue, id: 'w-2', closed_by_session: '' },
  ]);
  expect(told.facts).toMatchObject([{ kind: 'progress.noted', run: '625d02c2', text: 'Closed w-1: Mend (swings)' }]);
});
