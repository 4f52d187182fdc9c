import type { PlanEntry } from '../../model/event.ts';
import type { FactSink } from './factSink.ts';
import { asCount, asList, asRecord, asText, asTime, asWord, parseJson, type JsonRecord } from './jsonValue.ts';
import { readShownCall } from './clineTools.ts';
import type { RunTeller, TellHow } from './runTeller.ts';
import { resolveToldPath } from './toldPath.ts';
import { ToolLedger } from './toolLedger.ts';

interface Element {
  readonly key: string;
  readonly kind: string;
  readonly body: JsonRecord;
  readonly text: string;
  readonly offset: number;
  readonly at: string | undefined;
}

/**
 * A task of Cline, Roo Code or Kilo Code as it was shown. Elements stream in (`partial`) and are taken in place of what
 * they were; so one is told when another stands behind it, or when nothing more comes. A call has no result of its own:
 * what was shown behind it tells how it went; how a command ended is not told.
 */
export class ClineTask {
  readonly #sink: FactSink;
  readonly #teller: RunTeller;
  readonly #tools: ToolLedger;
  readonly #unknown: (type: string) => void;
  /** What was told, by time and kind, with the turn that a prompt opened. */
  readonly #told = new Map<string, number>();
  #shown = new Set<string>();
  #last: Element | undefined;
  #turns = 0;
  #first = true;
  /** The call that waits for what is shown behind it. */
  #open: { readonly id: string; readonly isCommand: boolean; readonly isQuestion: boolean; output: string[] } | undefined;
  /** The request whose counts are not told, since they come when it has ended. */
  #request: Element | undefined;

  constructor(sink: FactSink, teller: RunTeller, unknown: (type: string) => void) {
    this.#sink = sink;
    this.#teller = teller;
    this.#tools = new ToolLedger(sink, teller);
    this.#unknown = unknown;
  }

  readAgain(): void {
    this.#shown = new Set();
    this.#last = undefined;
    this.#request = undefined;
    this.#first = true;
  }

  readThrough(): void {
    const last = this.#last;
    this.#last = undefined;
    if (last !== undefined && last.body['partial'] !== true) this.#tell(last);
    const missing = [...this.#told].filter(([key, turn]) => turn > 0 && !this.#shown.has(key));
    for (const [key] of missing) this.#told.delete(key);
    if (missing.length === 0) return;
    const standing = [...this.#told.values()].filter((turn) => turn > 0);
    this.#teller.tell(
      { kind: 'run.rewound', toTurn: standing.at(-1) ?? 0, turns: missing.length },
      { origin: { record: `${this.#run}/rewound/${missing[0]![0]}` } },
    );
  }

  settle(): void {
    this.#return(undefined);
    this.#usage();
  }

  get #run(): string {
    return this.#teller.card.run ?? '';
  }

  /** False when it has no time or kind. */
  element(body: JsonRecord, offset: number): boolean {
    const at = asTime(body['ts']);
    const type = asText(body['type']);
    const kind = asText(type === 'ask' ? body['ask'] : body['say']);
    if (at === undefined || kind === undefined || (type !== 'ask' && type !== 'say')) return false;
    const key = `${asCount(body['ts']) ?? at}/${type}/${kind}`;
    const element: Element = { key, kind: `${type}/${kind}`, body, text: asText(body['text']) ?? '', offset, at };
    const last = this.#last;
    // Of what streamed in under several times the last counts.
    const isSuperseded = last?.body['partial'] === true && last.kind === element.kind && element.text.startsWith(cut(last.text));
    if (last !== undefined && !isSuperseded) this.#tell(last);
    this.#last = element;
    return true;
  }

  #tell(element: Element): void {
    const { kind, body, text } = element;
    this.#sink.begin({ offset: element.offset, at: element.at, record: `${this.#run}/${element.key}` });
    this.#teller.card.meet(element.at);
    this.#teller.begin();
    const info = asRecord(body['modelInfo']);
    this.#teller.learn({ model: asWord(info?.['modelId']), mode: asWord(info?.['mode']) });
    const isFirst = this.#first;
    this.#first = false;
    this.#shown.add(element.key);
    if (kind === 'say/api_req_started') {
      this.#usage();
      this.#request = element;
      this.#learnFolder(text);
    }
    if (this.#told.has(element.key)) return;
    this.#told.set(element.key, 0);
    this.#say(element, isFirst, { kind, body, text });
  }

  #say(element: Element, isFirst: boolean, { kind, body, text }: Pick<Element, 'kind' | 'body' | 'text'>): void {
    switch (kind) {
      case 'say/task':
      case 'say/user_feedback':
      case 'say/user_feedback_diff':
        this.#prompt(element, text);
        return;
      case 'say/text':
        if (isFirst) this.#prompt(element, text);
        else this.#reply(text);
        return;
      case 'say/completion_result':
        this.#return(undefined);
        this.#reply(text);
        return;
      case 'ask/completion_result':
      case 'ask/resume_completed_task':
        this.#return(undefined);
        this.#usage();
        if (kind === 'ask/completion_result') this.#teller.tell({ kind: 'turn.ended', stopReason: 'end_turn' });
        return;
      case 'ask/resume_task':
        this.#return('interrupted');
        this.#teller.tell(this.#teller.card.resumed());
        return;
      case 'ask/plan_mode_respond':
      case 'say/plan_mode_respond':
        this.#reply(asText(asRecord(parseJson(text))?.['response']) ?? text);
        return;
      case 'ask/followup':
      case 'ask/act_mode_respond':
        this.#question(element, text);
        return;
      case 'ask/tool':
      case 'say/tool':
        this.#called(element, asRecord(parseJson(text)) ?? {});
        return;
      case 'ask/command':
      case 'say/command':
        this.#command(element, text);
        return;
      case 'ask/command_output':
      case 'say/command_output':
        if (this.#open?.isCommand === true && text !== '') this.#open.output.push(text);
        return;
      case 'ask/use_mcp_server':
      case 'say/use_mcp_server': {
        const told = asRecord(parseJson(text)) ?? {};
        const name = `${asWord(told['serverName']) ?? 'mcp'}/${asWord(told['toolName']) ?? asWord(told['uri']) ?? 'resource'}`;
        this.#openCall(element.key, {
          name,
          tool: 'other',
          paths: [],
          edits: [],
          input: asText(told['arguments']) ?? asText(told['uri']),
        });
        return;
      }
      case 'say/mcp_server_response':
      case 'say/subtask_result':
        if (this.#open !== undefined) this.#open.output.push(text);
        this.#return(undefined);
        return;
      case 'say/error':
      case 'say/diff_error':
      case 'say/clineignore_error':
      case 'say/rooignore_error':
        if (this.#open === undefined) this.#failed(text, false);
        else {
          this.#open.output.push(text);
          this.#return('error');
        }
        return;
      case 'ask/api_req_failed':
      case 'ask/mistake_limit_reached':
      case 'ask/auto_approval_max_req_reached':
        this.#failed(text, false);
        return;
      case 'say/api_req_retry_delayed':
      case 'say/error_retry':
        this.#failed(text, true);
        return;
      case 'say/condense_context':
      case 'ask/condense':
      case 'ask/summarize_task':
        this.#compacted(body);
        return;
      case 'say/task_progress':
        this.#plan(text);
        return;
      default:
        if (!idle.has(kind)) this.#unknown(kind);
    }
  }

  #prompt(element: Element, text: string): void {
    const images = asList(element.body['images']).length;
    if (this.#open?.isQuestion === true) {
      this.#open.output.push(text);
      this.#return(undefined);
      return;
    }
    this.#return(undefined);
    this.#usage();
    if (text.trim() === '' && images === 0) return;
    this.#turns += 1;
    this.#teller.turn = this.#turns;
    this.#told.set(element.key, this.#turns);
    this.#teller.tell(
      { kind: 'prompt.submitted', text: this.#sink.words(text), provenance: 'user', ...(images > 0 ? { images } : {}) },
      { by: this.#sink.user(this.#teller.card.run) },
    );
  }

  #reply(text: string): void {
    this.#return(undefined);
    if (text.trim() === '') return;
    const { model } = this.#teller.card;
    this.#teller.tell({ kind: 'reply.given', text: this.#sink.words(text), ...(model === undefined ? {} : { model }) });
  }

  #question(element: Element, text: string): void {
    const told = asRecord(parseJson(text));
    this.#openCall(element.key, { name: question, tool: 'other', paths: [], edits: [], input: text });
    const answer = asText(told?.['selected']);
    if (answer !== undefined && this.#open !== undefined) this.#open.output.push(answer);
  }

  #called(element: Element, told: JsonRecord): void {
    if (told['tool'] === 'updateTodoList') {
      const entries = asList(told['todos']).flatMap((value): readonly PlanEntry[] => {
        const entry = asRecord(value);
        const content = asText(entry?.['content']);
        const status = entry?.['status'];
        if (content === undefined) return [];
        return [{ content, priority: 'medium', status: status === 'completed' || status === 'in_progress' ? status : 'pending' }];
      });
      this.#teller.tell({ kind: 'plan.changed', entries });
      return;
    }
    this.#openCall(
      element.key,
      readShownCall(told, this.#teller.card.cwd, (words) => this.#sink.sha256(words)),
    );
  }

  #command(element: Element, text: string): void {
    // What asks for approval marks itself at the end.
    const command = text.replace(/REQ_APP$/, '');
    this.#openCall(element.key, { name: 'execute_command', tool: 'execute', command, cwd: this.#teller.card.cwd, paths: [], edits: [] });
  }

  #openCall(id: string, call: Parameters<ToolLedger['called']>[1]): void {
    this.#return(undefined);
    this.#tools.called(id, call);
    this.#open = { id, isCommand: call.command !== undefined, isQuestion: call.name === question, output: [] };
  }

  /** What was called last has come to its end. */
  #return(outcome: 'error' | 'interrupted' | undefined): void {
    const open = this.#open;
    this.#open = undefined;
    if (open === undefined) return;
    this.#tools.returned(
      open.id,
      undefined,
      // Much of the time went by while a person was asked.
      {
        isOk: outcome === undefined,
        outcome,
        output: open.output.join('\n'),
        durationMs: null,
        ...(open.isCommand ? { exitCode: null } : {}),
      },
      `${this.#run}/${open.id}`,
    );
  }

  #failed(text: string, retry: boolean): void {
    const words = text === '' ? 'error' : text;
    this.#teller.tell({ kind: 'run.failed', what: words.slice(0, 4096), ...(retry ? { retry } : {}) });
  }

  #compacted(body: JsonRecord): void {
    const told = asRecord(body['contextCondense']);
    const preTokens = asCount(told?.['prevContextTokens']);
    const postTokens = asCount(told?.['newContextTokens']);
    const summary = asText(told?.['summary']);
    this.#teller.tell({
      kind: 'run.compacted',
      trigger: 'unknown',
      ...(preTokens === undefined ? {} : { preTokens }),
      ...(postTokens === undefined ? {} : { postTokens }),
      ...(summary === undefined ? {} : { summary: this.#sink.words(summary) }),
    });
  }

  /** A list of things to do in Markdown. */
  #plan(text: string): void {
    const entries = text.split('\n').flatMap((line): readonly PlanEntry[] => {
      const item = /^\s*[-*] \[([ xX])\] (.+)$/.exec(line);
      return item === null ? [] : [{ content: item[2]!, priority: 'medium', status: item[1] === ' ' ? 'pending' : 'completed' }];
    });
    if (entries.length > 0) this.#teller.tell({ kind: 'plan.changed', entries });
  }

  /** The counts of a request are put into it when it has ended. */
  #usage(): void {
    const request = this.#request;
    this.#request = undefined;
    const told = asRecord(parseJson(request?.text));
    const input = asCount(told?.['tokensIn']);
    const output = asCount(told?.['tokensOut']);
    if (request === undefined || (input === undefined && output === undefined)) return;
    const key = `${request.key}/usage`;
    if (this.#told.has(key)) return;
    this.#told.set(key, 0);
    const cost = asCount(told?.['cost']);
    const { model } = this.#teller.card;
    const how: TellHow = { origin: { offset: request.offset, at: request.at, record: `${this.#run}/${key}` } };
    this.#teller.tell(
      {
        kind: 'usage.reported',
        ...(model === undefined ? {} : { 'gen_ai.response.model': model }),
        usage: {
          'gen_ai.usage.input_tokens': input ?? 0,
          'gen_ai.usage.output_tokens': output ?? 0,
          'gen_ai.usage.cache_read.input_tokens': asCount(told?.['cacheReads']) ?? 0,
          'gen_ai.usage.cache_creation.input_tokens': asCount(told?.['cacheWrites']) ?? 0,
        },
        ...(cost === undefined ? {} : { costUsd: cost }),
      },
      how,
    );
  }

  /** What was sent says where the editor is at work. */
  #learnFolder(text: string): void {
    if (this.#teller.card.cwd !== undefined) return;
    const request = asText(asRecord(parseJson(text))?.['request']) ?? '';
    const folder = /# Current (?:Working|Workspace) Directory \(([^)\n]+)\)/.exec(request)?.[1];
    this.#teller.learn({ cwd: resolveToldPath(folder, undefined) });
  }
}

const question = 'ask_followup_question';

/** As much of a text as its longer form is known by. */
const cut = (text: string): string => text.slice(0, Math.max(0, text.length - 3));

/** Known, and told elsewhere or only shown. */
const idle = new Set([
  'ask/browser_action_launch',
  'ask/mcp_server_request_started',
  'ask/new_task',
  'ask/report_bug',
  'say/api_req_deleted',
  'say/api_req_finished',
  'say/api_req_rate_limit_wait',
  'say/api_req_retried',
  'say/api_req_started',
  'say/browser_action',
  'say/browser_action_launch',
  'say/browser_action_result',
  'say/browser_session_status',
  'say/checkpoint_created',
  'say/checkpoint_saved',
  'say/codebase_search_result',
  'say/command_permission_denied',
  'say/condense_context_error',
  'say/conditional_rules_applied',
  'say/deleted_api_reqs',
  'say/generate_explanation',
  'say/hook_output_stream',
  'say/hook_status',
  'say/image',
  'say/info',
  'say/load_mcp_documentation',
  'say/mcp_notification',
  'say/mcp_server_request_started',
  'say/reasoning',
  'say/shell_integration_warning',
  'say/shell_integration_warning_with_suggestion',
  'say/sliding_window_truncation',
  'say/subagent',
  'say/subagent_usage',
  'say/use_subagents',
  'say/user_edit_todos',
]);
