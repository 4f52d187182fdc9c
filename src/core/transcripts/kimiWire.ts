import { asList, asRecord, asText, asWord, parseJson, type JsonRecord } from './jsonValue.ts';

/**
 * A message on the wire of Kimi CLI as the records of Kimi Code that say the same: an empty list and `idle` for those that
 * say nothing here, undefined for one of an unknown type.
 */
export function kimiWireEvent(type: string, payload: JsonRecord): readonly JsonRecord[] | 'idle' | undefined {
  switch (type) {
    case 'TurnBegin':
    case 'SteerInput':
      return [
        { type: type === 'TurnBegin' ? 'turn.prompt' : 'turn.steer', input: inputOf(payload['user_input']), origin: { kind: 'user' } },
      ];
    case 'TurnEnd':
      return [{ type: 'turn.ended', reason: 'completed' }];
    case 'StepInterrupted':
      return [{ type: 'turn.cancel' }, { type: 'turn.ended', reason: 'cancelled' }];
    case 'ContentPart':
    case 'TextPart':
    case 'ThinkPart':
      return [loop({ type: 'content.part', part: payload })];
    case 'ToolCall': {
      const called = asRecord(payload['function']) ?? {};
      const args = parseJson(called['arguments']);
      return [loop({ type: 'tool.call', toolCallId: payload['id'], name: called['name'], args: args ?? called['arguments'] })];
    }
    case 'ToolResult': {
      const value = asRecord(payload['return_value'] ?? payload['result']) ?? {};
      const said = [textOf(value['output']), asText(value['message']) ?? ''].filter(Boolean).join('\n');
      return [
        loop({ type: 'tool.result', toolCallId: payload['tool_call_id'], result: { output: said, isError: value['is_error'] === true } }),
      ];
    }
    case 'StatusUpdate': {
      const usage = asRecord(payload['token_usage']);
      const mode = payload['plan_mode'];
      return [
        ...(usage === undefined ? [] : [{ type: 'usage.record', usage: usageOf(usage) }]),
        ...(typeof mode === 'boolean' ? [{ type: mode ? 'plan_mode.enter' : 'plan_mode.exit' }] : []),
      ];
    }
    case 'CompactionEnd':
      return [{ type: 'context.apply_compaction' }];
    case 'ApprovalResponse':
    case 'ApprovalRequestResolved':
      return payload['response'] === 'reject'
        ? [{ type: 'permission.record_approval_result', toolCallId: asWord(payload['tool_call_id']), result: { decision: 'rejected' } }]
        : 'idle';
    default:
      return idleMessages.has(type) ? 'idle' : undefined;
  }
}

const loop = (event: JsonRecord): JsonRecord => ({ type: 'context.append_loop_event', event });

const inputOf = (told: unknown): unknown => (typeof told === 'string' ? [{ type: 'text', text: told }] : told);

function textOf(output: unknown): string {
  if (typeof output === 'string') return output;
  return asList(output)
    .flatMap((part) => asText(asRecord(part)?.['text']) ?? [])
    .join('');
}

function usageOf(usage: JsonRecord): JsonRecord {
  return {
    inputOther: usage['input_other'],
    output: usage['output'],
    inputCacheRead: usage['input_cache_read'],
    inputCacheCreation: usage['input_cache_creation'],
  };
}

/** Told by the calls and results themselves, or only shown. */
const idleMessages = new Set([
  'ApprovalRequest',
  'AudioURLPart',
  'BtwBegin',
  'BtwEnd',
  'CompactionBegin',
  'HookResolved',
  'HookTriggered',
  'ImageURLPart',
  'MCPLoadingBegin',
  'MCPLoadingEnd',
  'MCPStatusSnapshot',
  'Notification',
  'PlanDisplay',
  'QuestionRequest',
  'StepBegin',
  'SubagentEvent',
  'ToolCallPart',
  'ToolCallRequest',
  'VideoURLPart',
]);
