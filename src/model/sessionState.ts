import type { Author } from './author.ts';
import type { EventKind, Excerpt, PlanEntry } from './event.ts';
import type { FileVersion } from './fileVersion.ts';
import type { EventId, RunId, SessionId, WriterId } from './ids.ts';
import type { WorkspacePath } from './workspacePath.ts';

/**
 * What a session's log says when it is folded from its first event. Plain data, maps and sets only; nothing in it that the log
 * does not hold. Only core/fold* writes to it. The lists that could grow with the log are bounded, each with its count beside it.
 */
export interface SessionState {
  session: SessionCard;
  counts: StateCounts;
  runs: Map<RunId, RunState>;
  /** By path. A renamed file stands under its new path, the old one stays as deleted. */
  files: Map<WorkspacePath, FileState>;
  /** How often files were read that agents' tools name, those read last at the end. At most `readLimit`. */
  reads: Map<WorkspacePath, number>;
  /** Calls of agents' tools by name, those called last at the end. At most `toolLimit`. */
  tools: Map<string, { calls: number; failed: number }>;
  /** By command text, whitespace folded, the one that ended last at the end. At most `commandLimit`. */
  commands: Map<string, CommandState>;
  /** Newest last, at most `failureLimit`. */
  failures: Failure[];
  prompts: Prompts;
  /** What people said must be so, in their own words; newest last. At most `constraintLimit`. */
  constraints: Constraint[];
  /** Of the runs that spoke last; newest last, one for each run. */
  replies: Map<RunId, TextEntry>;
  decisions: Map<string, Decision>;
  blockers: Map<string, Blocker>;
  notes: TextEntry[];
  /** Of the runs that planned last, by run; '' for a plan without one. Newest version last. */
  plans: Map<RunId, PlanVersion[]>;
  checkpoints: Map<string, Checkpoint>;
  commits: Commit[];
  /** By folder name; '' for the first one. */
  heads: Map<string, { head?: string; branch?: string }>;
  diagnostics: { errors: number; warnings: number; mark: EventMark } | undefined;
  /** Points at which a check passed or the diagnostics became clean, newest last. */
  greens: Green[];
  /** Every rewind and undo, oldest first. */
  branches: Branch[];
  /** What is set aside by them now. */
  aside: AsideRange[];
  /** The effective author of a file event, where a later finding replaced the first one. */
  attribution: Map<EventId, Author>;
  gaps: Gap[];
  trace: FoldTrace;
}

/** Place of an event in the session's order. */
export interface EventMark {
  readonly at: string;
  readonly w: WriterId;
  readonly n: number;
}

export interface SessionCard {
  id: SessionId | undefined;
  label: string | undefined;
  folders: { name: string; path: string }[];
  startedAt: string | undefined;
  lastAt: string | undefined;
  endedAt: string | undefined;
  endReason: string | undefined;
  resumed: number;
  /** How much is kept of what agents say. */
  detail: 'full' | 'brief';
  /** With which model runs are resumed, by agent; '' for every agent. */
  models: Map<string, string>;
  isPaused: boolean;
  last: EventMark | undefined;
}

export interface StateCounts {
  events: number;
  byKind: { [K in EventKind | 'foreign']?: number };
  /** Lines of a newer version or an unknown kind. */
  foreign: number;
  /** Events that could not be folded, such as ones with missing fields. */
  malformed: number;
  /** The same fact recorded by two processes: counted once, the second one here. */
  duplicates: number;
  fileChanges: number;
  skippedFiles: number;
  commandsFailed: number;
  toolCalls: number;
  toolsFailed: number;
  purged: number;
  inputTokens: number;
  outputTokens: number;
  /** The newest number folded of each. */
  writers: Map<WriterId, { newest: number }>;
}

export interface RunState {
  run: RunId;
  /** Its first mention. */
  mark: EventMark;
  agent: string | undefined;
  title: string | undefined;
  model: string | undefined;
  mode: string | undefined;
  cwd: string | undefined;
  branch: string | undefined;
  version: string | undefined;
  parent: RunId | undefined;
  transcript: string | undefined;
  /** The agent's own name of the conversation, where it has such names. */
  key: string | undefined;
  startedAt: string;
  lastAt: string;
  endedAt: string | undefined;
  endReason: string | undefined;
  turns: number;
  prompts: number;
  toolCalls: number;
  toolsFailed: number;
  fileChanges: number;
  commandsFailed: number;
  compactions: number;
  rewound: number;
  inputTokens: number;
  outputTokens: number;
  /** How its last turn ended; undefined while it goes on. */
  stopReason: string | undefined;
  failedWith: string | undefined;
  skills: string[];
}

export interface FileChangeRef extends EventMark {
  /** The rewind that wrote it. */
  rewind?: string;
}

export interface FileState {
  path: WorkspacePath;
  /** Its content before the first change seen; undefined: it did not exist. */
  first: FileVersion | undefined;
  /** Its content now; undefined: deleted. */
  latest: FileVersion | undefined;
  exists: boolean;
  /** The name it had before it was renamed. */
  from: WorkspacePath | undefined;
  /** Without what rewinds wrote. */
  changes: number;
  added: number;
  removed: number;
  reads: number;
  /** Changes by each author, keyed by `authorKey`; of many runs the older ones together, without a run. */
  authors: Map<string, { author: Author; changes: number }>;
  lastAuthor: Author | undefined;
  last: EventMark | undefined;
  /** The first change and the newest ones, oldest first. */
  recent: FileChangeRef[];
  skipped: string | undefined;
}

/** What kind of check a command is; undefined for any other command. */
export type CheckKind = 'test' | 'build' | 'types' | 'lint';

export interface CommandState {
  command: string;
  cwd: string | undefined;
  check: CheckKind | undefined;
  runs: number;
  passed: number;
  failed: number;
  /** Failures since it last passed. */
  failedInARow: number;
  lastExitCode: number | null;
  lastOutcome: string | undefined;
  lastAuthor: Author;
  last: EventMark;
  lastPassed: EventMark | undefined;
  lastFailed: EventMark | undefined;
  /** The end of what it printed when it last failed. */
  failureOutput: string | undefined;
  isSetAside: boolean;
}

export interface Failure {
  mark: EventMark;
  /** `command`: ended with another code than 0. `tool`: an agent's tool call failed. `run`: the agent itself failed. */
  kind: 'command' | 'tool' | 'run';
  what: string;
  /** `what` as a command is counted: what passed under it later resolves this. */
  key: string;
  call: string | undefined;
  run: RunId | undefined;
  exitCode: number | null;
  outcome: string | undefined;
  output: string | undefined;
  author: Author;
  /** The same command passed later. */
  resolved: EventMark | undefined;
  isSetAside: boolean;
}

export interface TextEntry {
  mark: EventMark;
  id: string | undefined;
  author: Author;
  run: RunId | undefined;
  turn: number | undefined;
  text: string;
  /** True when `text` is not the whole of it. */
  isCut: boolean;
  isSetAside: boolean;
}

export interface PromptEntry extends TextEntry {
  provenance: 'user' | 'inter_session' | 'system';
  origin: string | undefined;
  full: Excerpt;
}

/** One sentence of a prompt, as it stands there. */
export interface Constraint {
  mark: EventMark;
  run: RunId | undefined;
  text: string;
}

/** The session's first prompts and its newest ones, of people only; `count` is of all of them. */
export interface Prompts {
  count: number;
  first: PromptEntry[];
  latest: PromptEntry[];
}

/** What proposed it where nobody wrote it: an answered question, an approved plan, words of an agent, a commit's text, a decision record. */
export type DecisionRule = 'answer' | 'plan' | 'words' | 'commit' | 'record';

export type DecisionStatus = 'proposed' | 'confirmed' | 'rejected' | 'superseded' | 'disproved';

export interface StatusChange {
  status: DecisionStatus;
  mark: EventMark;
  author: Author;
  why?: string;
  successor?: string;
  evidence?: string[];
}

export interface Decision {
  id: string;
  /** Undefined where somebody wrote it down as a decision. */
  rule: DecisionRule | undefined;
  what: string;
  why: string | undefined;
  alternatives: string[];
  evidence: string[];
  files: WorkspacePath[];
  author: Author;
  run: RunId | undefined;
  mark: EventMark;
  status: DecisionStatus;
  successor: string | undefined;
  history: StatusChange[];
  /** Its files whose content is no longer what it was when it was taken. */
  changedFiles: Map<WorkspacePath, { hashThen: string | undefined; mark: EventMark }>;
  /** True while `changedFiles` holds any. */
  isStale: boolean;
  isSetAside: boolean;
}

export interface Blocker {
  id: string;
  what: string;
  cause: string | undefined;
  /** True when a rule raised it and nobody said so. */
  isInferred: boolean;
  evidence: string[];
  author: Author;
  run: RunId | undefined;
  mark: EventMark;
  isOpen: boolean;
  cleared: { mark: EventMark; author: Author; why: string | undefined } | undefined;
  isSetAside: boolean;
}

export interface PlanVersion {
  mark: EventMark;
  run: RunId | undefined;
  author: Author;
  entries: PlanEntry[];
}

export interface Checkpoint {
  id: string;
  label: string;
  reason: string;
  mark: EventMark;
  author: Author;
  isSetAside: boolean;
}

export interface Commit {
  commit: string;
  subject: string;
  branch: string | undefined;
  folder: string | undefined;
  runs: RunId[];
  mark: EventMark;
  author: Author;
}

export interface Green {
  mark: EventMark;
  how: CheckKind | 'diagnostics';
  command: string | undefined;
}

/** A rewind or an undo, and what it put aside: all between `from` and `to`, both exclusive. */
export interface Branch {
  kind: 'rewind' | 'undo';
  id: string;
  /** Of an undo: the rewind that it undid. */
  rewind: string | undefined;
  /** Of a rewind: its safety checkpoint. */
  checkpoint: string | undefined;
  target: EventId | undefined;
  from: EventMark;
  to: EventMark;
  /** Only these paths' file events, where the rewind was of these alone. */
  paths: WorkspacePath[] | undefined;
  /** Only these changes of files were undone, and what came after them was kept. */
  undid?: EventId[];
  /** Only these were done again, and nothing is set aside. */
  brought?: EventId[];
  /** Changes behind its target that were found late and left. */
  kept?: EventId[];
  author: Author;
  written: number;
  deleted: number;
  skipped: { path: string; reason: string }[];
  isUndone: boolean;
  /** False when it was undone, or lies itself in a stretch that was set aside. */
  isActive: boolean;
  /** What the stretch held when it was put aside, for those who must not walk it again. */
  stretch: { files: WorkspacePath[]; fileCount: number; prompts: EventId[]; decisions: string[] };
}

export interface AsideRange {
  branch: string;
  checkpoint: string | undefined;
  rewind: string | undefined;
  from: EventMark;
  to: EventMark;
  paths: WorkspacePath[] | undefined;
  undid?: EventId[];
  kept?: EventId[];
  filesOnly: boolean;
}

export interface Gap {
  mark: EventMark;
  reason: string;
  from: string | undefined;
  to: string | undefined;
  lost: number | undefined;
}

/** What the fold remembers to know the next event: bounded windows, no part of what is shown. */
export interface FoldTrace {
  /** Number of a transcript's fact (see foldSource) -> the writer that recorded it first. */
  sources: Map<number, WriterId>;
  /** Number of a file change (see foldFile) -> where it was seen. */
  recentChanges: Map<number, EventMark>;
  /** A file event skipped as a duplicate -> the one that counts. */
  aliases: Map<EventId, EventId>;
  /** File events whose author may still be found. */
  authors: Map<EventId, { path: WorkspacePath; author: Author }>;
  /** Tool calls that have not returned. */
  calls: Map<string, PendingCall>;
  /** Path or folder of a decision -> ids of the decisions that name it. */
  decisionFiles: Map<WorkspacePath, string[]>;
  /** Rewind writes that a watching recorder saw first. */
  rewindWrites: Map<EventId, string>;
  /** How many blockers are open that a refused or blocked tool call raised: mostly none, and then none is looked for. */
  openRefusals: number;
}

export interface PendingCall {
  name: string;
  tool: string;
  title: string | undefined;
  command: string | undefined;
  run: RunId | undefined;
  ended: boolean;
  /** What it asked a person. */
  asked?: Excerpt;
}
