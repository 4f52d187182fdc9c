import type { ClaimedEdit, ToolKind } from '../../model/event.ts';
import { claimText } from './claimedEdit.ts';
import { parseCodexPatch } from './codexPatch.ts';
import { asCount, asList, asRecord, asText, asWord, parseJson, toJson, type JsonRecord } from './jsonValue.ts';
import { toLf } from './lines.ts';
import { resolveToldPath } from './toldPath.ts';
import type { ToldCall, ToldResult } from './toolLedger.ts';

type Hash = (text: string) => string;

/** The tools by the names that a task shows, and those of Cline's own program. */
const kinds: Readonly<Record<string, ToolKind>> = {
  appliedDiff: 'edit',
  apply_patch: 'edit',
  editedExistingFile: 'edit',
  editor: 'edit',
  fileDeleted: 'edit',
  insertContent: 'edit',
  newFileCreated: 'edit',
  searchAndReplace: 'edit',
  readFile: 'read',
  read_files: 'read',
  codebaseSearch: 'search',
  listCodeDefinitionNames: 'search',
  listFilesRecursive: 'search',
  listFilesTopLevel: 'search',
  searchFiles: 'search',
  search_codebase: 'search',
  execute_command: 'execute',
  run_commands: 'execute',
  fetch_web_content: 'fetch',
  webFetch: 'fetch',
  webSearch: 'fetch',
  finishTask: 'think',
  newTask: 'think',
  spawn_agent: 'think',
  summarizeTask: 'think',
  updateTodoList: 'think',
  switchMode: 'switch_mode',
};

const toldKeys = new Set(['command', 'commands', 'content', 'diff', 'new_text', 'old_text', 'patch', 'tool']);

/** A call as a task shows it: `{tool, path, diff, content, …}`. */
export function readShownCall(told: JsonRecord, cwd: string | undefined, hash: Hash): ToldCall {
  const name = asWord(told['tool']) ?? 'tool';
  const tool = kinds[name] ?? 'other';
  const paths = [told, ...asList(told['batchFiles']).map(asRecord), ...asList(told['batchDiffs']).map(asRecord)].flatMap(
    (entry) => resolveToldPath(entry?.['path'], cwd) ?? [],
  );
  const takesPath = tool === 'read' || tool === 'edit';
  const edits = tool === 'edit' && paths[0] !== undefined ? shownEdits(name, told, paths[0], hash) : [];
  const batch = asList(told['batchDiffs']).flatMap((value): readonly ClaimedEdit[] => {
    const entry = asRecord(value);
    const path = resolveToldPath(entry?.['path'], cwd);
    const diff = asText(entry?.['content']) ?? asText(asRecord(asList(entry?.['diffs'])[0])?.['content']);
    return path === undefined ? [] : diffEdits(path, diff);
  });
  const rest = Object.fromEntries(Object.entries(told).filter(([key]) => !toldKeys.has(key)));
  return {
    name,
    tool,
    paths: takesPath ? paths : [],
    edits: batch.length > 0 ? batch : edits,
    input: Object.keys(rest).length > 0 ? toJson(rest) : undefined,
  };
}

function shownEdits(name: string, told: JsonRecord, path: string, hash: Hash): readonly ClaimedEdit[] {
  const content = asText(told['content']);
  const diff = asText(told['diff']);
  if (name === 'fileDeleted') return [{ path, op: 'delete', newText: null }];
  if (name === 'newFileCreated') {
    if (content === undefined) return [{ path, op: 'create', oldText: null }];
    const newText = claimText(content);
    return [{ path, op: 'create', oldText: null, ...(newText === undefined ? {} : { newText }), afterHash: hash(content) }];
  }
  return diffEdits(path, diff ?? content);
}

const blockStart = /^(?:<{7}|-{7}) SEARCH>?\s*$/;
const blockMiddle = /^={7}\s*$/;
const blockEnd = /^(?:>{7}|\+{7}) REPLACE>?\s*$/;

/** A unified diff, or blocks of what is sought and what takes its place. */
function diffEdits(path: string, told: string | undefined): readonly ClaimedEdit[] {
  const diff = told === undefined || told.length > maxDiffLength ? undefined : toLf(told);
  if (diff === undefined) return [{ path, op: 'update' }];
  if (/^@@ /m.test(diff)) {
    const patch = claimText(diff.slice(diff.search(/^@@ /m)));
    return [{ path, op: 'update', ...(patch === undefined ? {} : { patch }) }];
  }
  const edits: ClaimedEdit[] = [];
  let sought: string[] | undefined;
  let placed: string[] | undefined;
  for (const line of diff.split('\n')) {
    if (blockStart.test(line)) [sought, placed] = [[], undefined];
    else if (sought !== undefined && placed === undefined && blockMiddle.test(line)) placed = [];
    else if (sought !== undefined && placed !== undefined && blockEnd.test(line)) {
      const oldText = claimText(lineText(sought));
      const newText = claimText(lineText(placed));
      if (oldText !== undefined && newText !== undefined && oldText !== '') edits.push({ path, op: 'update', oldText, newText });
      [sought, placed] = [undefined, undefined];
    } else if (placed !== undefined) placed.push(line);
    else if (sought?.length === 0 && /^(?::(?:start|end)_line:\s*\d+|-{7})\s*$/.test(line)) continue;
    else sought?.push(line);
  }
  return edits.length > 0 ? edits : [{ path, op: 'update' }];
}

const lineText = (lines: readonly string[]): string => (lines.length === 0 ? '' : `${lines.join('\n')}\n`);
const maxDiffLength = 4 * 1024 * 1024;

/** A call in a message: `run_commands {commands}`, `editor {path, old_text, new_text}`, `read_files {files}` and others. */
export function readClineCall(name: string, told: unknown, cwd: string | undefined, hash: Hash): ToldCall {
  const args = asRecord(told) ?? {};
  const tool = kinds[name] ?? 'other';
  const commands = commandsOf(args);
  const files = [args, ...asList(args['files']).map(asRecord), ...asList(args['file_paths']).map((path) => ({ path }))];
  const paths = tool === 'read' || tool === 'edit' ? files.flatMap((file) => resolveToldPath(file?.['path'], cwd) ?? []) : [];
  const path = paths[0];
  const edits =
    name === 'apply_patch'
      ? parseCodexPatch(asText(args['input']) ?? asText(args['patch']) ?? asText(told) ?? '', cwd, hash)
      : tool === 'edit' && path !== undefined
        ? editorEdits(args, path, hash)
        : [];
  const isTold = tool === 'execute' || edits.length > 0;
  const rest = Object.fromEntries(Object.entries(args).filter(([key]) => !(isTold && toldKeys.has(key))));
  return {
    name,
    tool,
    command: tool === 'execute' && commands.length > 0 ? commands.join('\n') : undefined,
    cwd: tool === 'execute' ? cwd : undefined,
    paths: paths.length > 0 ? paths : edits.map((edit) => edit.path),
    edits,
    input: Object.keys(rest).length > 0 ? toJson(rest) : undefined,
  };
}

export function commandsOf(args: JsonRecord): readonly string[] {
  const list = args['commands'] ?? args['command'];
  return (Array.isArray(list) ? list : [list]).flatMap((value) => asText(value) ?? asText(asRecord(value)?.['command']) ?? []);
}

function editorEdits(args: JsonRecord, path: string, hash: Hash): readonly ClaimedEdit[] {
  const next = asText(args['new_text']);
  const before = asText(args['old_text']);
  if (next === undefined || asCount(args['insert_line']) !== undefined) return [{ path, op: 'update' }];
  const newText = claimText(next);
  if (before === undefined || before === '')
    return [{ path, op: 'update', ...(newText === undefined ? {} : { newText }), afterHash: hash(next) }];
  const oldText = claimText(before);
  return [{ path, op: 'update', ...(oldText === undefined || newText === undefined ? {} : { oldText, newText }) }];
}

/** One of what a call answered: it may have been asked for several things at once. */
export interface ClineAnswer {
  readonly query: string | undefined;
  readonly output: string;
  readonly isOk: boolean;
  readonly exitCode: number | null | undefined;
}

/** `{query, result, error?, success}`, a list of these, the JSON of either, or words alone. */
export function readClineAnswers(content: unknown, isError: boolean): readonly ClineAnswer[] {
  const parsed = typeof content === 'string' && /^\s*[[{]/.test(content) ? (parseJson(content) ?? content) : content;
  const list = Array.isArray(parsed) ? parsed : [parsed];
  return list.map((value): ClineAnswer => {
    const entry = asRecord(value);
    const error = asText(entry?.['error']);
    const words = asText(value) ?? asText(entry?.['result']) ?? asText(entry?.['text']) ?? '';
    const isOk = !isError && error === undefined && entry?.['success'] !== false;
    const end = /Command exited with code (-?\d+)/.exec(error ?? words.slice(0, 200));
    const isCommandEnd = entry?.['query'] !== undefined || end !== null;
    return {
      query: asText(entry?.['query']),
      output: words.replace(/^\[Command exited with code -?\d+\]\s*/, '') || (error ?? ''),
      isOk,
      exitCode: end !== null ? Number(end[1]) : isCommandEnd ? (isOk ? 0 : null) : undefined,
    };
  });
}

/** The answers of one call together. */
export function readClineResult(call: ToldCall | undefined, answers: readonly ClineAnswer[]): ToldResult {
  const isOk = answers.every((answer) => answer.isOk);
  const output = answers.map((answer) => answer.output).join('\n');
  const wasRefused = !isOk && /(?:rejected|denied|declined) by (?:the )?user|user (?:rejected|denied|declined)/i.test(output.slice(0, 500));
  const isCreated = call?.name === 'editor' && /File created successfully/.test(output.slice(0, 200));
  return {
    isOk,
    outcome: isOk ? undefined : wasRefused ? 'denied' : 'error',
    output,
    ...(isCreated ? { edits: call.edits.map((edit) => ({ ...edit, op: 'create' as const, oldText: null })) } : {}),
    ...(call?.command === undefined || wasRefused || answers.length !== 1 ? {} : { exitCode: answers[0]?.exitCode }),
  };
}
