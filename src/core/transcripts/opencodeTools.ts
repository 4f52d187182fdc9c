import type { ClaimedEdit, PlanEntry, ToolKind } from '../../model/event.ts';
import { claimText } from './claimedEdit.ts';
import { parseCodexPatch } from './codexPatch.ts';
import { asCount, asList, asNumber, asRecord, asText, asWord, toJson, type JsonRecord } from './jsonValue.ts';
import { toLf } from './lines.ts';
import { resolveToldPath } from './toldPath.ts';
import type { ToldCall, ToldResult } from './toolLedger.ts';

type Hash = (text: string) => string;

const kinds: Readonly<Record<string, ToolKind>> = {
  read: 'read',
  edit: 'edit',
  multiedit: 'edit',
  write: 'edit',
  patch: 'edit',
  apply_patch: 'edit',
  bash: 'execute',
  shell: 'execute',
  glob: 'search',
  grep: 'search',
  list: 'search',
  codesearch: 'search',
  lsp: 'search',
  webfetch: 'fetch',
  websearch: 'fetch',
  task: 'think',
  todowrite: 'think',
  todoread: 'think',
  skill: 'think',
  plan_enter: 'switch_mode',
  plan_exit: 'switch_mode',
};

/** Keys of the input that the call tells elsewhere. */
const toldKeys = new Set(['command', 'content', 'description', 'edits', 'newString', 'oldString', 'patchText']);

/** @param input of a tool part's `state`. */
export function readOpencodeCall(name: string, input: unknown, runCwd: string | undefined, hash: Hash): ToldCall {
  const args = asRecord(input) ?? {};
  const tool = kinds[name] ?? 'other';
  const cwd = resolveToldPath(args['workdir'] ?? args['cwd'], runCwd) ?? runCwd;
  const command = tool === 'execute' ? asText(args['command']) : undefined;
  const path = resolveToldPath(args['filePath'] ?? args['path'], runCwd);
  const edits = tool === 'edit' ? editsOf(name, args, path, runCwd, hash) : [];
  const isTold = command !== undefined || edits.length > 0;
  const rest = Object.fromEntries(Object.entries(args).filter(([key]) => !(isTold && toldKeys.has(key))));
  const takesPath = tool === 'read' || tool === 'edit';
  return {
    name,
    tool,
    title: asWord(args['description']),
    command,
    cwd: command === undefined ? undefined : cwd,
    paths: path !== undefined && takesPath ? [path] : edits.map((edit) => edit.path),
    edits,
    input: Object.keys(rest).length === 0 ? undefined : toJson(rest),
    plan: name === 'todowrite' ? planOf(args['todos']) : undefined,
  };
}

function editsOf(name: string, args: JsonRecord, path: string | undefined, cwd: string | undefined, hash: Hash): readonly ClaimedEdit[] {
  if (name === 'patch' || name === 'apply_patch') return parseCodexPatch(asText(args['patchText'] ?? args['patch']) ?? '', cwd, hash);
  if (path === undefined) return [];
  const content = asText(args['content']);
  if (name === 'write') {
    const newText = claimText(content);
    return content === undefined ? [] : [{ path, op: 'update', ...(newText === undefined ? {} : { newText }), afterHash: hash(content) }];
  }
  const parts = name === 'multiedit' ? asList(args['edits']).map(asRecord) : [args];
  return parts.flatMap((part): readonly ClaimedEdit[] => {
    const oldText = asText(part?.['oldString']);
    const newText = asText(part?.['newString']);
    if (part === undefined || oldText === undefined || newText === undefined) return [];
    if (claimText(oldText) === undefined || claimText(newText) === undefined) return [{ path, op: 'update' }];
    const all = part['replaceAll'] === true ? { replaceAll: true } : {};
    return [{ path, op: oldText === '' ? 'create' : 'update', oldText: oldText === '' ? null : oldText, newText, ...all }];
  });
}

/**
 * Reads the `state` of a tool part that came to its end: `{status: completed | error, output, error, metadata}`. A command's
 * exit code stands in `metadata.exit`, and its failure is none of the tool's; an edit's true diff in `metadata.diff`, and in
 * older versions the whole texts in `metadata.filediff`.
 */
export function readOpencodeResult(state: JsonRecord, call: ToldCall | undefined, hash: Hash): ToldResult {
  const metadata = asRecord(state['metadata']) ?? {};
  const hasFailed = state['status'] === 'error';
  const error = asText(state['error']) ?? '';
  const output = asText(state['output']) ?? asText(metadata['output']) ?? '';
  const start = asCount(asRecord(state['time'])?.['start']);
  const end = asCount(asRecord(state['time'])?.['end']);
  const durationMs = start === undefined || end === undefined ? undefined : Math.max(0, end - start);
  const wasCut = /^(?:Tool execution aborted|Aborted)/.test(error) || /User aborted the command/.test(output.slice(-400));
  const wasRefused = /rejected permission|denied by|prevents you from using this/.test(error.slice(0, 400));
  const exit = asNumber(metadata['exit']);
  const isCommand = call?.command !== undefined;
  const isOk = !hasFailed && !wasCut && (!isCommand || (exit ?? 0) === 0);
  return {
    isOk,
    outcome: isOk ? undefined : wasCut ? 'interrupted' : wasRefused ? 'denied' : 'error',
    output: hasFailed ? error || output : output,
    edits: isOk ? editsOfResult(call, metadata, hash) : undefined,
    durationMs,
    exitCode: isCommand && (!hasFailed || wasCut) ? (wasCut ? null : (exit ?? null)) : undefined,
  };
}

/** What was written, where the result tells more than the call. */
function editsOfResult(call: ToldCall | undefined, metadata: JsonRecord, hash: Hash): readonly ClaimedEdit[] | undefined {
  const path = call?.paths[0];
  if (call === undefined || path === undefined || call.edits.length === 0) return undefined;
  if (call.name === 'write')
    return metadata['exists'] === false ? call.edits.map((edit) => ({ ...edit, op: 'create' as const, oldText: null })) : undefined;
  if (call.name !== 'edit' && call.name !== 'multiedit') return undefined;
  const filediff = asRecord(metadata['filediff']);
  const before = asText(filediff?.['before']);
  const after = asText(filediff?.['after']);
  if (before !== undefined && after !== undefined) {
    const oldText = claimText(before);
    const newText = claimText(after);
    const texts = oldText === undefined || newText === undefined ? {} : { oldText: before === '' ? null : oldText, newText };
    return [{ path, op: before === '' ? 'create' : 'update', ...texts, afterHash: hash(after) }];
  }
  const patch = claimText(asText(metadata['diff']));
  if (patch === undefined || call.edits.some((edit) => edit.op === 'create')) return undefined;
  const hunks = toLf(patch);
  const from = hunks.search(/^@@/m);
  return from < 0 ? undefined : [{ path, op: 'update', patch: hunks.slice(from) }];
}

function planOf(todos: unknown): readonly PlanEntry[] | undefined {
  if (!Array.isArray(todos)) return undefined;
  return asList(todos).flatMap((value): readonly PlanEntry[] => {
    const entry = asRecord(value);
    const content = asText(entry?.['content']);
    const status = entry?.['status'];
    const priority = entry?.['priority'];
    if (content === undefined || status === 'cancelled') return [];
    return [
      {
        content,
        priority: priority === 'high' || priority === 'low' ? priority : 'medium',
        status: status === 'completed' || status === 'in_progress' ? status : 'pending',
      },
    ];
  });
}
