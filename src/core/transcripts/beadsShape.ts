import type { JsonRecord } from './jsonValue.ts';

/** Which of its files a record of Beads stands in. */
export function beadsRecordKind(record: JsonRecord): 'event' | 'interaction' | 'issue' | 'other' | undefined {
  const has = (key: string): boolean => typeof record[key] === 'string';
  if (has('event_type') && has('issue_id') && has('created_at')) return 'event';
  if (has('kind') && has('created_at') && has('id') && record['type'] === undefined && (has('issue_id') || has('actor')))
    return 'interaction';
  if (has('id') && has('issue_type') && has('status')) return 'issue';
  if (!has('issue_id') || record['role'] !== undefined) return undefined;
  // Labels, dependencies and comments, which say nothing of who is at work on what.
  return has('label') || has('depends_on_id') || (has('author') && has('text')) ? 'other' : undefined;
}
