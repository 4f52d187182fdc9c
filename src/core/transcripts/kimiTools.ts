import type { ClaimedEdit, PlanEntry, ToolKind } from '../../model/event.ts';
import { claimText } from './claimedEdit.ts';
import { asCount, asList, asRecord, asText, asWord, toJson, type JsonRecord } from './jsonValue.ts';
import { resolveToldPath } from './toldPath.ts';
import type { ToldCall, ToldResult } from './toolLedger.ts';

type Hash = (text: string) => string;

/** The tools of Kimi Code, and those of Kimi CLI by their older names. */
const kinds: Readonly<Record<string, ToolKind>> = {
  Read: 'read',
  ReadFile: 'read',
  ReadMediaFile: 'read',
  Edit: 'edit',
  StrReplaceFile: 'edit',
  Write: 'edit',
  WriteFile: 'edit',
  Bash: 'execute',
  Shell: 'execute',
  Glob: 'search',
  Grep: 'search',
  FetchURL: 'fetch',
  SearchWeb: 'fetch',
  WebSearch: 'fetch',
  Agent: 'think',
  AgentSwarm: 'think',
  SetTodoList: 'think',
  Task: 'think',
  Think: 'think',
  TodoList: 'think',
  EnterPlanMode: 'switch_mode',
  ExitPlanMode: 'switch_mode',
};

const toldKeys = new Set(['command', 'content', 'edit', 'old_string', 'new_string', 'replace_all', 'todos']);

/** @param display what the program shows of the call, which tells absolute paths and the folder of a command. */
export function readKimiCall(name: string, told: unknown, display: unknown, runCwd: string | undefined, hash: Hash): ToldCall {
  const args = asRecord(told) ?? {};
  const shown = asRecord(display) ?? {};
  const tool = kinds[name] ?? 'other';
  const command = tool === 'execute' ? asText(args['command']) : undefined;
  const path = resolveToldPath(tool === 'read' || tool === 'edit' ? (shown['path'] ?? args['path']) : undefined, runCwd);
  const edits = tool === 'edit' && path !== undefined ? editsOf(args, path, hash) : [];
  const plan = name === 'TodoList' || name === 'SetTodoList' ? planOf(args['todos']) : undefined;
  const isTold = command !== undefined || edits.length > 0 || plan !== undefined;
  const rest = Object.fromEntries(Object.entries(args).filter(([key]) => !(isTold && toldKeys.has(key))));
  return {
    name,
    tool,
    title: asWord(args['description']),
    command,
    cwd: command === undefined ? undefined : (resolveToldPath(args['cwd'] ?? shown['cwd'], runCwd) ?? runCwd),
    paths: path === undefined ? [] : [path],
    edits,
    plan,
    input: Object.keys(rest).length > 0 ? toJson(rest) : asRecord(told) === undefined && told !== undefined ? toJson(told) : undefined,
  };
}

function editsOf(args: JsonRecord, path: string, hash: Hash): readonly ClaimedEdit[] {
  const content = asText(args['content']);
  if (content !== undefined) {
    if (args['mode'] === 'append') return [{ path, op: 'update' }];
    const newText = claimText(content);
    return [{ path, op: 'update', ...(newText === undefined ? {} : { newText }), afterHash: hash(content) }];
  }
  const told = args['edit'] === undefined ? [args] : Array.isArray(args['edit']) ? asList(args['edit']) : [args['edit']];
  return told.map((value): ClaimedEdit => {
    const edit = asRecord(value) ?? {};
    const oldText = claimText(asText(edit['old_string'] ?? edit['old']));
    const newText = claimText(asText(edit['new_string'] ?? edit['new']));
    if (oldText === undefined || newText === undefined || oldText === '') return { path, op: 'update' };
    return { path, op: 'update', oldText, newText, ...(edit['replace_all'] === true ? { replaceAll: true } : {}) };
  });
}

function planOf(todos: unknown): readonly PlanEntry[] | undefined {
  if (!Array.isArray(todos)) return undefined;
  return asList(todos).flatMap((value): readonly PlanEntry[] => {
    const entry = asRecord(value);
    const content = asText(entry?.['title'] ?? entry?.['content']);
    const status = entry?.['status'];
    if (content === undefined) return [];
    const isDone = status === 'done' || status === 'completed';
    return [{ content, priority: 'medium', status: isDone ? 'completed' : status === 'in_progress' ? 'in_progress' : 'pending' }];
  });
}

/**
 * What came of a call: `{output, isError?, durationMs?}`. A command that failed says its exit code at the end; one that
 * did not had 0. A file that was not there is not told apart from one that was.
 */
export function readKimiResult(
  call: ToldCall | undefined,
  told: unknown,
  isInBackground: boolean,
  isDenied: boolean,
  isInterrupted: boolean,
): ToldResult {
  const result = asRecord(told) ?? {};
  const output = outputOf(result['output']);
  const durationMs = asCount(result['durationMs']);
  const isError = result['isError'] === true;
  if (isError && isDenied) return { isOk: false, outcome: 'denied', output, durationMs };
  if (isError && isInterrupted)
    return { isOk: false, outcome: 'interrupted', output, durationMs, ...(call?.command === undefined ? {} : { exitCode: null }) };
  if (call?.command === undefined) return { isOk: !isError, outcome: isError ? 'error' : undefined, output, durationMs };
  if (isInBackground && !isError) return { isOk: true, outcome: 'background', output, durationMs };
  const end = /\n?(?:Command (?:failed with|exited with)|Failed with) exit code:? (-?\d+)\.?\s*$/.exec(output);
  const wasCut = isError && end === null && /(?:timed out|timeout|killed by)/i.test(output.slice(-200));
  const hasRun = !isError || end !== null || wasCut;
  return {
    isOk: !isError,
    outcome: isError ? 'error' : undefined,
    output: end === null ? output : output.slice(0, end.index),
    durationMs,
    ...(hasRun ? { exitCode: end === null ? (isError ? null : 0) : Number(end[1]) } : {}),
  };
}

function outputOf(output: unknown): string {
  if (typeof output === 'string') return output;
  return asList(output)
    .flatMap((value) => asText(asRecord(value)?.['text']) ?? [])
    .join('\n');
}
