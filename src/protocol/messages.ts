import type { Author } from '../model/author.ts';
import type { LoggedEvent } from '../model/event.ts';
import type { EventId, SessionId } from '../model/ids.ts';
import type { AsideRange } from '../model/sessionState.ts';
import type { WorkspacePath } from '../model/workspacePath.ts';

/**
 * What host and page say to each other. The page may vanish and come back at any time (a hidden view loses its document
 * and every message sent to it), so it pulls: it asks `ready` whenever it is made, with what it still holds, and the host
 * answers with all it needs. Pushed notices only keep a page fresh that has asked. All of it is plain JSON.
 * Texts from the log are data: the page shows them as text, the host checks every id and path that comes back.
 */

/** The place of an event in the order of the log. */
export interface LogCursor {
  readonly at: string;
  readonly w: string;
  readonly n: number;
}

/**
 * `recording`, `paused`, `degraded` (recording, but something is lost or late: `reason` says what), `off` (no session is
 * open here), `viewing` (a session that is not being recorded here), `untrusted` (workspace not trusted: history only),
 * `noFolder` (no folder is open).
 */
export type RecordingState = 'recording' | 'paused' | 'degraded' | 'off' | 'viewing' | 'untrusted' | 'noFolder';

export interface Header {
  readonly state: RecordingState;
  /** One sentence in plain words, for `degraded` and wherever it helps. */
  readonly reason?: string | undefined;
  /** Absent when there is nothing to show: no session was ever recorded here, or there is no folder. */
  readonly session?: SessionId | undefined;
  readonly label?: string | undefined;
  /** What to call a session without a label: the words of its first prompt. */
  readonly title?: string | undefined;
  /** Names of the session's folders, first one first. */
  readonly folders: readonly string[];
  /** ISO 8601. */
  readonly startedAt?: string | undefined;
  /** ISO 8601; absent while the session goes on. */
  readonly endedAt?: string | undefined;
  readonly counts: { readonly events: number; readonly files: number; readonly agents: number };
  /** The log's health in few words, such as `Log healthy` or `2 damaged places in the log`, and a line for each of the first places. */
  readonly log?: { readonly isHealthy: boolean; readonly text: string; readonly findings?: readonly string[] } | undefined;
  readonly lastGreen?: LastGreen | undefined;
  /** Earlier sessions are recorded here. */
  readonly hasHistory: boolean;
  /** What agents kept of this folder from before; absent where that is not known, or there is nothing. */
  readonly past?: PastSummary | undefined;
  /** The rewind that can be undone now. */
  readonly undoableRewind?: string | undefined;
  /** IANA name; absent: the page's own. */
  readonly timeZone?: string | undefined;
}

/** Runs of agents that were found beside the log. */
export interface PastSummary {
  readonly count: number;
  /** There are more than were counted. */
  readonly hasMore: boolean;
  /** The newest ones. `at` is ISO 8601. */
  readonly newest: readonly { readonly title: string; readonly agent: string; readonly at: string }[];
}

/** The last point at which tests or build were seen to pass. */
export interface LastGreen {
  readonly event: EventId;
  readonly at: string;
  /** Files changed since. */
  readonly changedFiles: number;
}

/** Some events in the order of the log, oldest first. */
export interface EventsPage {
  readonly events: readonly LoggedEvent[];
  /** Who did it as known now, where a later finding differs from the event's own `by`. */
  readonly authors: Readonly<Record<EventId, Author>>;
  /** There are older events than the first of these. */
  readonly hasMore: boolean;
}

/**
 * A stretch of the log, oldest first, as lines of JSON in UTF-8: bytes reach the page at once, and it parses them when it has
 * the time. `hasOlder` and `hasNewer`: there are events before the first, behind the last of these.
 */
export interface PackedPage {
  readonly lines: Uint8Array;
  readonly authors: Readonly<Record<EventId, Author>>;
  readonly hasOlder: boolean;
  readonly hasNewer: boolean;
}

/** Next to what the page holds, around an event or a time, or the newest. */
export type LogPlace =
  | { readonly before: LogCursor }
  | { readonly after: LogCursor }
  | { readonly event: EventId }
  | { readonly ms: number }
  | { readonly end: true };

export interface DecisionItem {
  readonly id: string;
  /** The event that proposed or logged it. */
  readonly event: EventId;
  readonly at: string;
  readonly by: Author;
  readonly what: string;
  readonly why?: string | undefined;
  readonly alternatives?: readonly string[] | undefined;
  readonly evidence?: readonly EventId[] | undefined;
  readonly files?: readonly WorkspacePath[] | undefined;
  readonly status: 'proposed' | 'confirmed' | 'rejected' | 'superseded' | 'disproved';
  /** Its files changed after it was made. */
  readonly isStale?: boolean | undefined;
  /** Those of its files. */
  readonly changedFiles?: readonly WorkspacePath[] | undefined;
  /** Where a rule found it, in words; absent where somebody wrote it down as a decision. */
  readonly foundBy?: string | undefined;
  /** The words of the decision that holds instead. */
  readonly successor?: string | undefined;
  /** What became of it, oldest first, without its beginning. */
  readonly history?: readonly DecisionChange[] | undefined;
  /** It was taken in a stretch that was rewound. */
  readonly isSetAside?: boolean | undefined;
}

export interface DecisionChange {
  readonly status: DecisionItem['status'];
  readonly event: EventId;
  readonly at: string;
  readonly by: Author;
  readonly why?: string | undefined;
}

export interface BlockerItem {
  readonly id: string;
  readonly event: EventId;
  readonly at: string;
  readonly by: Author;
  readonly what: string;
  readonly cause?: string | undefined;
  /** Told by nobody, but drawn from what happened. */
  readonly isInferred: boolean;
  readonly evidence?: readonly EventId[] | undefined;
  /** ISO 8601; absent while it is open. */
  readonly clearedAt?: string | undefined;
  readonly clearedWhy?: string | undefined;
  readonly clearedBy?: Author | undefined;
}

export interface NoteItem {
  readonly event: EventId;
  readonly at: string;
  readonly by: Author;
  readonly text: string;
}

/** The derived lists, newest first. */
export interface Entries {
  readonly decisions: readonly DecisionItem[];
  readonly blockers: readonly BlockerItem[];
  readonly notes: readonly NoteItem[];
  /** Absent while there is no plan and nothing has passed. */
  readonly progress?: ProgressItem | undefined;
}

export interface ProgressItem {
  readonly plan: readonly PlanEntryItem[];
  /** The check that passed last, with what changed since. */
  readonly green?:
    | {
        readonly event: EventId;
        readonly at: string;
        readonly command: string;
        readonly changed: readonly WorkspacePath[];
        /** Files that changed beside those. */
        readonly left: number;
      }
    | undefined;
  /** Newest first. */
  readonly milestones: readonly { readonly event: EventId; readonly at: string; readonly kind: string; readonly text: string }[];
}

export interface PlanEntryItem {
  readonly text: string;
  readonly status: 'pending' | 'in_progress' | 'completed';
  readonly by: Author;
  readonly event: EventId;
}

export interface SessionItem {
  readonly session: SessionId;
  readonly label?: string | undefined;
  readonly startedAt: string;
  readonly endedAt?: string | undefined;
  readonly events?: number | undefined;
  /** It is the one being recorded. */
  readonly isCurrent: boolean;
  /** It was made later out of what agents and git kept. */
  readonly isReconstructed?: boolean | undefined;
}

/** All that a page needs to show a session. `page` is the newest page, or what came after the page's `newest`. */
export interface Snapshot {
  readonly header: Header;
  readonly page: EventsPage;
  /** The page continues what the asker holds: append it. Otherwise it replaces everything. */
  readonly continues: boolean;
  readonly entries: Entries;
  readonly setAside: readonly AsideSpan[];
}

/** What a rewind put aside; `isInAside` of the core says which events that are. */
export type AsideSpan = Readonly<AsideRange>;

export type ResumeSize = 'short' | 'standard' | 'full';

export interface ResumeText {
  readonly size: ResumeSize;
  readonly text: string;
  /** Estimated. */
  readonly tokens: number;
  /** What stands before the sections. */
  readonly header: string;
  readonly sections: readonly ResumePart[];
  readonly choice: ResumeChoice;
  /** Agents that can take it up, the likeliest first. */
  readonly agents: readonly { readonly id: string; readonly name: string }[];
}

/** A section of the resume prompt, with the events that each of its lines rests on. */
export interface ResumePart {
  readonly id: string;
  readonly title: string;
  /** The user ticked it off. */
  readonly isOff: boolean;
  /** Lines for which there was no room. */
  readonly left: number;
  readonly items: readonly { readonly text: string; readonly events: readonly EventId[] }[];
}

/** How the resume prompt shall be; remembered for the folder. */
export interface ResumeChoice {
  /** Ids of sections that are left out. */
  readonly without: readonly string[];
  readonly form: 'markdown' | 'plain';
  /** The agent that takes it up; absent: any. */
  readonly target?: string | undefined;
}

/** What happened to one file, from before the first of the asked events to after the last. */
export interface FileDiff {
  readonly path: WorkspacePath;
  /** Its former name. */
  readonly from?: WorkspacePath | undefined;
  readonly change: 'created' | 'changed' | 'deleted' | 'renamed';
  /** `lines` tells all when `text`; otherwise there are none, and `reason` says why in plain words. */
  readonly content: 'text' | 'binary' | 'unavailable';
  readonly reason?: string | undefined;
  /** Unified diff without the file header: `@@ … @@`, then lines that begin with a space, `+`, `-` or `\`. At most 400. */
  readonly lines: readonly string[];
  readonly isTruncated: boolean;
  readonly added?: number | undefined;
  readonly removed?: number | undefined;
}

export interface EventsDetail {
  /** The asked events, whole, oldest first. Those that the log has no more are left out. */
  readonly events: readonly LoggedEvent[];
  readonly authors: Readonly<Record<EventId, Author>>;
  readonly diffs: readonly FileDiff[];
}

/** The whole session in bins, for the density strip. */
export interface DensityData {
  readonly fromMs: number;
  readonly toMs: number;
  readonly lanes: readonly DensityLane[];
  readonly marks: readonly DensityMark[];
}

/** Counts per bin; every lane has the same number of bins, evenly from `fromMs` to `toMs`. */
export interface DensityLane {
  readonly actor: 'agent' | 'user' | 'tool';
  /** `codex`, `claude`; absent for people and for terminal and git. */
  readonly name?: string | undefined;
  readonly counts: readonly number[];
}

export interface DensityMark {
  readonly atMs: number;
  readonly mark: 'failure' | 'decision' | 'blocker' | 'commit' | 'checkpoint' | 'rewind' | 'compaction' | 'paused' | 'continued';
  readonly event: EventId;
}

export type Tab = 'timeline' | 'decisions' | 'blockers' | 'progress' | 'resume';

/** More events than this are not sent in one page. */
export const largestPage = 10_000;

interface Request<P, R> {
  readonly params: P;
  readonly result: R;
}
/** Done or turned down by the user in a dialog: then `done` is false, and nothing need be said about it. */
export interface Outcome {
  readonly done: boolean;
}
type Action<P> = Request<P, Outcome>;
type None = Readonly<Record<string, never>>;
interface OneEvent {
  readonly event: EventId;
}

/** What the page asks of the host. */
export interface PageRequests {
  /** First message of every new document. `held` is what the page got back from its saved state, oldest not needed. */
  ready: Request<{ readonly place: 'view' | 'tab'; readonly held?: { readonly session: SessionId; readonly newest: LogCursor } }, Snapshot>;
  /** At most `largestPage` events. */
  readEvents: Request<{ readonly session: SessionId; readonly at: LogPlace; readonly count: number }, PackedPage>;
  /** At most 64 events. */
  detail: Request<{ readonly events: readonly EventId[] }, EventsDetail>;
  density: Request<{ readonly bins: number }, DensityData>;
  resume: Request<{ readonly size: ResumeSize }, ResumeText>;
  sessions: Request<None, { readonly sessions: readonly SessionItem[] }>;

  /** One event: the diff editor. Several: one diff per file, from before the first to after the last; `path` picks one of them. */
  openDiff: Action<{ readonly events: readonly EventId[]; readonly path?: WorkspacePath }>;
  openFilesAt: Action<OneEvent>;
  openFile: Action<{ readonly path: WorkspacePath; readonly line?: number }>;
  /** The state right after the event. The host shows the plan and asks. */
  rewindTo: Action<OneEvent>;
  /** The moment at which the turn of these events was asked for. */
  rewindBeforeTurn: Action<{ readonly events: readonly EventId[] }>;
  rewindFile: Action<{ readonly event: EventId; readonly path: WorkspacePath }>;
  undoRewind: Action<None>;
  /** Does again what a rewind set aside, on top of what is there. */
  bringBack: Action<{ readonly events: readonly EventId[]; readonly path?: WorkspacePath }>;
  /** To where it was before the rewind that set this event aside. */
  returnToFuture: Action<OneEvent>;
  compareLastGreen: Action<None>;

  copyResume: Action<{ readonly size: ResumeSize }>;
  saveResume: Action<{ readonly size: ResumeSize }>;
  editResume: Action<{ readonly size: ResumeSize }>;
  openAgent: Action<{ readonly agent?: string }>;
  chooseResume: Action<Partial<ResumeChoice>>;
  /** Shows the event in the timeline of the page that asks. */
  showEvent: Action<OneEvent>;
  copyText: Action<{ readonly text: string }>;

  /** The host asks for the words. `evidence` are the events that it was asked for on. */
  logDecision: Action<{ readonly evidence?: readonly EventId[] }>;
  logBlocker: Action<{ readonly evidence?: readonly EventId[] }>;
  addNote: Action<None>;
  checkpoint: Action<None>;
  confirmDecision: Action<{ readonly id: string }>;
  rejectDecision: Action<{ readonly id: string }>;
  editDecision: Action<{ readonly id: string }>;
  supersedeDecision: Action<{ readonly id: string }>;
  disproveDecision: Action<{ readonly id: string }>;
  exportDecisions: Action<None>;
  clearBlocker: Action<{ readonly id: string }>;

  startSession: Action<None>;
  endSession: Action<None>;
  labelSession: Action<None>;
  pause: Action<None>;
  resumeRecording: Action<None>;
  /** Shows another session; without an id the host lets the user pick. */
  openSession: Action<{ readonly session?: SessionId }>;
  /** Back from `viewing` to the session being recorded. */
  openCurrent: Action<None>;
  openAsTab: Action<None>;
  openFolder: Action<None>;
  /** Past runs of agents: one is found and taken up; all are made into sessions. */
  findPast: Action<None>;
  importPast: Action<None>;
  manageTrust: Action<None>;
  /** Reads the whole log and tells what was found. */
  verify: Action<None>;
  /** The output channel. */
  revealLog: Action<None>;
}
export type PageRequest = keyof PageRequests;

/** What the host tells the page. */
export interface HostNotices {
  header: Header;
  /** New ones, oldest first, at the end of what was sent before. `session` guards against those that come late. */
  events: { readonly session: SessionId; readonly page: Omit<EventsPage, 'hasMore'> };
  /** Later findings of who did it. */
  authors: { readonly session: SessionId; readonly authors: Readonly<Record<EventId, Author>> };
  /** All of them, whenever a rewind or an undo changed them. */
  setAside: { readonly session: SessionId; readonly spans: readonly AsideSpan[] };
  entries: Entries;
  /** The resume prompt is other than it was: a page that shows it asks again. */
  resumeChanged: None;
  /** Another session is shown from now on: the page throws away what it holds and asks `ready`. */
  sessionChanged: None;
  /** `ms`: what happened at that time. */
  show: { readonly tab?: Tab; readonly event?: EventId; readonly ms?: number; readonly focusFilter?: boolean };
}

/** Requests that wait for a person in a dialog of the editor. */
const patientRequests: ReadonlySet<PageRequest> = new Set<PageRequest>([
  'rewindTo',
  'rewindBeforeTurn',
  'rewindFile',
  'undoRewind',
  'bringBack',
  'returnToFuture',
  'logDecision',
  'logBlocker',
  'addNote',
  'checkpoint',
  'confirmDecision',
  'rejectDecision',
  'editDecision',
  'supersedeDecision',
  'disproveDecision',
  'exportDecisions',
  'saveResume',
  'openAgent',
  'clearBlocker',
  'startSession',
  'endSession',
  'labelSession',
  'openSession',
  'openFolder',
  'findPast',
  'importPast',
  'manageTrust',
  'openFilesAt',
  'verify',
]);

/** How long the page waits for an answer: long where a person must answer first. */
export function requestTimeoutMs(request: PageRequest): number {
  return patientRequests.has(request) ? 30 * 60_000 : 20_000;
}

/**
 * What a row of the timeline tells VS Code in `data-vscode-context`: the `when` clauses of `webview/context` menus see its
 * keys, and a command of that menu gets the object. `rowEvents` are oldest first.
 */
/** A row of more events hands over the newest ones. */
export const rowEventLimit = 256;

export interface RowContext {
  readonly webviewSection: 'tapedeckRow';
  readonly rowKind: string;
  /** Oldest first, the last `rowEventLimit` at most: the last one is the point that "here" means. */
  readonly rowEvents: readonly EventId[];
  readonly rowText: string;
  /** The file, when the row is of one alone. */
  readonly rowPath?: WorkspacePath;
  readonly rowHasDiff: boolean;
  /** A rewind set it aside. */
  readonly rowIsAside: boolean;
  readonly preventDefaultContextMenuItems: true;
}
