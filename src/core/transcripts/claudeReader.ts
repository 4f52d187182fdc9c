import { RecentMap } from '../recentMap.ts';
import type {
  ReaderCounts,
  ReaderTools,
  RecordPlace,
  RunDescription,
  TranscriptFact,
  TranscriptFile,
  TranscriptReader,
} from './adapter.ts';
import { ClaudeRun } from './claudeRun.ts';
import { FactSink } from './factSink.ts';
import { asCount, asRecord, asText, asTime, asWord, type JsonRecord } from './jsonValue.ts';

/**
 * Reads a Claude Code transcript: one record a line, `type` decides. The blocks of one message come as records of their
 * own; results point at their calls; a fork copies records with their `uuid`s, which are therefore the ids of the facts.
 * Older versions keep sub-agents' records (`isSidechain`) in the session's own file; each chain of them is a run of its own.
 */
export class ClaudeReader implements TranscriptReader {
  readonly counts: ReaderCounts = { records: 0, unknown: new Map(), misshapen: 0 };
  readonly #file: TranscriptFile;
  readonly #sink: FactSink;
  readonly #main: ClaudeRun;
  readonly #isSubAgent: boolean;
  /** A session's file is named by its id; a copy may have any name. */
  #isNamed: boolean;
  #lastAt: string | undefined;
  readonly #sides = new Map<string, ClaudeRun>();
  /** The chain that a sidechain's record belongs to, by the record's uuid. */
  readonly #chains = new RecentMap<string, string>(maxChained);

  /** The call that stood last as a record by itself. */
  #bareCall: string | undefined;

  constructor(file: TranscriptFile, tools: ReaderTools) {
    this.#file = file;
    this.#sink = new FactSink('claude', file, tools.digest);
    const name = /([^/]+)\.jsonl$/.exec(file.relative)?.[1] ?? file.relative;
    this.#isSubAgent = name.startsWith('agent-');
    this.#isNamed = this.#isSubAgent || /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(name);
    const parent = this.#isSubAgent ? /([^/]+)\/subagents\//.exec(file.relative)?.[1] : undefined;
    this.#main = new ClaudeRun(this.#sink, file, name, parent);
  }

  read(value: unknown, place: RecordPlace): readonly TranscriptFact[] {
    this.counts.records += 1;
    const record = asRecord(value);
    const type = asText(record?.['type']);
    if (record === undefined || type === undefined) {
      this.counts.misshapen += 1;
      return [];
    }
    // Bookkeeping records have no time of their own: then it is that of the one before.
    this.#lastAt = asTime(record['timestamp']) ?? this.#lastAt;
    this.#sink.begin({ offset: place.offset, at: this.#lastAt, record: asWord(record['uuid']) });
    const session = this.#isNamed ? undefined : asWord(record['sessionId']);
    if (session !== undefined) {
      this.#isNamed = true;
      this.#main.adopt(session);
    }
    const run = this.#runOf(record);
    run.meet(record, this.#isSubAgent ? asWord(record['sessionId']) : undefined);
    this.#readRecord(run, type, record);
    return this.#sink.take();
  }

  quiet(): readonly TranscriptFact[] {
    for (const run of [this.#main, ...this.#sides.values()]) run.settle();
    return this.#sink.take();
  }

  describe(): RunDescription {
    return this.#main.describe();
  }

  #readRecord(run: ClaudeRun, type: string, record: JsonRecord): void {
    switch (type) {
      case 'user':
        if (!run.user(record)) this.counts.misshapen += 1;
        return;
      case 'assistant':
        if (!run.assistant(record)) this.counts.misshapen += 1;
        return;
      case 'system':
        this.#readSystem(run, record);
        return;
      case 'tool_use':
      case 'tool_result':
        this.#readBareTool(run, type, record);
        return;
      case 'attachment': {
        const attachment = asRecord(record['attachment']);
        const kind = asText(attachment?.['type']) ?? '';
        if (attachment !== undefined && kind === 'queued_command') run.queuedCommand(attachment);
        else if (!idleAttachments.has(kind) && !kind.endsWith('_delta')) this.#unknown(`attachment/${kind}`);
        return;
      }
      case 'queue-operation':
        run.queue(asText(record['operation']), asText(record['content']));
        return;
      case 'last-prompt':
        run.lastPrompt(record['explicit'] === true);
        return;
      case 'cost-state':
        run.processEnded(asCount(record['totalCostUSD']));
        return;
      case 'custom-title':
        run.named(asWord(record['customTitle']), true);
        return;
      case 'ai-title':
        run.named(asWord(record['aiTitle']), false);
        return;
      case 'mode':
        return;
      case 'permission-mode':
        run.mode(asWord(record['permissionMode']));
        return;
      default:
        if (!idleTypes.has(type)) this.#unknown(type);
    }
  }

  /** A call or its result as a record by itself, not as a block of a message: as old versions had it, the result without an id. */
  #readBareTool(run: ClaudeRun, type: 'tool_use' | 'tool_result', record: JsonRecord): void {
    const id = asWord(record['id']) ?? asWord(record['uuid']);
    if (type === 'tool_use') {
      this.#bareCall = id;
      const block = { type, id, name: record['name'], input: record['input'] };
      if (id === undefined || !run.assistant({ ...record, message: { role: 'assistant', content: [block] } })) this.counts.misshapen += 1;
      return;
    }
    const content = record['output'] ?? record['content'];
    const block = { type, tool_use_id: asWord(record['tool_use_id']) ?? this.#bareCall, content, is_error: record['is_error'] };
    if (!run.user({ ...record, message: { role: 'user', content: [block] } })) this.counts.misshapen += 1;
  }

  #readSystem(run: ClaudeRun, record: JsonRecord): void {
    const subtype = asText(record['subtype']) ?? '';
    switch (subtype) {
      case 'compact_boundary':
        run.compacted(asRecord(record['compactMetadata']) ?? {});
        return;
      case 'turn_duration':
        run.turnEnded(record['durationMs']);
        return;
      case 'api_error':
      case 'api_refusal':
      case 'error':
        run.failed(record, subtype);
        return;
      default:
        if (!idleSystem.has(subtype)) this.#unknown(`system/${subtype}`);
    }
  }

  /** The run that a record belongs to: the file's own, or that of a sub-agent whose records stand in it. */
  #runOf(record: JsonRecord): ClaudeRun {
    if (this.#isSubAgent || record['isSidechain'] !== true) return this.#main;
    const uuid = asWord(record['uuid']);
    const agent = asWord(record['agentId']);
    const chain = agent ?? this.#chains.get(asWord(record['parentUuid']) ?? '') ?? uuid ?? 'sidechain';
    if (uuid !== undefined) {
      this.#chains.set(uuid, chain);
    }
    const existing = this.#sides.get(chain);
    if (existing !== undefined) return existing;
    const run = new ClaudeRun(this.#sink, this.#file, `agent-${chain}`, this.#main.run);
    this.#sides.set(chain, run);
    return run;
  }

  #unknown(type: string): void {
    this.counts.unknown.set(type, (this.counts.unknown.get(type) ?? 0) + 1);
  }
}

const maxChained = 50_000;

/** Known, and of no consequence here: bookkeeping, display, and the vendor's own prompts. */
const idleTypes = new Set([
  'agent-name',
  'agent-setting',
  'api-request',
  'api-request-blob',
  'api-request-shape',
  'atis-latch',
  'bridge-session',
  'content-replacement',
  'file-history-delta',
  'file-history-snapshot',
  'frame-link',
  'pr-link',
  'progress',
  'relocated',
  // A workflow's own journal of its steps, whose sub-agents have files of their own.
  'result',
  'started',
  'summary',
  'tag',
  'tools-used',
  'worktree-state',
]);

const idleSystem = new Set([
  'away_summary',
  'bridge_status',
  'informational',
  'local_command',
  'microcompact_boundary',
  'model_refusal_fallback',
  'scheduled_task_fire',
  'session_start',
  'stop_hook_summary',
]);

const idleAttachments = new Set([
  'auto_mode',
  'batching_reminder_sent',
  'budget_usd',
  'command_permissions',
  'compact_file_reference',
  'critical_system_reminder',
  'date',
  'date_change',
  'deferred_tools_record',
  'diagnostics',
  'directory',
  'dynamic_skill',
  'edited_image_file',
  'edited_text_file',
  'environment',
  'file',
  'goal_status',
  'hook_additional_context',
  'hook_blocking_error',
  'hook_cancelled',
  'hook_error_during_execution',
  'hook_non_blocking_error',
  'hook_stopped_continuation',
  'hook_success',
  'hook_system_message',
  'image',
  'invoked_skills',
  'mcp_resource',
  'model',
  'nested_memory',
  'new_diagnostics',
  'opened_file_in_ide',
  'output_style',
  'plan_file_reference',
  'plan_mode',
  'plan_mode_exit',
  'prompt_snapshot',
  'read_truncation_notice',
  'relevant_memories',
  'remote_session_change',
  'selected_lines_in_ide',
  'session_context',
  'silent_turn_reminder',
  'skill_listing',
  'task_reminder',
  'task_status',
  'todo',
  'todo_reminder',
  'total_tokens_reminder',
  'ultra_effort_enter',
  'ultra_effort_exit',
  'ultramemory',
]);
