import type { ClaimedEdit } from '../../model/event.ts';
import { asList, asRecord, asText, type JsonRecord } from './jsonValue.ts';
import { claimText } from './claimedEdit.ts';
import { toLf } from './lines.ts';
import { resolveToldPath } from './toldPath.ts';

type Hash = (text: string) => string;

/**
 * The edits in a patch of Codex' own form (`*** Begin Patch` … `*** End Patch`), paths made absolute by `cwd`.
 * A part whose path is none is left out. Form: the Codex CLI's apply_patch instructions.
 */
export function parseCodexPatch(patch: string, cwd: string | undefined, hash: Hash): readonly ClaimedEdit[] {
  const edits: ClaimedEdit[] = [];
  let part: { op: 'create' | 'update' | 'delete'; path: string; moveTo: string | undefined; lines: string[] } | undefined;
  const close = (): void => {
    if (part === undefined) return;
    const path = resolveToldPath(part.path, cwd);
    const moveTo = part.moveTo === undefined ? undefined : resolveToldPath(part.moveTo, cwd);
    if (path !== undefined) {
      if (part.op === 'delete') edits.push({ path, op: 'delete', newText: null });
      else if (part.op === 'create') {
        const lines = part.lines.filter((line) => line.startsWith('+')).map((line) => line.slice(1));
        edits.push(createdEdit(path, lines.length === 0 ? '' : `${lines.join('\n')}\n`, hash));
      } else edits.push(updatedEdit(path, moveTo, part.lines.join('\n')));
    }
    part = undefined;
  };
  for (const line of toLf(patch).split('\n')) {
    const header = /^\*\*\* (Add|Update|Delete) File: (.+)$/.exec(line);
    if (header) {
      close();
      const op = header[1] === 'Add' ? 'create' : header[1] === 'Delete' ? 'delete' : 'update';
      part = { op, path: header[2]!.trim(), moveTo: undefined, lines: [] };
    } else if (line.startsWith('*** Move to: ') && part !== undefined) part.moveTo = line.slice('*** Move to: '.length).trim();
    else if (line.startsWith('*** End Patch')) close();
    else if (!line.startsWith('*** Begin Patch')) part?.lines.push(line);
  }
  close();
  return edits;
}

/** The patch within a shell command line or its words, when it is an `apply_patch`. */
export function patchInCommand(words: readonly string[]): string | undefined {
  const text = words.length >= 2 && words[0] === 'apply_patch' ? words[1]! : words.at(-1);
  if (text === undefined || !words.some((word) => word.includes('apply_patch'))) return undefined;
  const from = text.indexOf('*** Begin Patch');
  if (from < 0) return undefined;
  const to = text.indexOf('*** End Patch', from);
  return to < 0 ? text.slice(from) : text.slice(from, to + '*** End Patch'.length);
}

/**
 * The edits in the `changes` of a `FileChange` item or a `patch_apply_end` event: `{path: {type: add|delete|update, …}}`,
 * in older versions `{path: {add: {…}}}`.
 */
export function editsOfChanges(changes: unknown, cwd: string | undefined, hash: Hash): readonly ClaimedEdit[] {
  const edits: ClaimedEdit[] = [];
  for (const [told, value] of Object.entries(asRecord(changes) ?? {})) {
    const path = resolveToldPath(told, cwd);
    const { op, body } = changeOf(asRecord(value) ?? {});
    if (path === undefined || op === undefined) continue;
    if (op === 'add') edits.push(createdEdit(path, asText(body['content']) ?? '', hash));
    else if (op === 'delete') {
      const oldText = claimText(asText(body['content']));
      edits.push({ path, op: 'delete', ...(oldText === undefined ? {} : { oldText }), newText: null });
    } else edits.push(updatedEdit(path, resolveToldPath(body['move_path'], cwd), asText(body['unified_diff']) ?? ''));
  }
  return edits;
}

function changeOf(value: JsonRecord): { op: 'add' | 'delete' | 'update' | undefined; body: JsonRecord } {
  const type = value['type'];
  if (type === 'add' || type === 'delete' || type === 'update') return { op: type, body: value };
  for (const op of ['add', 'delete', 'update'] as const) {
    const body = asRecord(value[op]);
    if (body !== undefined) return { op, body };
  }
  return { op: undefined, body: value };
}

function createdEdit(path: string, content: string, hash: Hash): ClaimedEdit {
  const newText = claimText(content);
  return { path, op: 'create', oldText: null, ...(newText === undefined ? {} : { newText }), afterHash: hash(content) };
}

function updatedEdit(path: string, moveTo: string | undefined, diff: string): ClaimedEdit {
  const patch = diff === '' ? undefined : claimText(toLf(diff));
  const place: Pick<ClaimedEdit, 'path' | 'op' | 'from'> =
    moveTo === undefined || moveTo === path ? { path, op: 'update' } : { path: moveTo, op: 'move', from: path };
  return { ...place, ...(patch === undefined ? {} : { patch }) };
}

/** The words of a command told as a list, or as one text. */
export function commandWords(command: unknown): readonly string[] {
  if (typeof command === 'string') return [command];
  return asList(command).filter((word): word is string => typeof word === 'string');
}
