import type { ClaimedEdit, ToolKind } from '../../model/event.ts';
import { claimText } from './claimedEdit.ts';
import { asList, asNumber, asRecord, asText, asWord, toJson, type JsonRecord } from './jsonValue.ts';
import { toLf } from './lines.ts';
import { resolveToldPath } from './toldPath.ts';

type Hash = (text: string) => string;

/** A call of one of Claude Code's tools, as its input tells it. */
export interface ClaudeCall {
  readonly name: string;
  readonly tool: ToolKind;
  readonly title: string | undefined;
  readonly command: string | undefined;
  readonly paths: readonly string[];
  readonly edits: readonly ClaimedEdit[];
  readonly input: string | undefined;
  /** The input itself, for what is told only when it came to its end. */
  readonly args: JsonRecord;
}

const kinds: Readonly<Record<string, ToolKind>> = {
  Read: 'read',
  NotebookRead: 'read',
  Edit: 'edit',
  MultiEdit: 'edit',
  Write: 'edit',
  NotebookEdit: 'edit',
  Bash: 'execute',
  PowerShell: 'execute',
  BashOutput: 'execute',
  KillShell: 'execute',
  KillBash: 'execute',
  Glob: 'search',
  Grep: 'search',
  LS: 'search',
  LSP: 'search',
  ToolSearch: 'search',
  WebFetch: 'fetch',
  WebSearch: 'fetch',
  web_search: 'fetch',
  Task: 'think',
  Agent: 'think',
  TodoWrite: 'think',
  TodoRead: 'think',
  TaskCreate: 'think',
  TaskUpdate: 'think',
  TaskList: 'think',
  TaskGet: 'think',
  TaskOutput: 'think',
  EnterPlanMode: 'switch_mode',
  ExitPlanMode: 'switch_mode',
  exit_plan_mode: 'switch_mode',
};

/** Keys of an input that the call tells elsewhere. */
const toldKeys = new Set(['command', 'content', 'old_string', 'new_string', 'edits', 'new_source']);

export function readClaudeCall(name: string, input: unknown, cwd: string | undefined, hash: Hash): ClaudeCall {
  const args = asRecord(input) ?? {};
  const path = resolveToldPath(args['file_path'] ?? args['notebook_path'] ?? args['path'], cwd);
  const tool = kinds[name] ?? 'other';
  const edits = path === undefined || tool !== 'edit' ? [] : editsOfInput(name, args, path, hash);
  const command = tool === 'execute' ? asText(args['command']) : undefined;
  const rest = Object.entries(args).filter(([key]) => !((edits.length > 0 || command !== undefined) && toldKeys.has(key)));
  const told =
    rest.length === 0
      ? Object.keys(args).length === 0 && input !== undefined && asRecord(input) === undefined
        ? toJson(input)
        : undefined
      : toJson(Object.fromEntries(rest));
  return {
    name,
    tool,
    title: asWord(args['description'])?.slice(0, 300),
    command,
    paths: path === undefined ? [] : [path],
    edits,
    input: told,
    args,
  };
}

function editsOfInput(name: string, args: JsonRecord, path: string, hash: Hash): readonly ClaimedEdit[] {
  if (name === 'Write') {
    const content = asText(args['content']);
    return content === undefined ? [] : [wholeEdit(path, 'update', content, undefined, hash)];
  }
  if (name === 'NotebookEdit') return [{ path, op: 'update' }];
  const edits = name === 'MultiEdit' ? asList(args['edits']).map(asRecord) : [args];
  return edits.flatMap((edit): readonly ClaimedEdit[] => {
    const oldText = asText(edit?.['old_string']);
    const newText = asText(edit?.['new_string']);
    if (edit === undefined || oldText === undefined || newText === undefined) return [];
    if (claimText(oldText) === undefined || claimText(newText) === undefined) return [{ path, op: 'update' }];
    return [
      {
        path,
        op: oldText === '' ? 'create' : 'update',
        oldText: oldText === '' ? null : oldText,
        newText,
        ...(edit['replace_all'] === true ? { replaceAll: true } : {}),
      },
    ];
  });
}

/** A whole file as the agent wrote it. `oldText` undefined: not told; null: there was none. */
function wholeEdit(path: string, op: 'create' | 'update', content: string, oldText: string | null | undefined, hash: Hash): ClaimedEdit {
  const newText = claimText(content);
  return {
    path,
    op,
    ...(oldText === undefined ? {} : { oldText }),
    ...(newText === undefined ? {} : { newText }),
    afterHash: hash(content),
  };
}

/**
 * The edits that a successful result tells: `structuredPatch` is what was really written, also when the person changed
 * the proposal. Undefined when the result says nothing (sub-agents' files); then the call's own claim stands. Claude Code
 * shows CRLF files with LF.
 */
export function editsOfResult(
  call: ClaudeCall,
  result: JsonRecord | undefined,
  cwd: string | undefined,
  hash: Hash,
): readonly ClaimedEdit[] | undefined {
  if (call.tool !== 'edit' || result === undefined) return undefined;
  if (result['staged'] === true) return [];
  const path = resolveToldPath(result['filePath'] ?? result['notebook_path'], cwd);
  if (path === undefined) return undefined;
  const whole = asText(result['updated_file']);
  if (whole !== undefined) return [wholeEdit(path, 'update', whole, undefined, hash)];
  const content = asText(result['content']);
  if (content !== undefined && (result['type'] === 'create' || result['type'] === 'update'))
    return [wholeEdit(path, result['type'], content, result['type'] === 'create' ? null : undefined, hash)];
  const patch = hunksText(result['structuredPatch']);
  if (patch === undefined || patch === '') return undefined;
  const short = claimText(patch);
  return [{ path, op: 'update', ...(short === undefined ? {} : { patch: short }) }];
}

/** `structuredPatch` as the text of a unified diff. */
function hunksText(value: unknown): string | undefined {
  if (!Array.isArray(value)) return undefined;
  const lines: string[] = [];
  for (const entry of value) {
    const hunk = asRecord(entry);
    if (hunk === undefined) return undefined;
    const place = (start: string, count: string): string => `${asNumber(hunk[start]) ?? 1},${asNumber(hunk[count]) ?? 0}`;
    lines.push(`@@ -${place('oldStart', 'oldLines')} +${place('newStart', 'newLines')} @@`);
    for (const line of asList(hunk['lines'])) if (typeof line === 'string') lines.push(toLf(line));
  }
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
}

/** The words of a `tool_result`'s content; images are named by size. */
export function resultText(content: unknown): string {
  if (typeof content === 'string') return content;
  const texts: string[] = [];
  for (const value of asList(content)) {
    const part = asRecord(value);
    if (part === undefined) continue;
    const text = asText(part['text']);
    const data = asText(asRecord(part['source'])?.['data']);
    if (text !== undefined) texts.push(text);
    else if (data !== undefined) texts.push(`[image, ${data.length} characters]`);
    else if (typeof part['tool_name'] === 'string') texts.push(part['tool_name']);
  }
  return texts.join('\n');
}
