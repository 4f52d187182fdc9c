import type { PlanEntry } from '../../model/event.ts';
import { asRecord, asText, parseJson } from './jsonValue.ts';

interface Todo {
  readonly title: string;
  readonly status: string;
}

/**
 * The Copilot CLI's list of things to do. Older versions tell it whole, as a list in Markdown (`update_todo`); newer ones
 * keep a table `todos` (id, title, description, status) that the agent writes with SQL. Of that the statements that it is
 * told to use are followed: INSERT with names, UPDATE of the status by id, DELETE by id. What else is written is not seen.
 */
export class CopilotTodos {
  #todos = new Map<string, Todo>();

  /** Takes a call that went well, with its arguments as JSON. Answers with the list when it may have changed. */
  apply(name: string, input: string | undefined): readonly PlanEntry[] | undefined {
    const args = asRecord(parseJson(input));
    if (name === 'update_todo') return markdownPlan(asText(args?.['todos']) ?? '');
    if (name === 'manage_todo_list') return Array.isArray(args?.['todoList']) ? listPlan(args['todoList']) : undefined;
    if (name !== 'sql') return undefined;
    const statements = (asText(args?.['query']) ?? '').slice(0, maxQueryLength).split(/;\s*(?:\n|$)/);
    const changed = statements.map((statement) => this.#run(statement.trim()));
    if (!changed.includes(true)) return undefined;
    return [...this.#todos.values()].map(({ title, status }) => ({ content: title, priority: 'medium', status: planStatus(status) }));
  }

  #run(statement: string): boolean {
    if (/^insert\s+(?:or\s+\w+\s+)?into\s+todos\s*\(/i.test(statement)) return this.#insert(statement);
    if (/^update\s+todos\s+set\s/i.test(statement)) return this.#update(statement);
    if (/^delete\s+from\s+todos\b/i.test(statement)) return this.#delete(statement);
    return false;
  }

  #insert(statement: string): boolean {
    const open = statement.indexOf('(');
    const close = statement.indexOf(')', open);
    const columns = statement
      .slice(open + 1, close)
      .split(',')
      .map((column) => column.trim().toLowerCase());
    for (const row of rowsOf(statement.slice(close + 1))) {
      const value = (column: string): string | undefined => row[columns.indexOf(column)];
      const id = value('id');
      const title = value('title') ?? value('description');
      if (id === undefined || title === undefined || this.#todos.size >= maxTodos) continue;
      this.#todos.set(id, { title, status: value('status') ?? 'pending' });
    }
    return true;
  }

  #update(statement: string): boolean {
    const where = statement.search(/\swhere\s/i);
    const sets = where < 0 ? statement : statement.slice(0, where);
    const ids = where < 0 ? [...this.#todos.keys()] : idsOf(statement.slice(where));
    const one = /\bstatus\s*=\s*'([^']*)'/i.exec(sets)?.[1];
    const title = /\btitle\s*=\s*'((?:[^']|'')*)'/i.exec(sets)?.[1]?.replaceAll("''", "'");
    const each = new Map([...sets.matchAll(/when\s+(?:id\s*=\s*)?'([^']*)'\s+then\s+'([^']*)'/gi)].map((match) => [match[1]!, match[2]!]));
    for (const id of ids.length > 0 ? ids : each.keys()) {
      const todo = this.#todos.get(id);
      if (todo !== undefined) this.#todos.set(id, { title: title ?? todo.title, status: each.get(id) ?? one ?? todo.status });
    }
    return true;
  }

  #delete(statement: string): boolean {
    const where = statement.search(/\swhere\s/i);
    if (where < 0) this.#todos.clear();
    else for (const id of idsOf(statement.slice(where))) this.#todos.delete(id);
    return true;
  }
}

const maxTodos = 500;
const maxQueryLength = 64 * 1024;

/** The texts that a condition on `id` names; none for another condition. */
function idsOf(where: string): string[] {
  if (!/^\s*where\s+id\s*(?:=|in\b)/i.test(where)) return [];
  return [...where.matchAll(/'([^']*)'/g)].map((match) => match[1]!);
}

/** The rows behind VALUES: the texts and words of each pair of brackets. */
function rowsOf(text: string): readonly (readonly (string | undefined)[])[] {
  const rows: (string | undefined)[][] = [];
  let row: (string | undefined)[] | undefined;
  for (const match of text.matchAll(/'((?:[^']|'')*)'|[()]|,|[^\s'(),]+/g)) {
    const [token, quoted] = match;
    if (token === '(') row = [];
    else if (token === ')') {
      if (row !== undefined) rows.push(row);
      row = undefined;
    } else if (row !== undefined && token !== ',')
      row.push(quoted === undefined ? (token.toLowerCase() === 'null' ? undefined : token) : quoted.replaceAll("''", "'"));
  }
  return rows;
}

function listPlan(list: readonly unknown[]): readonly PlanEntry[] {
  return list.flatMap((value): readonly PlanEntry[] => {
    const entry = asRecord(value);
    const content = asText(entry?.['title']);
    return content === undefined
      ? []
      : [{ content, priority: 'medium', status: planStatus(asText(entry?.['status'])?.replace('-', '_') ?? '') }];
  });
}

function markdownPlan(text: string): readonly PlanEntry[] {
  return text.split('\n').flatMap((line): readonly PlanEntry[] => {
    const entry = /^\s*[-*]\s*\[([ xX~/-]?)\]\s*(.+)$/.exec(line);
    if (entry === null) return [];
    const mark = entry[1]!.toLowerCase();
    return [
      {
        content: entry[2]!.trim(),
        priority: 'medium',
        status: mark === 'x' ? 'completed' : mark === '' || mark === ' ' ? 'pending' : 'in_progress',
      },
    ];
  });
}

function planStatus(status: string): PlanEntry['status'] {
  return status === 'done' || status === 'completed' ? 'completed' : status === 'in_progress' ? 'in_progress' : 'pending';
}
