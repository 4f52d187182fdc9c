import type { ClaimedEdit, ToolKind } from '../../model/event.ts';
import { claimText } from './claimedEdit.ts';
import { responseText } from './geminiContent.ts';
import { readShellResult, withoutWrapper } from './geminiShell.ts';
import { asCount, asList, asRecord, asText, asWord, toJson, type JsonRecord } from './jsonValue.ts';
import { toLf } from './lines.ts';
import { toolPlan } from './planEntries.ts';
import { resolveToldPath } from './toldPath.ts';
import type { ToldCall, ToldResult, ToolOutcome } from './toolLedger.ts';

type Hash = (text: string) => string;

/** The tools of Gemini CLI and of Qwen Code, which began as a copy of it. */
const kinds: Readonly<Record<string, ToolKind>> = {
  read_file: 'read',
  read_many_files: 'read',
  replace: 'edit',
  edit: 'edit',
  write_file: 'edit',
  notebook_edit: 'edit',
  run_shell_command: 'execute',
  glob: 'search',
  grep_search: 'search',
  search_file_content: 'search',
  list_directory: 'search',
  lsp: 'search',
  tool_search: 'search',
  web_fetch: 'fetch',
  web_search: 'fetch',
  google_web_search: 'fetch',
  write_todos: 'think',
  todo_write: 'think',
  save_memory: 'think',
  invoke_agent: 'think',
  codebase_investigator: 'think',
  agent: 'think',
  task: 'think',
  complete_task: 'think',
  update_topic: 'think',
  send_message: 'think',
  task_stop: 'think',
  enter_plan_mode: 'switch_mode',
  exit_plan_mode: 'switch_mode',
};

/** Keys of the arguments that the call tells elsewhere. */
const toldKeys = new Set(['command', 'content', 'old_string', 'new_string', 'todos', 'edits']);

export function readGeminiCall(name: string, told: unknown, runCwd: string | undefined, hash: Hash, title?: string): ToldCall {
  const args = asRecord(told) ?? {};
  const tool = kinds[name] ?? 'other';
  const folder = resolveToldPath(args['dir_path'] ?? args['directory'] ?? args['cwd'], runCwd) ?? runCwd;
  const path = resolveToldPath(args['file_path'] ?? args['absolute_path'] ?? args['notebook_path'] ?? args['path'], runCwd);
  const command = tool === 'execute' ? asText(args['command']) : undefined;
  const edits = tool === 'edit' && path !== undefined ? editsOfArgs(name, args, path, hash) : [];
  const plan = name === 'write_todos' ? toolPlan(args['todos'], 'description') : toolPlan(args['todos'], 'content');
  const isTold = command !== undefined || edits.length > 0 || plan !== undefined;
  const rest = Object.fromEntries(Object.entries(args).filter(([key]) => !(isTold && toldKeys.has(key))));
  const isOwnWords = command !== undefined && asText(args['description']) !== undefined;
  return {
    name,
    tool,
    title: isOwnWords ? asText(args['description']) : title === command || !isTitle(title) ? undefined : title,
    command,
    cwd: command === undefined ? undefined : folder,
    paths: path === undefined ? [] : [path],
    edits,
    plan: tool === 'think' ? plan : undefined,
    input: Object.keys(rest).length > 0 ? toJson(rest) : asRecord(told) === undefined && told !== undefined ? toJson(told) : undefined,
  };
}

/** Where a call could not be made, the tool's whole manual stands in its stead. */
const isTitle = (title: string | undefined): boolean => title !== undefined && title !== '' && title.length <= 300 && !title.includes('\n');

function editsOfArgs(name: string, args: JsonRecord, path: string, hash: Hash): readonly ClaimedEdit[] {
  const content = asText(args['content']);
  if (name === 'write_file') {
    if (content === undefined) return [];
    const newText = claimText(content);
    return [{ path, op: 'update', ...(newText === undefined ? {} : { newText }), afterHash: hash(content) }];
  }
  const oldText = asText(args['old_string']);
  const newText = asText(args['new_string']);
  if (oldText === undefined || newText === undefined) return [{ path, op: 'update' }];
  const isShort = claimText(oldText) !== undefined && claimText(newText) !== undefined;
  const all = args['allow_multiple'] === true || args['replace_all'] === true || (asCount(args['expected_replacements']) ?? 1) > 1;
  return [
    {
      path,
      op: oldText === '' ? 'create' : 'update',
      ...(isShort ? { oldText: oldText === '' ? null : oldText, newText, ...(all ? { replaceAll: true } : {}) } : {}),
    },
  ];
}

/**
 * What came of a call: its `status` (`success`, `error`, `cancelled`), the response that the model was given, and
 * `resultDisplay`, which for an edit is the file before and after. A command that ended otherwise than by 0 is a success
 * to the agent; here it is a failure, as with every other agent.
 */
export function readGeminiResult(
  call: ToldCall,
  status: string | undefined,
  response: unknown,
  display: unknown,
  runCwd: string | undefined,
  hash: Hash,
): ToldResult {
  const { text, isError } = responseText(response);
  const shown = asText(display);
  const output = withoutWrapper(text);
  if (status === 'cancelled') return readCancelled(call, output);
  if (call.command !== undefined && !isError && status !== 'error') return readShellResult(text, shown);
  const isOk = !isError && status !== 'error';
  return {
    isOk,
    outcome: isOk ? undefined : refusalOf(output),
    output: output === '' ? (shown ?? '') : output,
    edits: isOk ? editsOfDisplay(call, asRecord(display), output, runCwd, hash) : undefined,
  };
}

function refusalOf(text: string): ToolOutcome {
  return /^(?:Tool execution denied|[^\n]*denied by policy)/i.test(text.slice(0, 200)) ? 'denied' : 'error';
}

/** A call that a person refused never ran; one that was broken off did, and a command among them has an end. */
function readCancelled(call: ToldCall, text: string): ToldResult {
  const reason = text.replace(/^\[Operation Cancelled\] (?:Reason: )?/, '');
  const wasRefused = /denied|did not allow|rejected|declined/i.test(reason.slice(0, 200));
  const hadBegun = /tool execution|^Operation cancelled|^Command was cancelled/i.test(reason);
  const hasEnd = call.command !== undefined && !wasRefused && hadBegun;
  return {
    isOk: false,
    outcome: wasRefused ? 'denied' : 'interrupted',
    // Of a command that was broken off nothing more is told than that.
    output: hasEnd ? '' : text,
    exitCode: hasEnd ? null : undefined,
  };
}

function editsOfDisplay(
  call: ToldCall,
  display: JsonRecord | undefined,
  output: string,
  cwd: string | undefined,
  hash: Hash,
): readonly ClaimedEdit[] | undefined {
  if (call.tool !== 'edit') return undefined;
  const after = asText(display?.['newContent']);
  const path = resolveToldPath(display?.['filePath'], cwd) ?? call.paths[0];
  if (display === undefined || after === undefined || path === undefined) {
    // Versions without it say in words whether the file was there.
    const isNew = /^Successfully created|^Created new file/i.test(output);
    return call.edits.map((edit) => (isNew ? { ...edit, op: 'create' as const, oldText: null } : edit));
  }
  const before = display['originalContent'];
  const isNew = display['isNewFile'] === true || before === null || (display['isNewFile'] === undefined && before === '');
  const newText = claimText(after);
  const oldText = isNew ? null : claimText(asText(before));
  const diff = newText === undefined || oldText === undefined ? hunksOf(asText(display['fileDiff'])) : undefined;
  return [
    {
      path,
      op: isNew ? 'create' : 'update',
      ...(oldText === undefined || newText === undefined ? {} : { oldText, newText }),
      ...(diff === undefined ? {} : { patch: diff }),
      afterHash: hash(after),
    },
  ];
}

function hunksOf(diff: string | undefined): string | undefined {
  const at = diff === undefined ? -1 : diff.search(/^@@/m);
  return diff === undefined || at < 0 ? undefined : claimText(toLf(diff.slice(at)));
}

/** The response within a tool call's `result`, which is a list of parts, or a text. */
export function responseOf(result: unknown): unknown {
  if (typeof result === 'string') return { output: result };
  for (const value of asList(result)) {
    const response = asRecord(asRecord(value)?.['functionResponse']);
    if (response !== undefined) return response['response'];
  }
  const text = asList(result)
    .map((value) => asWord(asRecord(value)?.['text']) ?? '')
    .join('');
  return text === '' ? undefined : { output: text };
}

/** Ids of calls hold the time at which they were made, in milliseconds: `replace-1795238725081-1f39241669db`. */
export function startOfCall(id: string, from: string | undefined, to: string | undefined): string | undefined {
  const madeMs = Number(/[-_](1\d{12})(?=[-_])/.exec(id)?.[1] ?? NaN);
  if (from === undefined || to === undefined) return from;
  return madeMs > Date.parse(from) && madeMs <= Date.parse(to) ? new Date(madeMs).toISOString() : from;
}
