import type { UnixMs } from '../../base/clock.ts';
import type { Digest } from '../../model/digest.ts';
import type { EventDraft, Source } from '../../model/event.ts';
import type { RunId } from '../../model/ids.ts';

/**
 * The contract behind which every agent stands: where its records lie, how one record becomes facts, how a run is taken
 * up again. One adapter, one file, one line in table.ts; the suite in test/core/transcripts/adapterContract.ts holds each.
 *
 * Promises of a reader: it never throws, whatever the record is; it drops no record unseen (what it does not know is
 * counted in `counts.unknown` by type); the same records give the same facts, however they were cut into pieces.
 */
export interface TranscriptAdapter {
  /** Short name, also in `by.name`: `codex`, `claude`. */
  readonly id: string;
  /** For people: `Codex`, `Claude Code`. */
  readonly name: string;
  /** Programs that start it, lower case, without folder and `.exe`. */
  readonly commandNames: readonly string[];
  /** Where it keeps its transcripts on this machine. The folders need not exist. */
  roots(environment: AgentEnvironment): readonly TranscriptRoot[];
  /**
   * Is this record surely one of this agent's? By what is peculiar to its shape, for a file that lies somewhere else than
   * the agent put it. A record that could be another agent's is none of this one's; the agent with most claims has the file.
   * Of a document its pieces are asked, of a text its lines (`{line}`), of a database `{tables: […]}`, the names.
   */
  recognises(record: unknown): boolean;
  openReader(file: TranscriptFile, tools: ReaderTools): TranscriptReader;
  /** How a database of its is kept that is read when somebody names it, and not followed, since it tells what others tell. */
  readonly named?: DatabaseFraming;
  /**
   * The words that take a run up again in a terminal, the program first. Never through a shell as one string. None where
   * the agent takes it up in a view of its own alone.
   * @param key what the agent calls the conversation (RunDescription.key), for agents that ask for that.
   */
  resumeCommand(run: RunId, key?: string): readonly string[];
  /** The words that begin a new conversation with all that was said in that one, which stays as it is. Absent: it has no such command. */
  forkCommand?(run: RunId): readonly string[];
}

/** What tells where agents keep their records: the platform (Node's names), the user's own folder, the variables. */
export interface AgentEnvironment {
  readonly platform: string;
  readonly homeFolder: string;
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** The folders of the workspace, absolute: some agents keep their records there. */
  readonly folders?: readonly string[];
}

/** A folder, absolute, in which transcripts appear at any depth up to `depth` folders below it. */
export interface TranscriptRoot {
  readonly folder: string;
  readonly depth: number;
  readonly framing: Framing;
  /** True where nothing is written any more: it is looked through for what was, and not followed. */
  readonly isCold?: boolean;
  /** False for folders (`relative` below this one, with `/`) in which none can lie, where there are many such. */
  mayHold?(relative: string): boolean;
  /** True for the transcripts among the files; `relative` is the path below the folder, with `/`. */
  isTranscript(relative: string): boolean;
}

/**
 * How a file is cut into records.
 * - `json-lines`: one record a line, appended; the record is the line's value.
 * - `packed-lines`: the same packed with Zstandard, which is not written any more.
 * - `json-document`: one JSON value, written anew with each change. The records are its pieces (DocumentPiece), told again
 *   from the first one each time; the reader knows what it has told.
 * - `text-lines`: one record a line, appended; the record is `{line}`, its text without the end.
 * - `opencode-database`: a SQLite database of many sessions, each a transcript of its own; the records are the pieces of the
 *   document that `opencode export` would write of it, a message again whenever it changed.
 * - `openclaw-database`: a SQLite database of many sessions, each a transcript of its own; the records are those of the files
 *   that were before it, and before them what the database says of the session, `{type: "openclaw.session", key, …}`.
 * - `copilot-traces`: a SQLite database of what Copilot Chat did in many sessions; the records are `{span, attributes}`.
 * - `opencode-files`: the first one's from a folder of small JSON files; the transcript is the session's own file.
 */
export type Framing =
  | 'json-lines'
  | 'packed-lines'
  | 'json-document'
  | 'text-lines'
  | 'opencode-database'
  | 'opencode-files'
  | 'openclaw-database'
  | 'copilot-traces';

/** The framings of files that hold many transcripts. */
export type DatabaseFraming = Extract<Framing, 'opencode-database' | 'openclaw-database' | 'copilot-traces'>;

/**
 * A piece of a document: a member of the outermost object, or an element of a list that is such a member, in the
 * document's order. `member` is empty for the elements of a document that is a list itself. A reading begins with a start
 * and closes with an end, which says whether the document was whole.
 */
export type DocumentPiece =
  | { readonly member: null; readonly at: 'start' }
  | { readonly member: string; readonly index?: number; readonly value: unknown }
  | { readonly member: null; readonly at: 'end'; readonly isWhole: boolean };

/** One transcript: its absolute path and its path below the root, with `/`. */
export interface TranscriptFile {
  readonly path: string;
  readonly relative: string;
  /** Which of the transcripts in a database it is. `relative` ends with it then. */
  readonly session?: string;
}

export interface ReaderTools {
  readonly digest: Digest;
  /**
   * The text of a small file below the same root, by its path with `/`: agents keep beside a transcript what it does not
   * tell, such as its folder. Undefined when it is not there or too large. May tell more when asked again later.
   */
  readonly beside?: (relative: string) => string | undefined;
  /** Folders, absolute, at which the run may have been at work, for agents that tell only a hash of it. */
  readonly folders?: readonly string[];
}

/** Where a record begins, in bytes. */
export interface RecordPlace {
  readonly offset: number;
}

export interface TranscriptReader {
  /** The facts of one record, in order. `record` is what JSON.parse gave. */
  read(record: unknown, place: RecordPlace): readonly TranscriptFact[];
  /** Facts that waited for a successor, when the file has been quiet for long (minutes). Reading may go on after it. */
  quiet(): readonly TranscriptFact[];
  /** What is known of the run so far. */
  describe(): RunDescription;
  readonly counts: ReaderCounts;
}

/**
 * A fact as the record tells it: an event draft with `by`, `run`, `turn`, `src` and `at` filled where they are known.
 * Paths (`paths`, `edits[].path`, `edits[].from`, `file.read` `path`, `cwd`) are absolute and not yet mapped into the
 * workspace; the follower does that. Files that changed are not among the facts: the disk tells those, the transcript
 * only claims them, in `edits` of `tool.called` and `tool.returned`.
 *
 * `src.record` is unique over all files of the agent and the same in every copy of the record (a fork, a migrated file),
 * so that a copy is known again: see sourceKey.
 */
export type TranscriptFact = EventDraft;

export interface RunDescription {
  readonly run?: RunId;
  /** What the agent calls the conversation that the run is a part of, where it has such names: OpenClaw's session key. */
  readonly key?: string;
  /** Absolute, as told last. */
  readonly cwd?: string;
  readonly model?: string;
  readonly title?: string;
  readonly version?: string;
  readonly branch?: string;
  readonly parent?: RunId;
  readonly forkedFrom?: RunId;
  /** Prompts so far. */
  readonly turns: number;
  readonly startedAt?: UnixMs;
  readonly lastAt?: UnixMs;
}

export interface ReaderCounts {
  records: number;
  /** Records of a type this version does not know, by that type. */
  unknown: Map<string, number>;
  /** Records that are no object, or lack what their type needs. */
  misshapen: number;
}

/** What makes a fact the same fact again: the record's own id, else its place. The key of `seen` and of deduplication. */
export function sourceKey(source: Source): string {
  return source.record ?? `${source.file}@${source.offset}`;
}
