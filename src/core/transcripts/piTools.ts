import type { ClaimedEdit, ToolKind } from '../../model/event.ts';
import { parseCodexPatch } from './codexPatch.ts';
import { claimText } from './claimedEdit.ts';
import { asCount, asList, asNumber, asRecord, asText, toJson, type JsonRecord } from './jsonValue.ts';
import { toLf } from './lines.ts';
import { toolPlan } from './planEntries.ts';
import { resolveToldPath } from './toldPath.ts';
import type { ToldCall, ToldResult } from './toolLedger.ts';

type Hash = (text: string) => string;

/** The tools of pi, and what OpenClaw, which is built on it, has beside them. */
const kinds: Readonly<Record<string, ToolKind>> = {
  read: 'read',
  bash: 'execute',
  edit: 'edit',
  write: 'edit',
  grep: 'search',
  find: 'search',
  ls: 'search',
  apply_patch: 'edit',
  exec: 'execute',
  process: 'execute',
  web_fetch: 'fetch',
  web_search: 'fetch',
  browser: 'fetch',
  image: 'read',
  pdf: 'read',
  memory_get: 'search',
  memory_search: 'search',
  update_plan: 'think',
  agents_list: 'think',
  session_status: 'think',
  sessions_history: 'think',
  sessions_list: 'think',
  sessions_send: 'think',
  sessions_spawn: 'think',
  sessions_yield: 'think',
  subagents: 'think',
};

/** Names that are in no table (extensions' tools), by what they are called and called with. */
function kindOf(name: string, args: JsonRecord): ToolKind {
  const known = kinds[name];
  if (known !== undefined) return known;
  if (asText(args['command']) !== undefined && /shell|terminal|exec|bash|command/.test(name)) return 'execute';
  if (asText(args['path']) !== undefined && /^(?:edit|write|create)_?file$/.test(name)) return 'edit';
  return 'other';
}

/** Keys of the arguments that the call tells elsewhere. */
const toldKeys = new Set(['command', 'content', 'edits', 'oldText', 'newText', 'old_string', 'new_string', 'input']);

export function readPiCall(name: string, input: unknown, runCwd: string | undefined, hash: Hash): ToldCall {
  const args = asRecord(input) ?? {};
  const tool = kindOf(name, args);
  const cwd = resolveToldPath(args['workdir'] ?? args['cwd'], runCwd) ?? runCwd;
  const path = resolveToldPath(args['path'] ?? args['file_path'], runCwd);
  const command = tool === 'execute' && name !== 'process' ? asText(args['command']) : undefined;
  const edits = tool === 'edit' ? editsOfCall(name, args, path, runCwd, hash) : [];
  const isTold = command !== undefined || edits.length > 0;
  const rest = Object.fromEntries(Object.entries(args).filter(([key]) => !(isTold && toldKeys.has(key))));
  return {
    name,
    tool,
    command,
    cwd: command === undefined ? undefined : cwd,
    paths: path === undefined ? edits.map((edit) => edit.path) : [path],
    edits,
    input: Object.keys(rest).length > 0 ? toJson(rest) : asRecord(input) === undefined && input !== undefined ? toJson(input) : undefined,
    plan: name === 'update_plan' ? toolPlan(args['plan'], 'step') : undefined,
  };
}

function editsOfCall(
  name: string,
  args: JsonRecord,
  path: string | undefined,
  cwd: string | undefined,
  hash: Hash,
): readonly ClaimedEdit[] {
  if (name === 'apply_patch') return parseCodexPatch(asText(args['input']) ?? asText(args['patch']) ?? '', cwd, hash);
  if (path === undefined) return [];
  const content = asText(args['content']);
  if (content !== undefined) {
    const newText = claimText(content);
    return [{ path, op: 'update', ...(newText === undefined ? {} : { newText }), afterHash: hash(content) }];
  }
  const edits = Array.isArray(args['edits']) ? asList(args['edits']).map(asRecord) : [args];
  return edits.flatMap((edit): readonly ClaimedEdit[] => {
    const oldText = asText(edit?.['oldText'] ?? edit?.['old_string']);
    const newText = asText(edit?.['newText'] ?? edit?.['new_string']);
    if (oldText === undefined || newText === undefined) return [];
    const isShort = claimText(oldText) !== undefined && claimText(newText) !== undefined;
    return [{ path, op: 'update', ...(isShort ? { oldText, newText } : {}) }];
  });
}

/**
 * Reads a `toolResult` message. pi tells how a command ended by the last line of the text, OpenClaw in `details`
 * (`{status, exitCode, durationMs, cwd, aggregated}`), whose word counts: newer versions do not call a command that
 * ended otherwise than by 0 an error.
 */
export function readPiResult(message: JsonRecord, call: ToldCall | undefined): ToldResult {
  const text = resultText(message['content']);
  const details = asRecord(message['details']) ?? {};
  const isError = message['isError'] === true;
  const status = asText(details['status']);
  const durationMs = asCount(details['durationMs']);
  if (call?.command !== undefined) return readCommand(text, details, status, isError, durationMs);
  const isOk = !isError && status !== 'failed' && status !== 'error';
  return {
    isOk,
    outcome: isOk ? undefined : /^(?:Operation aborted|Aborted)/.test(text) ? 'interrupted' : 'error',
    output: text,
    durationMs,
    edits: isOk && call !== undefined && call.tool === 'edit' ? editsOfResult(call, details) : undefined,
  };
}

function readCommand(
  text: string,
  details: JsonRecord,
  status: string | undefined,
  isError: boolean,
  durationMs: number | undefined,
): ToldResult {
  if (status === 'running') return { isOk: true, outcome: 'background', output: text, durationMs };
  if (status === 'approval-pending' || status === 'approval-unavailable') return { isOk: false, outcome: 'blocked', output: text };
  if (isError && /^exec denied/i.test(text)) return { isOk: false, outcome: 'denied', output: text };
  const ending =
    /(?:^|\n)\(?Command (?:exited with code (-?\d+)|(aborted)|(timed out)[^\n]*|(terminated without an exit code))\.?\)?\s*$/.exec(text);
  const printed = ending === null ? text : text.slice(0, ending.index).replace(/\n{1,2}$/, '');
  const output = printed === '(no output)' ? '' : printed;
  if (ending?.[2] !== undefined) return { isOk: false, outcome: 'interrupted', output, durationMs, exitCode: null };
  const told = asNumber(details['exitCode']) ?? (ending?.[1] === undefined ? undefined : Number(ending[1]));
  // A failure that names no code at all never got as far as running.
  if (isError && told === undefined && ending === null && status === undefined)
    return { isOk: false, outcome: 'error', output, durationMs };
  const hasFailed = isError || status === 'failed';
  const exitCode = told ?? (hasFailed ? null : 0);
  const isOk = exitCode === 0 && !hasFailed;
  return { isOk, outcome: isOk ? undefined : 'error', output, durationMs, exitCode };
}

/** `patch` is a unified diff of the file; where only a `diff` for people is told, the call's own words stand. */
function editsOfResult(call: ToldCall, details: JsonRecord): readonly ClaimedEdit[] | undefined {
  if (call.name === 'apply_patch') return undefined;
  const [first] = call.edits;
  if (details['changed'] === false) return [];
  if (first !== undefined && first.afterHash !== undefined)
    return [{ ...first, ...(details['created'] === true ? { op: 'create' as const, oldText: null } : {}) }];
  const patch = asText(details['patch']);
  const path = call.paths[0];
  const at = patch === undefined ? -1 : patch.search(/^@@/m);
  if (patch === undefined || path === undefined || at < 0) return undefined;
  const hunks = claimText(toLf(patch.slice(at)));
  return [{ path, op: 'update', ...(hunks === undefined ? {} : { patch: hunks }) }];
}

/** The text parts; images are named by size. */
export function resultText(content: unknown): string {
  if (typeof content === 'string') return content;
  return asList(content)
    .map((value) => {
      const part = asRecord(value);
      const data = asText(part?.['data']);
      return asText(part?.['text']) ?? (data === undefined ? '' : `[image, ${data.length} characters]`);
    })
    .filter((text) => text !== '')
    .join('\n');
}
