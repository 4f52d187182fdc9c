import type { ClaimedEdit, ToolKind } from '../../model/event.ts';
import { claimText } from './claimedEdit.ts';
import { parseCodexPatch } from './codexPatch.ts';
import { asList, asRecord, asText, asWord, parseJson, toJson, type JsonRecord } from './jsonValue.ts';
import { resolveToldPath } from './toldPath.ts';
import type { ToldCall, ToldResult } from './toolLedger.ts';

type Hash = (text: string) => string;

const kinds: Readonly<Record<string, ToolKind>> = {
  view: 'read',
  edit: 'edit',
  create: 'edit',
  str_replace_editor: 'edit',
  apply_patch: 'edit',
  bash: 'execute',
  shell: 'execute',
  powershell: 'execute',
  local_shell: 'execute',
  read_bash: 'execute',
  write_bash: 'execute',
  stop_bash: 'execute',
  list_bash: 'execute',
  read_powershell: 'execute',
  write_powershell: 'execute',
  stop_powershell: 'execute',
  list_powershell: 'execute',
  rg: 'search',
  grep: 'search',
  glob: 'search',
  list: 'search',
  web_fetch: 'fetch',
  web_search: 'fetch',
  fetch: 'fetch',
  task: 'think',
  read_agent: 'think',
  list_agents: 'think',
  sql: 'think',
  update_todo: 'think',
  report_intent: 'think',
  store_memory: 'think',
  exit_plan_mode: 'switch_mode',
  // Those of VS Code's Copilot Chat.
  read_file: 'read',
  create_file: 'edit',
  replace_string_in_file: 'edit',
  multi_replace_string_in_file: 'edit',
  insert_edit_into_file: 'edit',
  run_in_terminal: 'execute',
  get_terminal_output: 'execute',
  grep_search: 'search',
  file_search: 'search',
  semantic_search: 'search',
  list_dir: 'search',
  fetch_webpage: 'fetch',
  runSubagent: 'think',
  manage_todo_list: 'think',
};

/** Keys of the arguments that the call tells elsewhere. */
const toldKeys = new Set([
  'command',
  'content',
  'description',
  'file_text',
  'new_str',
  'newString',
  'old_str',
  'oldString',
  'replacements',
]);

/** Arguments are an object, a patch as a text, or (in VS Code's transcripts) JSON in a text. */
export function readCopilotCall(name: string, told: unknown, cwd: string | undefined, hash: Hash): ToldCall {
  const parsed = asRecord(told) ?? asRecord(parseJson(told));
  const args = parsed ?? {};
  // The older editor is one tool with commands of its own.
  const verb = name === 'str_replace_editor' ? asText(args['command']) : undefined;
  const tool = verb === 'view' ? 'read' : (kinds[name] ?? 'other');
  const command = verb === undefined && tool === 'execute' ? asText(args['command']) : undefined;
  const path = resolveToldPath(args['path'] ?? args['filePath'], cwd);
  const edits = tool === 'edit' ? editsOf(name, verb, args, told, path, cwd, hash) : [];
  const isTold = command !== undefined || edits.length > 0;
  const rest = Object.fromEntries(Object.entries(args).filter(([key]) => !(isTold && toldKeys.has(key))));
  const input =
    Object.keys(rest).length > 0
      ? toJson(rest)
      : parsed === undefined && told !== undefined && edits.length === 0
        ? toJson(told)
        : undefined;
  const takesPath = tool === 'read' || tool === 'edit';
  return {
    name,
    tool,
    title: asWord(args['description']),
    command,
    cwd: command === undefined ? undefined : cwd,
    paths: path !== undefined && takesPath ? [path] : edits.map((edit) => edit.path),
    edits,
    input,
  };
}

function editsOf(
  name: string,
  verb: string | undefined,
  args: JsonRecord,
  told: unknown,
  path: string | undefined,
  cwd: string | undefined,
  hash: Hash,
): readonly ClaimedEdit[] {
  if (name === 'apply_patch') return parseCodexPatch(asText(told) ?? asText(args['patch']) ?? asText(args['input']) ?? '', cwd, hash);
  if (name === 'multi_replace_string_in_file')
    return asList(args['replacements']).flatMap((value): readonly ClaimedEdit[] => {
      const part = asRecord(value);
      const place = resolveToldPath(part?.['filePath'], cwd);
      return part === undefined || place === undefined ? [] : [replacement(place, part)];
    });
  if (path === undefined) return [];
  const content = asText(args['file_text'] ?? args['content']);
  if (content !== undefined && (name === 'create' || name === 'create_file' || verb === 'create')) {
    const newText = claimText(content);
    return [{ path, op: 'create', oldText: null, ...(newText === undefined ? {} : { newText }), afterHash: hash(content) }];
  }
  return [verb === 'insert' || name === 'insert_edit_into_file' ? { path, op: 'update' } : replacement(path, args)];
}

function replacement(path: string, args: JsonRecord): ClaimedEdit {
  const oldText = claimText(asText(args['old_str'] ?? args['oldString']));
  // Without a new text the old one is taken out.
  const newText = claimText(asText(args['new_str'] ?? args['newString']) ?? '');
  return { path, op: 'update', ...(oldText === undefined || newText === undefined ? {} : { oldText, newText }) };
}

export interface CopilotResult extends ToldResult {
  /** The shell that the result speaks of. */
  readonly shell?: string;
  /** How the command in that shell ended. */
  readonly endedWith?: number;
}

/**
 * Reads `tool.execution_complete`: `{success, result: {content, detailedContent}, error: {message, code}}`. A shell's
 * last line tells how the command ended, `<shellId: 3 completed with exit code 0>` or `<exited with exit code 0>`, or
 * that it goes on.
 */
export function readCopilotResult(data: JsonRecord, call: ToldCall | undefined, isDenied: boolean, wasAborted: boolean): CopilotResult {
  const result = asRecord(data['result']);
  const error = asRecord(data['error']);
  const told = asText(result?.['content']) ?? textsOf(result?.['contents']);
  const failure = asText(error?.['message']) ?? asText(data['error']) ?? '';
  const end = /\n?<(?:shellId: (\S+) completed|exited) with exit code (-?\d+)>\s*$/.exec(told);
  const shell = end?.[1] ?? /<(?:command started in background with|command with|command) shellId: (\S+?)[ >]/.exec(told)?.[1];
  const exitCode = end === null ? undefined : Number(end[2]);
  const isCommand = call?.command !== undefined;
  const isInBackground = isCommand && exitCode === undefined && shell !== undefined;
  const succeeded = data['success'] !== false;
  const isOk = succeeded && (!isCommand || (exitCode ?? 0) === 0);
  const wasRefused = isDenied || /^(?:rejected|denied)/.test(asText(error?.['code']) ?? '');
  const wasCut = !isOk && !wasRefused && (wasAborted || failure.startsWith('The execution of this tool was interrupted'));
  // A failure without an end is of a command that never began, if it was not broken off.
  const hasRun = isCommand && !isInBackground && (succeeded || exitCode !== undefined || wasCut);
  const output = end === null ? told : told.slice(0, end.index);
  return {
    isOk,
    outcome: isInBackground && isOk ? 'background' : isOk ? undefined : wasRefused ? 'denied' : wasCut ? 'interrupted' : 'error',
    output: output === '' ? failure : output,
    ...(hasRun ? { exitCode: exitCode ?? null } : {}),
    ...(shell === undefined ? {} : { shell }),
    ...(exitCode === undefined ? {} : { endedWith: exitCode }),
  };
}

function textsOf(contents: unknown): string {
  return asList(contents)
    .flatMap((value) => asText(asRecord(value)?.['text']) ?? [])
    .join('\n');
}
