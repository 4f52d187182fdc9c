import type { PlanEntry } from '../model/event.ts';

/** What a person does to their own plan. `index` counts from 0. */
export type PlanEdit =
  | { readonly kind: 'add'; readonly text: string }
  | { readonly kind: 'set'; readonly index: number; readonly status: PlanEntry['status'] }
  | { readonly kind: 'drop'; readonly index: number };

/** The plan after the edit; undefined where there is no such item. One item at a time is in progress. */
export function editPlan(entries: readonly PlanEntry[], edit: PlanEdit): PlanEntry[] | undefined {
  if (edit.kind === 'add') return [...entries, { content: edit.text, priority: 'medium', status: 'pending' }];
  if (entries[edit.index] === undefined) return undefined;
  if (edit.kind === 'drop') return entries.filter((_, index) => index !== edit.index);
  return entries.map((entry, index) => {
    if (index === edit.index) return { ...entry, status: edit.status };
    return edit.status === 'in_progress' && entry.status === 'in_progress' ? { ...entry, status: 'pending' } : entry;
  });
}
