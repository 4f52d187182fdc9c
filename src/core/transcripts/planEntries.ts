import type { PlanEntry } from '../../model/event.ts';
import { asList, asRecord, asText } from './jsonValue.ts';

/** The entries of a list of things to do, whose words stand under `key`. What was given up is left out. */
export function toolPlan(list: unknown, key: string): readonly PlanEntry[] | undefined {
  if (!Array.isArray(list)) return undefined;
  return asList(list).flatMap((value): readonly PlanEntry[] => {
    const entry = asRecord(value);
    const content = asText(entry?.[key]);
    const status = asText(entry?.['status']);
    if (content === undefined || status === 'cancelled' || status === 'deleted') return [];
    return [{ content, priority: 'medium', status: status === 'completed' || status === 'in_progress' ? status : 'pending' }];
  });
}
