import type { TapedeckEvent } from '../model/event.ts';
import type { SessionState } from '../model/sessionState.ts';
import { sourceKey as placeOf } from './transcripts/adapter.ts';

/**
 * Two processes that follow the same agent record the same facts. A fact's key is its place in the agent's own record, its kind
 * and what tells it from the other facts of that place. It is a duplicate when another writer gave it before; one writer may
 * draw several facts from one place.
 */
export function isKnownSource(state: SessionState, event: TapedeckEvent): boolean {
  const writer = state.trace.sources.get(sourceKey(event));
  return writer !== undefined && writer !== event.w;
}

export function rememberSource(state: SessionState, event: TapedeckEvent): void {
  const { sources } = state.trace;
  const key = sourceKey(event);
  if (sources.has(key)) return;
  sources.set(key, event.w);
  forgetOldest(sources, sourceLimit);
}

/** Keeps a map at about `limit` entries: when it has grown well beyond, those that were set first are dropped. */
export function forgetOldest(map: Map<unknown, unknown>, limit: number): void {
  // Many at once: the way to the oldest one leads over all that were forgotten since the map was last tidied.
  if (map.size <= limit + Math.min(limit, forgottenAtOnce)) return;
  for (const oldest of map.keys()) {
    if (map.size <= limit) return;
    map.delete(oldest);
  }
}

const sourceLimit = 100_000;
const forgottenAtOnce = 1024;

function sourceKey(event: TapedeckEvent): string {
  return [event.src === undefined ? '' : placeOf(event.src), event.kind, detailOf(event)].join('\u0000');
}

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
