import * as z from 'zod';
import { Author } from './author.ts';
import { FileVersion, SkipReason } from './fileVersion.ts';

/**
 * The event union: every fact that a log can hold. Facts are past tense, plain data, and never changed once written.
 * Values come from the field's standards and are kept verbatim: tool kind and status, plan entries and the diff triple
 * from the Agent Client Protocol v1; model and token attributes under OpenTelemetry's GenAI names.
 */
export const schemaVersion = 1;

/** ACP `ToolKind`. */
export const ToolKind = z.enum(['read', 'edit', 'delete', 'move', 'search', 'execute', 'think', 'fetch', 'switch_mode', 'other']);
export type ToolKind = z.infer<typeof ToolKind>;

/** ACP `PlanEntry`. */
export const PlanEntry = z.object({
  content: z.string(),
  priority: z.enum(['high', 'medium', 'low']).default('medium'),
  status: z.enum(['pending', 'in_progress', 'completed']),
});
export type PlanEntry = z.infer<typeof PlanEntry>;

/** A long text, kept as its head and tail. `sizeBytes` and `hash` are of the whole, in UTF-8. */
export const Excerpt = z.object({
  head: z.string(),
  tail: z.string().optional(),
  sizeBytes: z.number(),
  hash: z.string().optional(),
});
export type Excerpt = z.infer<typeof Excerpt>;

/** Where in an agent's own record a fact stands: file, byte offset of its line, the record's own id. */
export const Source = z.object({ file: z.string(), offset: z.number(), record: z.string().optional() });
export type Source = z.infer<typeof Source>;

/** An edit as an agent's record tells it, ACP's diff triple. `oldText` null: created; `newText` null: deleted; absent: not told. */
export const ClaimedEdit = z.object({
  path: z.string(),
  op: z.enum(['create', 'update', 'delete', 'move']),
  from: z.string().optional(),
  oldText: z.union([z.string(), z.null()]).optional(),
  newText: z.union([z.string(), z.null()]).optional(),
  /** True when `newText` takes the place of every `oldText`, not of the first alone. */
  replaceAll: z.boolean().optional(),
  /** The hunks of a unified diff without file headers, LF; a hunk may lack its line numbers. */
  patch: z.string().optional(),
  /** SHA-256 of the whole content after the edit, where the record tells all of it. */
  afterHash: z.string().optional(),
});
export type ClaimedEdit = z.infer<typeof ClaimedEdit>;

/** OpenTelemetry GenAI usage attributes. `input_tokens` does not count the cached ones here. */
export const Usage = z.object({
  'gen_ai.usage.input_tokens': z.number().optional(),
  'gen_ai.usage.output_tokens': z.number().optional(),
  'gen_ai.usage.cache_read.input_tokens': z.number().optional(),
  'gen_ai.usage.cache_creation.input_tokens': z.number().optional(),
  'gen_ai.usage.reasoning.output_tokens': z.number().optional(),
});
export type Usage = z.infer<typeof Usage>;

const id = z.string();
const count = z.number();
const text = z.string();

/** What every event carries. `v` `w` `n` `at` `kind` stand first in a line, `prev` and `crc` (see core/logCodec) last. */
const envelope = {
  v: count,
  /** The writer. */
  w: id,
  /** The writer's own count: 1, 2, 3 … over all its segments. */
  n: count,
  /** ISO 8601, UTC, milliseconds. Never behind what the writer has seen. */
  at: text,
  /** When it happened by its source's clock, where that is not `at`: an agent's record that was read later, say. Same form. */
  happenedAt: text.optional(),
  by: Author,
  /** The agent's conversation that it belongs to. */
  run: id.optional(),
  /** Counts the prompts of that run, from 1. */
  turn: count.optional(),
  src: Source.optional(),
  /** Made later out of what others had kept (an agent's transcript, git's history); nobody of us saw it happen. */
  reconstructed: z.literal(true).optional(),
};

const fact = <K extends string, S extends z.ZodRawShape>(kind: K, shape: S) => z.object({ ...envelope, kind: z.literal(kind), ...shape });

const Folder = z.object({ name: text, path: text });
const entry = {
  id,
  what: text,
  why: text.optional(),
  alternatives: z.array(text).optional(),
  evidence: z.array(id).optional(),
  files: z.array(text).optional(),
};
const fileChange = {
  path: text,
  before: FileVersion.optional(),
  after: FileVersion.optional(),
  /** Lines added and removed, where both sides are text. */
  added: count.optional(),
  removed: count.optional(),
  /** The rewind that did it. */
  rewind: id.optional(),
  /** The tool call, and the command's beginning (an event's id), in which `by` did it, where that is known. */
  call: id.optional(),
  command: id.optional(),
};

export const TapedeckEvent = z.discriminatedUnion('kind', [
  fact('session.started', { session: id, label: text.optional(), folders: z.array(Folder), app: text.optional() }),
  fact('session.resumed', { reason: z.enum(['reload', 'restart', 'crash', 'second-window', 'command']), app: text.optional() }),
  fact('session.labelled', { label: text }),
  /** How much the session keeps of what agents say, or the model with which runs (of `agent`, or of every one) are resumed; '' is the agent's own. */
  fact('session.adjusted', { detail: z.enum(['full', 'brief']).optional(), model: text.optional(), agent: text.optional() }),
  fact('session.ended', { reason: z.enum(['command', 'idle', 'superseded']) }),

  fact('baseline.taken', {
    folder: text,
    head: text.optional(),
    branch: text.optional(),
    files: count,
    manifest: id.optional(),
    skipped: count.optional(),
  }),

  fact('run.started', {
    agent: text,
    cwd: text.optional(),
    model: text.optional(),
    version: text.optional(),
    title: text.optional(),
    parent: id.optional(),
    transcript: text.optional(),
    branch: text.optional(),
    /** The agent's own name of the conversation, where it has such names: OpenClaw's session key. */
    key: text.optional(),
    /** Why nothing else of this run is recorded: the rule that says so, for people. */
    notRecorded: text.optional(),
  }),
  fact('run.resumed', { agent: text, cwd: text.optional(), model: text.optional() }),
  fact('run.forked', { agent: text, from: id }),
  fact('run.changed', {
    title: text.optional(),
    model: text.optional(),
    cwd: text.optional(),
    branch: text.optional(),
    mode: text.optional(),
  }),
  fact('run.compacted', {
    trigger: z.enum(['auto', 'manual', 'unknown']),
    preTokens: count.optional(),
    postTokens: count.optional(),
    summary: Excerpt.optional(),
  }),
  fact('run.rewound', { toTurn: count.optional(), turns: count.optional() }),
  fact('run.failed', { what: text, retry: z.boolean().optional() }),
  fact('run.ended', { reason: text }),
  fact('turn.ended', {
    stopReason: z.enum(['end_turn', 'max_tokens', 'max_turn_requests', 'refusal', 'cancelled', 'error']),
    durationMs: count.optional(),
  }),
  fact('usage.reported', { 'gen_ai.response.model': text.optional(), usage: Usage, response: id.optional(), costUsd: count.optional() }),

  fact('prompt.submitted', {
    text: Excerpt,
    provenance: z.enum(['user', 'inter_session', 'system']),
    origin: text.optional(),
    images: count.optional(),
  }),
  fact('reply.given', { text: Excerpt, model: text.optional() }),

  fact('tool.called', {
    call: id,
    name: text,
    tool: ToolKind,
    title: text.optional(),
    input: Excerpt.optional(),
    paths: z.array(text).optional(),
    edits: z.array(ClaimedEdit).optional(),
    command: text.optional(),
  }),
  fact('tool.returned', {
    call: id,
    name: text.optional(),
    tool: ToolKind.optional(),
    status: z.enum(['completed', 'failed']),
    outcome: z.enum(['denied', 'interrupted', 'blocked', 'background', 'error']).optional(),
    durationMs: count.optional(),
    output: Excerpt.optional(),
    edits: z.array(ClaimedEdit).optional(),
  }),

  fact('command.started', { command: text, cwd: text.optional(), terminal: text.optional(), call: id.optional() }),
  fact('command.ended', {
    command: text,
    cwd: text.optional(),
    terminal: text.optional(),
    call: id.optional(),
    started: id.optional(),
    exitCode: z.union([count, z.null()]),
    durationMs: count.optional(),
    output: Excerpt.optional(),
    outcome: z.enum(['interrupted', 'closed', 'background', 'declined']).optional(),
  }),

  fact('file.read', { path: text, call: id.optional() }),
  fact('file.created', fileChange),
  fact('file.changed', fileChange),
  fact('file.deleted', fileChange),
  fact('file.renamed', { ...fileChange, from: text }),
  /** With `after`: recorded from now on, as this; until now the ignore rules left it out, so that nothing is known of it before. */
  fact('file.skipped', {
    path: text,
    reason: SkipReason,
    sizeBytes: count.optional(),
    detail: text.optional(),
    after: FileVersion.optional(),
  }),
  /** A later finding of who changed a file: `event` is the file event, `by` (of this event) the finding. */
  fact('file.attributed', { event: id, path: text, call: id.optional(), command: text.optional() }),

  fact('git.committed', {
    folder: text.optional(),
    commit: text,
    parents: z.array(text).optional(),
    branch: text.optional(),
    subject: text,
    body: text.optional(),
    /** The agents' runs whose changes are in it. */
    runs: z.array(id).optional(),
    /** Their turns, as far as they are known. */
    turns: z.array(z.object({ run: id, turn: count })).optional(),
  }),
  fact('git.moved', { folder: text.optional(), from: text.optional(), to: text.optional(), branch: text.optional() }),
  fact('git.branched', { folder: text.optional(), from: text.optional(), to: text.optional(), head: text.optional() }),

  fact('diagnostics.changed', { errors: count, warnings: count, files: count.optional() }),
  fact('tests.finished', { command: text, ok: z.boolean(), passed: count.optional(), failed: count.optional(), started: id.optional() }),

  fact('plan.changed', { entries: z.array(PlanEntry) }),
  fact('decision.proposed', entry),
  /** Confirms a proposed one by its id; carries the words itself when a person logged it directly. */
  fact('decision.confirmed', { ...entry, what: text.optional() }),
  fact('decision.rejected', { id, why: text.optional() }),
  fact('decision.superseded', { id, successor: id.optional(), why: text.optional() }),
  fact('decision.disproved', { id, why: text.optional(), evidence: z.array(id).optional() }),
  fact('blocker.raised', { id, what: text, cause: text.optional(), inferred: z.boolean().optional(), evidence: z.array(id).optional() }),
  fact('blocker.cleared', { id, why: text.optional(), evidence: z.array(id).optional() }),
  fact('progress.noted', { id: id.optional(), text }),
  fact('checkpoint.made', { id, label: text, reason: z.enum(['hand', 'agent', 'commit', 'green', 'rewind', 'start', 'end']) }),
  fact('skill.used', { name: text }),

  fact('rewind.applied', {
    id,
    target: id,
    targetAt: text,
    checkpoint: id,
    paths: z.array(text).optional(),
    /** Only these changes of files were undone, what came after them was kept; absent: everything after the target. */
    undid: z.array(id).optional(),
    /** Only these changes were done again, on top of what was there; `undid` is empty then, for nothing is set aside. */
    brought: z.array(id).optional(),
    /** Changes that stand behind the target in the log, but had happened by then: they were left. */
    kept: z.array(id).optional(),
    written: count,
    deleted: count,
    skipped: z.array(z.object({ path: text, reason: text })),
    files: count,
  }),
  fact('rewind.undone', {
    id,
    rewind: id,
    written: count,
    deleted: count,
    skipped: z.array(z.object({ path: text, reason: text })),
    files: count,
  }),
  fact('rewind.failed', { id, target: id, reason: text, detail: text.optional(), rolledBack: z.boolean(), left: z.array(text).optional() }),

  fact('capture.paused', {}),
  fact('capture.continued', {}),
  fact('capture.gap', { reason: text, from: text.optional(), to: text.optional(), lost: count.optional() }),
  fact('purge.done', { what: text, events: count, blobs: count.optional() }),
]);
export type TapedeckEvent = z.infer<typeof TapedeckEvent>;
export type EventKind = TapedeckEvent['kind'];
export type EventOf<K extends EventKind> = Extract<TapedeckEvent, { kind: K }>;

/**
 * An event before the log has given it its writer, number and time. `at` may be told when the fact is older than now: it
 * becomes the event’s `at` where the writer’s order allows it, else its `happenedAt`.
 */
export type EventDraft = { [K in EventKind]: Omit<EventOf<K>, 'v' | 'w' | 'n' | 'at'> & { readonly at?: string } }[EventKind];
export type DraftOf<K extends EventKind> = Extract<EventDraft, { kind: K }>;

export type FileEvent = EventOf<'file.created' | 'file.changed' | 'file.deleted' | 'file.renamed'>;

export const eventKinds: readonly string[] = TapedeckEvent.options.map((option) => option.shape.kind.value);

/** A line that this version does not know: its kind is new, its version is newer, or its fields do not fit. Kept and shown as such. */
export interface ForeignEvent {
  readonly kind: 'foreign';
  readonly v: number;
  readonly w: string;
  readonly n: number;
  readonly at: string;
  /** The kind as written. */
  readonly foreignKind: string;
  readonly reason: 'unknown-kind' | 'newer-version' | 'misshapen';
  /** The line's own object, as parsed. */
  readonly raw: Readonly<Record<string, unknown>>;
}

export type LoggedEvent = TapedeckEvent | ForeignEvent;

export function isFileEvent(event: LoggedEvent): event is FileEvent {
  return event.kind === 'file.created' || event.kind === 'file.changed' || event.kind === 'file.deleted' || event.kind === 'file.renamed';
}
