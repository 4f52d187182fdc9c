import type {
  ReaderCounts,
  ReaderTools,
  RecordPlace,
  RunDescription,
  TranscriptFact,
  TranscriptFile,
  TranscriptReader,
} from './adapter.ts';
import { CopilotRun } from './copilotRun.ts';
import { CopilotTokens } from './copilotTokens.ts';
import { FactSink } from './factSink.ts';
import { asRecord, asText, asTime, asWord, type JsonRecord } from './jsonValue.ts';

/**
 * Reads the events of GitHub's Copilot CLI: `{type, data, id, timestamp, parentId, agentId?}` a line. Form: the schema of
 * session events in the Copilot SDK. What a sub-agent does stands in the session's own file, marked by the call that
 * began it (`data.parentToolCallId`) or, in newer versions, by an id of its own (`agentId`); each is a run of its own.
 */
export class CopilotReader implements TranscriptReader {
  readonly counts: ReaderCounts = { records: 0, unknown: new Map(), misshapen: 0 };
  readonly #sink: FactSink;
  readonly #file: TranscriptFile;
  readonly #tokens: CopilotTokens;
  readonly #main: CopilotRun;
  readonly #subs = new Map<string, CopilotRun>();
  /** The sub-agent's own name, by the call that began it. */
  readonly #names = new Map<string, string>();

  constructor(file: TranscriptFile, tools: ReaderTools) {
    this.#file = file;
    this.#sink = new FactSink('copilot', file, tools.digest);
    this.#tokens = new CopilotTokens();
    const name = /([^/]+)\/events\.jsonl$/.exec(file.relative)?.[1] ?? /([^/]+)\.jsonl$/.exec(file.relative)?.[1] ?? file.relative;
    this.#main = new CopilotRun(this.#sink, file, this.#tokens, name, undefined);
  }

  read(value: unknown, place: RecordPlace): readonly TranscriptFact[] {
    this.counts.records += 1;
    const record = asRecord(value);
    const type = asText(record?.['type']);
    if (record === undefined || type === undefined) {
      this.counts.misshapen += 1;
      return [];
    }
    this.#sink.begin({ offset: place.offset, at: asTime(record['timestamp']) ?? this.#sink.origin.at, record: asWord(record['id']) });
    const data = asRecord(record['data']);
    if (data === undefined) {
      if (isKnown(type)) this.counts.misshapen += 1;
      else this.#unknown(type);
      return [];
    }
    const run = this.#runOf(type, record, data);
    run.meet(asWord(record['id']));
    this.#readEvent(run, type, data);
    return this.#sink.take();
  }

  quiet(): readonly TranscriptFact[] {
    return [];
  }

  describe(): RunDescription {
    return this.#main.describe();
  }

  #readEvent(run: CopilotRun, type: string, data: JsonRecord): void {
    switch (type) {
      case 'session.start':
        run.started(data);
        return;
      case 'session.resume':
        run.resumed(data);
        return;
      case 'session.shutdown':
        run.ended(data);
        return;
      case 'session.context_changed':
        run.moved(data);
        return;
      case 'session.model_change':
        run.learn({ model: asWord(data['newModel']) });
        return;
      case 'session.mode_changed':
        run.learn({ mode: asWord(data['newMode']) });
        return;
      case 'session.title_changed':
        run.learn({ title: asWord(data['title']) });
        return;
      case 'session.compaction_complete':
      case 'session.truncation':
        run.compacted(type, data);
        return;
      case 'session.snapshot_rewind':
        run.rewound(asWord(data['upToEventId']));
        return;
      case 'session.error':
      case 'model.call_failure':
        run.failed(data);
        return;
      case 'user.message':
        run.user(data);
        return;
      case 'assistant.message':
        run.assistant(data);
        return;
      case 'assistant.turn_end':
        run.turnEnded();
        return;
      case 'abort':
        run.aborted();
        return;
      case 'tool.execution_start':
      case 'tool.user_requested':
        if (!run.called(data, type === 'tool.user_requested')) this.counts.misshapen += 1;
        return;
      case 'tool.execution_complete':
        if (!run.returned(data)) this.counts.misshapen += 1;
        return;
      case 'permission.completed':
        run.decided(data);
        return;
      case 'skill.invoked':
        run.skill(asWord(data['name']));
        return;
      case 'subagent.started': {
        const call = asWord(data['toolCallId']);
        const name = asWord(data['agentDisplayName']) ?? asWord(data['agentName']);
        if (call !== undefined && name !== undefined) this.#names.set(call, name);
        return;
      }
      default:
        if (!idleTypes.has(type)) this.#unknown(type);
    }
  }

  /** The run that an event belongs to. Those that say a sub-agent begins or ends are its parent's. */
  #runOf(type: string, record: JsonRecord, data: JsonRecord): CopilotRun {
    const call = asWord(data['parentToolCallId']);
    const chain = call ?? asWord(record['agentId']);
    if (chain === undefined || type.startsWith('subagent.') || type.startsWith('session.')) return this.#main;
    const existing = this.#subs.get(chain);
    if (existing !== undefined) return existing;
    const run = new CopilotRun(this.#sink, this.#file, this.#tokens, `${this.#main.run}/${chain}`, this.#main);
    run.learn({ title: this.#names.get(chain) });
    this.#subs.set(chain, run);
    return run;
  }

  #unknown(type: string): void {
    this.counts.unknown.set(type, (this.counts.unknown.get(type) ?? 0) + 1);
  }
}

/** Known, and told elsewhere or of no consequence here. */
const idleTypes = new Set(
  (
    'session.idle session.info session.warning session.usage_info session.usage_checkpoint session.plan_changed session.todos_changed ' +
    'session.compaction_start session.handoff session.workspace_file_changed session.task_complete session.auto_mode_resolved ' +
    'session.remote_steerable_changed session.schedule_created session.schedule_cancelled session.permissions_changed ' +
    'session.context_cleared session.tools_updated session.background_tasks_changed session.skills_loaded ' +
    'session.custom_agents_updated session.mcp_servers_loaded session.mcp_server_status_changed session.extensions_loaded ' +
    'session.mode_notice_delivered session.autopilot_objective_changed session.limits_changed ' +
    'pending_messages.modified assistant.turn_start assistant.intent assistant.reasoning assistant.reasoning_delta ' +
    'assistant.message_start assistant.message_delta assistant.streaming_delta assistant.thinking assistant.usage assistant.idle ' +
    'model.call_finished tool.execution_partial_result tool.execution_progress subagent.completed subagent.failed subagent.selected ' +
    'subagent.deselected subagent.configured hook.start hook.end hook.progress system.message system.notification ' +
    'permission.requested user_input.requested user_input.completed elicitation.requested elicitation.completed ' +
    'sampling.requested sampling.completed mcp.oauth_required mcp.oauth_completed external_tool.requested external_tool.completed ' +
    'command.queued command.execute command.completed commands.changed capabilities.changed exit_plan_mode.requested ' +
    'exit_plan_mode.completed'
  ).split(' '),
);

const isKnown = (type: string): boolean => idleTypes.has(type) || type === 'abort' || /^(?:session|user|assistant|tool)\./.test(type);
