import type { ClaimedEdit, ToolKind } from '../../model/event.ts';
import { claimText } from './claimedEdit.ts';
import { parseCodexPatch } from './codexPatch.ts';
import { asRecord, asText, asWord, toJson, type JsonRecord } from './jsonValue.ts';
import { toolPlan } from './planEntries.ts';
import { resolveToldPath } from './toldPath.ts';
import type { ToldCall } from './toolLedger.ts';

type Hash = (text: string) => string;

const kinds: Readonly<Record<string, ToolKind>> = {
  Read: 'read',
  ReadFile: 'read',
  read_file: 'read',
  ApplyPatch: 'edit',
  Delete: 'edit',
  Edit: 'edit',
  EditNotebook: 'edit',
  StrReplace: 'edit',
  Write: 'edit',
  edit_file: 'edit',
  Bash: 'execute',
  Shell: 'execute',
  run_terminal_cmd: 'execute',
  Glob: 'search',
  Grep: 'search',
  LS: 'search',
  ReadLints: 'search',
  SemanticSearch: 'search',
  codebase_search: 'search',
  WebFetch: 'fetch',
  WebSearch: 'fetch',
  Agent: 'think',
  Subagent: 'think',
  Task: 'think',
  TodoWrite: 'think',
  CreatePlan: 'switch_mode',
  SwitchMode: 'switch_mode',
};

const toldKeys = new Set(['command', 'contents', 'content', 'file_text', 'new_string', 'old_string', 'patch', 'replace_all', 'todos']);

/** A call as its arguments tell it; what came of it is not told. */
export function readCursorCall(name: string, told: unknown, runCwd: string | undefined, hash: Hash): ToldCall {
  const args = asRecord(told) ?? {};
  const tool = kinds[name] ?? 'other';
  const path = resolveToldPath(args['path'] ?? args['file_path'] ?? args['target_file'], runCwd);
  const command = tool === 'execute' ? asText(args['command']) : undefined;
  const edits = tool === 'edit' ? editsOf(name, args, told, path, runCwd, hash) : [];
  const plan = name === 'TodoWrite' && args['merge'] !== true ? toolPlan(args['todos'], 'content') : undefined;
  const isTold = command !== undefined || edits.length > 0 || plan !== undefined;
  const rest = Object.fromEntries(Object.entries(args).filter(([key]) => !(isTold && toldKeys.has(key))));
  const takesPath = tool === 'read' || tool === 'edit';
  return {
    name,
    tool,
    title: asWord(args['description']) ?? asWord(args['explanation']),
    command,
    cwd: command === undefined ? undefined : (resolveToldPath(args['working_directory'] ?? args['cwd'], runCwd) ?? runCwd),
    paths: path !== undefined && takesPath ? [path] : edits.map((edit) => edit.path),
    edits,
    plan,
    input: Object.keys(rest).length > 0 ? toJson(rest) : undefined,
  };
}

function editsOf(
  name: string,
  args: JsonRecord,
  told: unknown,
  path: string | undefined,
  cwd: string | undefined,
  hash: Hash,
): readonly ClaimedEdit[] {
  if (name === 'ApplyPatch') return parseCodexPatch(asText(told) ?? asText(args['patch']) ?? asText(args['input']) ?? '', cwd, hash);
  if (path === undefined) return [];
  if (name === 'Delete') return [{ path, op: 'delete', newText: null }];
  const contents = asText(args['contents'] ?? args['content'] ?? args['file_text']);
  if (contents !== undefined && args['old_string'] === undefined) {
    const newText = claimText(contents);
    return [{ path, op: 'update', ...(newText === undefined ? {} : { newText }), afterHash: hash(contents) }];
  }
  const oldText = claimText(asText(args['old_string']));
  const newText = claimText(asText(args['new_string']));
  if (oldText === undefined || newText === undefined || oldText === '') return [{ path, op: 'update' }];
  return [{ path, op: 'update', oldText, newText, ...(args['replace_all'] === true ? { replaceAll: true } : {}) }];
}
