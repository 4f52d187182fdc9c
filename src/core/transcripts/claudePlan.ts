import type { PlanEntry } from '../../model/event.ts';
import { asList, asRecord, asText, type JsonRecord } from './jsonValue.ts';

type Status = PlanEntry['status'];

/**
 * The to-do list of one Claude Code session, which older versions tell whole (`TodoWrite`) and newer ones by task
 * (`TaskCreate`, `TaskUpdate`, `TaskList`). Each change answers with the full list.
 */
export class ClaudePlan {
  #tasks = new Map<string, { content: string; status: Status }>();

  /** The list after a tool's result, or undefined when it changed nothing. */
  apply(name: string, args: JsonRecord, result: JsonRecord | undefined, text: string): readonly PlanEntry[] | undefined {
    switch (name) {
      case 'TodoWrite':
        this.#tasks = new Map(tasksOf(result?.['newTodos'] ?? args['todos'], 'content'));
        return this.#entries();
      case 'TaskCreate': {
        const task = asRecord(result?.['task']);
        const id = idOf(task?.['id']) ?? /Task #(\S+) created/.exec(text)?.[1];
        const content = asText(task?.['subject']) ?? asText(args['subject']);
        if (id === undefined || content === undefined) return undefined;
        this.#tasks.set(id, { content, status: 'pending' });
        return this.#entries();
      }
      case 'TaskUpdate': {
        const id = idOf(result?.['taskId']) ?? idOf(args['taskId']);
        const task = id === undefined ? undefined : this.#tasks.get(id);
        const status = asText(args['status']) ?? asText(asRecord(result?.['statusChange'])?.['to']);
        if (id === undefined || task === undefined || result?.['success'] === false) return undefined;
        const content = asText(args['subject']) ?? task.content;
        const next = status === undefined ? task.status : statusOf(status);
        if (status === 'deleted') this.#tasks.delete(id);
        else if (content === task.content && next === task.status) return undefined;
        else this.#tasks.set(id, { content, status: next });
        return this.#entries();
      }
      case 'TaskList': {
        if (!Array.isArray(result?.['tasks'])) return undefined;
        const before = JSON.stringify(this.#entries());
        this.#tasks = new Map(tasksOf(result['tasks'], 'subject'));
        const entries = this.#entries();
        return JSON.stringify(entries) === before ? undefined : entries;
      }
      default:
        return undefined;
    }
  }

  #entries(): readonly PlanEntry[] {
    return [...this.#tasks.values()].map(({ content, status }) => ({ content, priority: 'medium', status }));
  }
}

function* tasksOf(list: unknown, key: string): Iterable<[string, { content: string; status: Status }]> {
  for (const [index, value] of asList(list).entries()) {
    const task = asRecord(value);
    const content = asText(task?.[key]);
    if (content !== undefined) yield [idOf(task?.['id']) ?? `#${index}`, { content, status: statusOf(asText(task?.['status'])) }];
  }
}

function statusOf(status: string | undefined): Status {
  return status === 'completed' || status === 'in_progress' ? status : 'pending';
}

function idOf(value: unknown): string | undefined {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
}
