import type { Author } from '../model/author.ts';
import type { EventId } from '../model/ids.ts';
import type { WorkspacePath } from '../model/workspacePath.ts';

/**
 * What stands in one row. `turn` heads the rows of one prompt, `day` the turns of one day; `files` and `actions` (commands,
 * reads, searches) are folded runs; everything else stands alone.
 */
export type RowKind =
  | 'day'
  | 'turn'
  | 'files'
  | 'file'
  | 'actions'
  | 'action'
  | 'failure'
  | 'check'
  | 'reply'
  | 'plan'
  | 'decision'
  | 'blocker'
  | 'note'
  | 'checkpoint'
  | 'commit'
  | 'git'
  | 'rewind'
  | 'compaction'
  | 'diagnostics'
  | 'capture'
  | 'session'
  | 'foreign';

/** Whose colour it has. */
export type Lane = 'agent' | 'user' | 'tool' | 'git' | 'system' | 'unknown';

/** A small label. `note` is neutral; `doubt` says that we are not sure; `bad` and `good` what they say. */
export interface Chip {
  readonly text: string;
  readonly tone: 'note' | 'doubt' | 'bad' | 'good';
}

export interface TimelineRow {
  /** Stays the same when the row grows. */
  readonly key: string;
  readonly kind: RowKind;
  /** 1: day and what belongs to no turn; 2: in a turn; 3: inside a folded row. */
  readonly level: 1 | 2 | 3;
  /** Time of its first event, ISO 8601. */
  readonly at: string;
  /** Time of its last event. */
  readonly until: string;
  /** Oldest first. */
  readonly events: readonly EventId[];
  readonly by: Author | undefined;
  readonly lane: Lane;
  /** Said in front of the title when it isn't whom the turn belongs to. */
  readonly who: string | undefined;
  readonly title: string;
  /** The title is a command, a path or the like. */
  readonly titleKind: 'words' | 'command' | 'path';
  /** Said after the title, dimmed. */
  readonly meta: string | undefined;
  /** Said after the title in the colour of errors, such as `exit 1`. */
  readonly failure: string | undefined;
  readonly added: number | undefined;
  readonly removed: number | undefined;
  readonly durationMs: number | undefined;
  readonly chips: readonly Chip[];
  readonly isAside: boolean;
  readonly isRunning: boolean;
  /** Files it is about. */
  readonly paths: readonly WorkspacePath[];
  /** Its content can be shown as a diff. */
  readonly hasDiff: boolean;
  /** The rows folded into it; empty when there are none. */
  readonly children: readonly TimelineRow[];
  /** What a search looks through, besides the title. Texts of the events themselves, not copies. */
  readonly texts: readonly string[];
  /** Id of the decision, blocker or rewind. */
  readonly entry: string | undefined;
  /** Of a rewind: what its way back is called. */
  readonly wayBack?: 'Undo' | 'Redo';
  /** Of a rewind: the time that it went back to. */
  readonly targetAt: string | undefined;
  readonly tokens: TokenCounts | undefined;
}

/** Of a turn, as its agent told. `input` does not count the cached ones. */
export interface TokenCounts {
  readonly input: number;
  readonly output: number;
  readonly cached: number;
}

/** A row with what is not given left empty. */
export function createRow(
  row: Pick<TimelineRow, 'key' | 'kind' | 'level' | 'at' | 'title'> & { readonly [K in keyof TimelineRow]?: TimelineRow[K] },
): TimelineRow {
  return {
    until: row.at,
    events: [],
    by: undefined,
    lane: 'system',
    who: undefined,
    titleKind: 'words',
    meta: undefined,
    failure: undefined,
    added: undefined,
    removed: undefined,
    durationMs: undefined,
    chips: [],
    isAside: false,
    isRunning: false,
    paths: [],
    hasDiff: false,
    children: [],
    texts: [],
    entry: undefined,
    targetAt: undefined,
    tokens: undefined,
    ...row,
  };
}
