import type {
  ReaderCounts,
  ReaderTools,
  RecordPlace,
  RunDescription,
  TranscriptFact,
  TranscriptFile,
  TranscriptReader,
} from './adapter.ts';
import { CodexThread } from './codexThread.ts';
import { CodexToolLedger } from './codexToolLedger.ts';
import { FactSink } from './factSink.ts';
import { asCount, asList, asRecord, asText, asTime, asWord, toJson, type JsonRecord } from './jsonValue.ts';

/**
 * Reads a Codex rollout: one `{timestamp, ordinal?, type, payload}` a line. Two histories exist, `legacy` (facts in
 * `event_msg`, command results in the texts of `response_item`) and `paginated` (facts in `item_completed`); a legacy
 * file may turn into the other by migration. Prompts and replies are taken from the event side alone, since a
 * `response_item` of role user also holds what the program itself put in.
 *
 * The id of a fact is made of the turn (or, where none is told, the thread) and the call or the count within it, so that
 * it is the same before and after a migration and in the copy that a fork makes.
 */
export class CodexReader implements TranscriptReader {
  readonly counts: ReaderCounts = { records: 0, unknown: new Map(), misshapen: 0 };
  readonly #sink: FactSink;
  readonly #thread: CodexThread;
  readonly #tools: CodexToolLedger;
  /** When a document says that it was begun. */
  #documentAt: unknown;
  /** Calls without an id that have not returned. */
  readonly #nameless: string[] = [];

  constructor(file: TranscriptFile, tools: ReaderTools) {
    this.#sink = new FactSink('codex', file, tools.digest);
    this.#thread = new CodexThread(this.#sink, file);
    this.#tools = new CodexToolLedger(this.#sink, this.#thread);
  }

  read(record: unknown, place: RecordPlace): readonly TranscriptFact[] {
    this.counts.records += 1;
    const piece = asRecord(record);
    const line = piece !== undefined && 'member' in piece ? this.#lineOf(piece) : piece;
    if (line === 'none') return [];
    if (line === undefined) {
      this.counts.misshapen += 1;
      return [];
    }
    const at = asTime(line['timestamp']);
    this.#sink.begin({ offset: place.offset, at, record: undefined });
    this.#thread.meet(at);
    const payload = asRecord(line['payload']);
    const type = asText(line['type']);
    if (payload !== undefined && type !== undefined) this.#readLine(type, payload);
    else if (asWord(line['id']) !== undefined && type === undefined && line['timestamp'] !== undefined) this.#thread.begin(line);
    else if (type !== undefined) this.#readItem(line, true);
    else if (line['record_type'] === undefined) this.counts.misshapen += 1;
    const facts = this.#sink.take();
    return this.#thread.isCopy ? [] : facts;
  }

  quiet(): readonly TranscriptFact[] {
    return [];
  }

  describe(): RunDescription {
    return this.#thread.describe();
  }

  /** What a piece of the oldest rollouts says, as the line that says it in later ones. Their items have no times. */
  #lineOf({ member, value, at }: JsonRecord): JsonRecord | 'none' | undefined {
    if (member === null) {
      return at === 'start' || at === 'end' ? 'none' : undefined;
    }
    const body = asRecord(value);
    if (member === 'session' && body !== undefined) {
      this.#documentAt = body['timestamp'];
      return { ...body, type: undefined };
    }
    return member === 'items' && body !== undefined ? { ...body, timestamp: this.#documentAt } : undefined;
  }

  #readLine(type: string, payload: JsonRecord): void {
    switch (type) {
      case 'session_meta':
        this.#thread.begin(payload);
        return;
      case 'turn_context':
        this.#thread.noteTurn(asWord(payload['turn_id']));
        this.#thread.noteSettings(payload);
        return;
      case 'response_item':
        this.#readItem(payload, false);
        return;
      case 'event_msg':
        this.#readEvent(payload);
        return;
      case 'compacted':
        this.#thread.compacted(asText(payload['message']));
        return;
      case 'token_usage_record':
        this.#thread.usage(asRecord(payload['usage']), asWord(payload['response_id']), true);
        return;
      case 'world_state':
      case 'inter_agent_communication':
      case 'inter_agent_communication_metadata':
        return;
      default:
        this.#unknown(type);
    }
  }

  /** @param isBare true in the oldest files, where items stand without a wrapper and nothing else tells the prompts. */
  #readItem(item: JsonRecord, isBare: boolean): void {
    const type = asText(item['type']);
    switch (type) {
      case 'message':
        if (item['role'] === 'user') this.#thread.modelSideUser(messageText(item), isBare);
        else if (isBare && item['role'] === 'assistant') this.#thread.reply(messageText(item));
        return;
      case 'function_call':
      case 'custom_tool_call':
      case 'local_shell_call':
      case 'web_search_call':
      case 'tool_search_call':
        this.#tools.called(item);
        return;
      case 'function_call_output':
      case 'custom_tool_call_output':
      case 'tool_search_output':
        this.#tools.returned(item);
        return;
      case 'tool_call':
      case 'tool_result':
        this.#readNameless(type, item);
        return;
      case 'reasoning':
      case 'additional_tools':
      case 'agent_message':
      case 'ghost_snapshot':
      case 'image_generation_call':
      case 'compaction':
      case 'compaction_summary':
      case 'compaction_trigger':
      case 'context_compaction':
        return;
      default:
        this.#unknown(`response_item/${type ?? ''}`);
    }
  }

  /** Calls and results in the form of another program that writes rollouts: `{function: {name}, arguments}`, often without ids. */
  #readNameless(type: 'tool_call' | 'tool_result', item: JsonRecord): void {
    const told = asWord(item['call_id']) ?? asWord(item['id']);
    if (type === 'tool_call') {
      const id = told ?? `${this.#sink.origin.at ?? ''}/${this.counts.records}`;
      if (told === undefined) this.#nameless.push(id);
      if (this.#nameless.length > maxNameless) this.#nameless.shift();
      const name = asRecord(item['function'])?.['name'] ?? item['name'];
      this.#tools.called({ type: 'function_call', name, arguments: item['arguments'], call_id: id });
      return;
    }
    const id = told ?? this.#nameless.shift();
    const result = asRecord(item['result']) ?? {};
    const output = [asText(result['stdout']) ?? asText(item['result']) ?? '', asText(result['stderr']) ?? ''].join('');
    const exitCode = asCount(result['exitCode']);
    if (id === undefined) return;
    const metadata = exitCode === undefined ? undefined : { exit_code: exitCode };
    this.#tools.returned({ call_id: id, output: metadata === undefined ? output : toJson({ output, metadata }) });
  }

  #readEvent(event: JsonRecord): void {
    const type = asText(event['type']) ?? '';
    switch (type) {
      case 'task_started':
      case 'turn_started':
        this.#thread.beginTurn(asWord(event['turn_id']), asWord(asRecord(event['turn_attribution'])?.['turn_trigger']));
        return;
      case 'task_complete':
      case 'turn_complete': {
        const error = asRecord(event['error']);
        if (error !== undefined) this.#thread.failed(asText(error['message']) ?? 'error', false);
        this.#thread.endTurn(error === undefined ? 'end_turn' : 'error', asCount(event['duration_ms']));
        return;
      }
      case 'turn_aborted':
        this.#thread.endTurn(event['reason'] === 'budget_limited' ? 'max_turn_requests' : 'cancelled', asCount(event['duration_ms']));
        return;
      case 'user_message':
        if (event['kind'] !== undefined && event['kind'] !== null && event['kind'] !== 'plain') return;
        this.#thread.prompt(asText(event['message']) ?? '', asList(event['images']).length + asList(event['local_images']).length);
        return;
      case 'agent_message':
        this.#thread.reply(asText(event['message']) ?? '');
        return;
      case 'item_completed':
        this.#readCompleted(event);
        return;
      case 'exec_command_end':
        this.#tools.commandEnded(
          { ...event, id: event['call_id'], aggregated_output: event['aggregated_output'] ?? event['stdout'] },
          event,
        );
        return;
      case 'patch_apply_end':
        this.#tools.patched(asWord(event['call_id']), event['changes'], event['success'] !== false && event['status'] !== 'failed', event);
        return;
      case 'mcp_tool_call_end': {
        const invocation = asRecord(event['invocation']) ?? {};
        this.#tools.served({ ...invocation, id: event['call_id'], result: event['result'], duration: event['duration'] }, event);
        return;
      }
      case 'token_count': {
        const info = asRecord(event['info']);
        this.#thread.countTokens(info);
        return;
      }
      case 'context_compacted':
        this.#thread.compactionNoted();
        return;
      case 'thread_rolled_back':
        this.#thread.rolledBack(asCount(event['num_turns']) ?? 1);
        return;
      case 'thread_settings_applied':
        this.#thread.noteSettings(asRecord(event['thread_settings']) ?? {});
        return;
      case 'thread_name_updated':
        this.#thread.named(asWord(event['thread_name']));
        return;
      case 'error':
        this.#thread.failed(asText(event['message']) ?? asText(asRecord(event['error'])?.['message']) ?? 'error', false);
        return;
      case 'stream_error':
        this.#thread.failed(asText(event['message']) ?? 'stream error', true);
        return;
      default:
        if (!idleEvents.has(type)) this.#unknown(`event_msg/${type}`);
    }
  }

  #readCompleted(event: JsonRecord): void {
    const item = asRecord(event['item']);
    if (item === undefined) {
      this.counts.misshapen += 1;
      return;
    }
    this.#thread.noteTurn(asWord(event['turn_id']));
    this.#thread.isPaginated = true;
    const type = asText(item['type']) ?? '';
    switch (type) {
      case 'UserMessage': {
        const parts = asList(item['content']).map(asRecord);
        this.#thread.prompt(messageText(item), parts.filter((part) => /image/i.test(asText(part?.['type']) ?? '')).length);
        return;
      }
      case 'AgentMessage':
        this.#thread.reply(messageText(item));
        return;
      case 'CommandExecution':
        this.#tools.commandEnded(item, event);
        return;
      case 'FileChange':
        this.#tools.patched(asWord(item['id']), item['changes'], item['status'] === 'completed', event);
        return;
      case 'McpToolCall':
      case 'DynamicToolCall':
        this.#tools.served(item, event);
        return;
      case 'ImageView':
        this.#tools.viewed(asWord(item['id']), item['path']);
        return;
      case 'ContextCompaction':
        this.#thread.compactionNoted();
        return;
      default:
        if (!idleItems.has(type)) this.#unknown(`item/${type}`);
    }
  }

  #unknown(type: string): void {
    this.counts.unknown.set(type, (this.counts.unknown.get(type) ?? 0) + 1);
  }
}

/** The text parts of a message, in either spelling. */
function messageText(item: JsonRecord): string {
  const content = item['content'];
  if (typeof content === 'string') return content;
  return asList(content)
    .map((part) => asText(asRecord(part)?.['text']) ?? '')
    .filter(Boolean)
    .join('\n');
}

const maxNameless = 1000;

/** Known, and told elsewhere or of no consequence here. */
const idleItems = new Set([
  'Reasoning',
  'Plan',
  'WebSearch',
  'CollabAgentToolCall',
  'SubAgentActivity',
  'ImageGeneration',
  'EnteredReviewMode',
  'ExitedReviewMode',
  'HookPrompt',
  'Extension',
]);

const idleEvents = new Set([
  // What a client is shown of what the rollout tells elsewhere: its stream, its counts, what is left of its limits.
  'account/rateLimits/updated',
  'codex/event/raw_item',
  'turn.completed',
  'agent_reasoning',
  'agent_reasoning_raw_content',
  'agent_reasoning_section_break',
  'agent_message_delta',
  'background_event',
  'collab_agent_interaction_begin',
  'collab_agent_interaction_end',
  'collab_agent_spawn_begin',
  'collab_agent_spawn_end',
  'collab_close_begin',
  'collab_close_end',
  'collab_resume_begin',
  'collab_resume_end',
  'collab_waiting_begin',
  'collab_waiting_end',
  'deprecation_notice',
  'dynamic_tool_call_request',
  'dynamic_tool_call_response',
  'entered_review_mode',
  'exec_approval_request',
  'exec_command_begin',
  'exec_command_output_delta',
  'exited_review_mode',
  'guardian_assessment',
  'image_generation_begin',
  'image_generation_end',
  'item_started',
  'mcp_tool_call_begin',
  'patch_apply_begin',
  'plan_update',
  'apply_patch_approval_request',
  'sub_agent_activity',
  'thread_goal_updated',
  'turn_diff',
  'undo_completed',
  'undo_started',
  'view_image_tool_call',
  'warning',
  'web_search_begin',
  'web_search_end',
]);
