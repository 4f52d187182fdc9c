import type { Source, TapedeckEvent } from '../model/event.ts';
import type { SessionState } from '../model/sessionState.ts';
import { hashText } from './textHash.ts';

/**
 * Two processes that follow the same agent record the same facts. A fact's key is its place in the agent's own record, its kind
 * and what tells it from the other facts of that place. It is a duplicate when another writer gave it before; one writer may
 * draw several facts from one place. The first one to tell it is remembered.
 */
export function isKnownSource(state: SessionState, event: TapedeckEvent, source: Source): boolean {
  const { sources } = state.trace;
  const key = sourceKey(event, source);
  const writer = sources.get(key);
  if (writer !== undefined) return writer !== event.w;
  sources.set(key, event.w);
  forgetOldest(sources, sourceLimit);
  return false;
}

/** Keeps a map at about `limit` entries: when it has grown well beyond, those that were set first are dropped. */
export function forgetOldest(map: Map<unknown, unknown>, limit: number): void {
  // Many at once: the way to the oldest one leads over all that were forgotten since the map was last tidied.
  if (map.size <= limit + Math.min(limit >> 2, forgottenAtOnce)) return;
  for (const oldest of map.keys()) {
    if (map.size <= limit) return;
    map.delete(oldest);
  }
}

/** An hour of an agent's work. Who takes over from another recorder asks the log for what it holds; this is for those at work at once. */
const sourceLimit = 8192;
const forgottenAtOnce = 1024;

/** Of the place (as in `sourceKey` of transcripts/adapter), the kind and the detail. */
function sourceKey(event: TapedeckEvent, { file, offset, record }: Source): number {
  const place = record === undefined ? (hashFile(file) + offset * 4096) % largestHash : hashText(record);
  const detail = detailOf(event);
  const fact = hashText(event.kind, place);
  return detail === '' ? fact : hashText(detail, fact);
}

let newestFile: { readonly file: string; readonly hash: number } | undefined;

/** Most facts are of the same file as the one before. */
function hashFile(file: string): number {
  if (newestFile?.file !== file) newestFile = { file, hash: hashText(file) };
  return newestFile.hash;
}

const largestHash = 2 ** 53;

function detailOf(event: TapedeckEvent): string {
  switch (event.kind) {
    case 'tool.called':
    case 'tool.returned':
      return event.call;
    case 'command.started':
    case 'command.ended':
      return event.call ?? event.command;
    case 'file.read':
    case 'file.attributed':
      return event.path;
    case 'prompt.submitted':
    case 'reply.given':
      return `${event.text.sizeBytes} ${event.text.head.slice(0, 100)}`;
    case 'usage.reported':
      return event.response ?? '';
    default:
      return '';
  }
}
