import type { EventCursor } from './eventOrder.ts';
import type { Needle, TextRange } from './searchNeedle.ts';
import { eachSearchedText } from './searchText.ts';
import type { Author } from '../model/author.ts';
import type { LoggedEvent } from '../model/event.ts';
import { eventId, type EventId, type RunId, type SessionId } from '../model/ids.ts';
import type { WorkspacePath } from '../model/workspacePath.ts';

/** What a search asks for. All that is given must hold. */
export interface SearchQuery {
  /** Looked for as it is read, not as it is escaped in the line; see `searchText` for where. */
  readonly text: string;
  readonly ignoresCase?: boolean;
  /** Kinds (`file.changed`), families of kinds (`file`), or `foreign`: what this version does not know. */
  readonly kinds?: readonly string[];
  /** Events about this file, or about one in this folder. */
  readonly path?: WorkspacePath;
  /** `user`, `agent`, `git`, or a short name: `codex`. As it was known when the event was written. */
  readonly actor?: string;
  /** Told of that run, or done by it. */
  readonly run?: RunId;
  /** ISO 8601, UTC, milliseconds; both of them belong to it. */
  readonly since?: string;
  readonly until?: string;
}

/** Where a text of an event holds what was looked for, in UTF-16 code units of that field. */
export interface SearchMatch extends TextRange {
  /** `output.head`, `edits.0.newText`. */
  readonly field: string;
}

/** An event that was found: what a list shows of it, of bounded size whatever the event holds. */
export interface SearchHit extends EventCursor {
  readonly session: SessionId;
  readonly id: EventId;
  /** As written, also where this version does not know it. */
  readonly kind: string;
  readonly by?: Author;
  readonly run?: RunId;
  readonly turn?: number;
  readonly path?: WorkspacePath;
  /** The first ones. */
  readonly matches: readonly SearchMatch[];
  readonly hasMoreMatches: boolean;
  /** The first match and what stands around it, on one line. The range is that of the match in `text`. */
  readonly excerpt: TextRange & { readonly text: string };
}

const maxMatches = 16;

/** True when the event is one that the query's filters let through, whatever its texts. */
export function isWanted(event: LoggedEvent, query: SearchQuery): boolean {
  const { kinds, path, actor, run, since, until } = query;
  if (since !== undefined && event.at < since) return false;
  if (until !== undefined && event.at > until) return false;
  if (kinds !== undefined && !isOfKind(kindOf(event), kinds) && !kinds.includes(event.kind)) return false;
  const record: Readonly<Record<string, unknown>> = recordOf(event);
  if (run !== undefined && record['run'] !== run && (record['by'] as { readonly run?: unknown } | undefined)?.run !== run) return false;
  if (actor !== undefined && !isBy(record['by'], actor)) return false;
  return path === undefined || pathsOf(record).some((own) => own === path || own.startsWith(`${path}/`));
}

export function isOfKind(kind: string, kinds: readonly string[]): boolean {
  return kinds.some((wanted) => kind === wanted || kind.startsWith(`${wanted}.`));
}

const kindOf = (event: LoggedEvent): string => (event.kind === 'foreign' ? event.foreignKind : event.kind);
const recordOf = (event: LoggedEvent): Readonly<Record<string, unknown>> => (event.kind === 'foreign' ? event.raw : event);

function isBy(by: unknown, actor: string): boolean {
  const { actor: own, name } = (by ?? {}) as { readonly actor?: unknown; readonly name?: unknown };
  return own === actor || name === actor;
}

/** The files that an event is about, as far as its fields say. */
function pathsOf(record: Readonly<Record<string, unknown>>): string[] {
  const { path, from, kind, paths, files, edits } = record;
  const told = [path, kind === 'file.renamed' ? from : undefined, ...asList(paths), ...asList(files)];
  for (const edit of asList(edits)) told.push((edit as { readonly path?: unknown } | null)?.path);
  return told.filter((own): own is string => typeof own === 'string');
}

const asList = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** What was found in an event, or undefined when none of its texts holds the needle. */
export function matchEvent(session: SessionId, event: LoggedEvent, needle: Needle): SearchHit | undefined {
  const record = recordOf(event);
  const matches: SearchMatch[] = [];
  let excerpt: SearchHit['excerpt'] | undefined;
  eachSearchedText(record, (field, text) => {
    for (const range of needle.find(text, maxMatches + 1 - matches.length)) {
      matches.push({ field, ...range });
      excerpt ??= excerptAround(text, range);
    }
    return matches.length > maxMatches;
  });
  if (excerpt === undefined) return undefined;
  const { by, run, turn, path } = record as {
    readonly by?: Author;
    readonly run?: unknown;
    readonly turn?: unknown;
    readonly path?: unknown;
  };
  return {
    session,
    at: event.at,
    w: event.w,
    n: event.n,
    id: eventId(event),
    kind: kindOf(event),
    ...(event.kind !== 'foreign' && by !== undefined && { by }),
    ...(typeof run === 'string' && { run }),
    ...(typeof turn === 'number' && { turn }),
    ...(typeof path === 'string' && { path }),
    matches: matches.slice(0, maxMatches),
    hasMoreMatches: matches.length > maxMatches,
    excerpt,
  };
}

/** True when a text of this record, as parsed, holds the needle. */
export function holdsNeedle(record: unknown, needle: Needle): boolean {
  if (typeof record !== 'object' || record === null) return false;
  return eachSearchedText(record, (_, text) => needle.find(text, 1).length > 0);
}

const charsBefore = 40;
const charsShown = 160;

function excerptAround(text: string, { from, to }: TextRange): SearchHit['excerpt'] {
  // No further back than the line's begin: what stands above it says little.
  const lineFrom = text.lastIndexOf('\n', from - 1) + 1;
  const begin = wholeFrom(text, Math.max(from === 0 ? 0 : lineFrom, from - charsBefore));
  const end = wholeFrom(text, Math.min(text.length, Math.max(begin + charsShown, Math.min(to, begin + 2 * charsShown))));
  const lead = begin > lineFrom ? '…' : '';
  const shown = text.slice(begin, end).replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, ' ');
  return {
    text: `${lead}${shown}${end < text.length ? '…' : ''}`,
    from: lead.length + from - begin,
    to: lead.length + Math.min(to, end) - begin,
  };
}

/** Never between the halves of a pair. */
function wholeFrom(text: string, at: number): number {
  const code = text.charCodeAt(at);
  return at > 0 && code >= 0xdc00 && code <= 0xdfff ? at - 1 : at;
}
