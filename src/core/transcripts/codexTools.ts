import type { ClaimedEdit, PlanEntry, ToolKind } from '../../model/event.ts';
import { commandWords, parseCodexPatch, patchInCommand } from './codexPatch.ts';
import { asList, asRecord, asText, asWord, parseJson, toJson, type JsonRecord } from './jsonValue.ts';
import { resolveToldPath } from './toldPath.ts';

/** A call of one of Codex' tools, as its arguments tell it. */
export interface CodexCall {
  readonly name: string;
  readonly tool: ToolKind;
  /** The command line, for those that run one. */
  readonly command: string | undefined;
  readonly cwd: string | undefined;
  readonly edits: readonly ClaimedEdit[];
  readonly paths: readonly string[];
  /** What else it was called with, as JSON or as the text itself. */
  readonly input: string | undefined;
  /** The session that a `write_stdin` goes to. */
  readonly session: string | undefined;
  readonly plan: readonly PlanEntry[] | undefined;
}

const kinds: Readonly<Record<string, ToolKind>> = {
  shell: 'execute',
  shell_command: 'execute',
  local_shell: 'execute',
  local_shell_call: 'execute',
  'container.exec': 'execute',
  exec_command: 'execute',
  write_stdin: 'execute',
  exec: 'execute',
  run_shell_command: 'execute',
  apply_patch: 'edit',
  update_plan: 'think',
  spawn_agent: 'think',
  wait_agent: 'think',
  send_message: 'think',
  send_input: 'think',
  followup_task: 'think',
  list_agents: 'think',
  close_agent: 'think',
  view_image: 'read',
  read_file: 'read',
  list_dir: 'search',
  grep_files: 'search',
  tool_search: 'search',
  web_search: 'fetch',
};

/** Reads a `function_call`, `custom_tool_call`, `local_shell_call`, `web_search_call` or `tool_search_call` item. */
export function readCodexCall(item: JsonRecord, runCwd: string | undefined, hash: (text: string) => string): CodexCall {
  const type = asText(item['type']) ?? '';
  const name = callName(item, type);
  const told = item['arguments'] ?? item['input'] ?? item['action'];
  const args = asRecord(told) ?? asRecord(parseJson(told)) ?? {};
  const words = commandWords(args['command'] ?? args['cmd']);
  const cwd = resolveToldPath(args['workdir'] ?? args['working_directory'], runCwd) ?? runCwd;
  const patch = name === 'apply_patch' ? (asText(told)?.startsWith('{') ? asText(args['input']) : asText(told)) : patchInCommand(words);
  const edits = patch === undefined ? [] : parseCodexPatch(patch, cwd, hash);
  const tool = kinds[name] ?? 'other';
  const image = name === 'view_image' ? resolveToldPath(args['path'], cwd) : undefined;
  const paths = image === undefined ? edits.flatMap((edit) => (edit.from === undefined ? [edit.path] : [edit.from, edit.path])) : [image];
  const command = tool === 'execute' && words.length > 0 && name !== 'write_stdin' ? commandLine(words) : undefined;
  return {
    name,
    tool: command !== undefined && words[0] === 'apply_patch' ? 'edit' : tool,
    command,
    cwd,
    edits,
    paths,
    input: otherInput(told, args, command !== undefined, patch !== undefined),
    session: name === 'write_stdin' ? sessionOf(args['session_id']) : undefined,
    plan: name === 'update_plan' ? planOf(args['plan']) : undefined,
  };
}

/** The raw name; that of an MCP tool with its server, `mcp__server__tool`. */
function callName(item: JsonRecord, type: string): string {
  const name = asWord(item['name']) ?? type.replace(/_call$/, '');
  const namespace = asWord(item['namespace']);
  return namespace !== undefined && namespace.startsWith('mcp__') && !name.startsWith('mcp__') ? `${namespace}__${name}` : name;
}

/** The command as one would type it: the script of a `bash -lc`, else the words, quoted where they need it. */
export function commandLine(words: readonly string[]): string {
  if (words.length === 1) return words[0]!;
  const shell = /(?:^|[\\/])(?:ba|z|da|k|fi)?sh(?:\.exe)?$|(?:^|[\\/])(?:powershell|pwsh|cmd)(?:\.exe)?$/i;
  if (words.length >= 3 && shell.test(words[0]!) && /^(?:-\w*c|-command|\/c)$/i.test(words.at(-2)!)) return words.at(-1)!;
  return words.map((word) => (/^[\w@%+=:,./\\-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(' ');
}

function otherInput(told: unknown, args: JsonRecord, hasCommand: boolean, hasPatch: boolean): string | undefined {
  if (hasPatch) return undefined;
  if (typeof told === 'string' && asRecord(parseJson(told)) === undefined) return told === '' ? undefined : told;
  const rest = Object.fromEntries(Object.entries(args).filter(([key]) => !(hasCommand && (key === 'command' || key === 'cmd'))));
  return Object.keys(rest).length === 0 ? undefined : toJson(rest);
}

function sessionOf(value: unknown): string | undefined {
  return typeof value === 'number' || typeof value === 'string' ? String(value) : undefined;
}

function planOf(plan: unknown): readonly PlanEntry[] {
  return asList(plan).flatMap((value) => {
    const entry = asRecord(value);
    const content = asText(entry?.['step']);
    const status = asText(entry?.['status']);
    if (content === undefined) return [];
    return [{ content, priority: 'medium' as const, status: status === 'completed' || status === 'in_progress' ? status : 'pending' }];
  });
}
