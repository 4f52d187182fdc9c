import type { TranscriptFact } from '../core/transcripts/adapter.ts';
import type { ClaimedEdit, EventDraft } from '../model/event.ts';
import type { ToldPathMap } from './toldPathMap.ts';

/**
 * A fact with its paths as the log names them. Paths outside of the workspace are left out and the fact stays; only the
 * reading of a file outside is no fact of this workspace (undefined), its tool call is.
 */
export async function toWorkspaceFact(fact: TranscriptFact, paths: ToldPathMap): Promise<EventDraft | undefined> {
  switch (fact.kind) {
    case 'tool.called': {
      const { paths: told, edits, ...rest } = fact;
      const mapped = await mapPaths(told ?? [], paths);
      const mappedEdits = await mapEdits(edits ?? [], paths);
      return { ...rest, ...(mapped.length === 0 ? {} : { paths: mapped }), ...(mappedEdits.length === 0 ? {} : { edits: mappedEdits }) };
    }
    case 'tool.returned': {
      const { edits, ...rest } = fact;
      const mappedEdits = await mapEdits(edits ?? [], paths);
      return { ...rest, ...(mappedEdits.length === 0 ? {} : { edits: mappedEdits }) };
    }
    case 'file.read': {
      const path = await paths.toWorkspacePath(fact.path);
      return path === undefined ? undefined : { ...fact, path };
    }
    default:
      return fact;
  }
}

async function mapPaths(told: readonly string[], paths: ToldPathMap): Promise<string[]> {
  const mapped = await Promise.all(told.map((path) => paths.toWorkspacePath(path)));
  return [...new Set(mapped.filter((path) => path !== undefined))];
}

async function mapEdits(edits: readonly ClaimedEdit[], paths: ToldPathMap): Promise<ClaimedEdit[]> {
  const mapped = await Promise.all(edits.map((edit) => mapEdit(edit, paths)));
  return mapped.flat();
}

/** A move across the border of the workspace is, seen from within, a creation or a deletion. */
async function mapEdit(edit: ClaimedEdit, paths: ToldPathMap): Promise<readonly ClaimedEdit[]> {
  const { from: toldFrom, ...rest } = edit;
  const path = await paths.toWorkspacePath(edit.path);
  const from = toldFrom === undefined ? undefined : await paths.toWorkspacePath(toldFrom);
  if (path === undefined) return from === undefined ? [] : [{ path: from, op: 'delete', newText: null }];
  if (edit.op === 'move' && from === undefined)
    return [{ path, op: 'create', ...(edit.afterHash === undefined ? {} : { afterHash: edit.afterHash }) }];
  return [{ ...rest, path, ...(from === undefined ? {} : { from }) }];
}
