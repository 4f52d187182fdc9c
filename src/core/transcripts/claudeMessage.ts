import type { Usage } from '../../model/event.ts';
import type { FactBody } from './factSink.ts';
import { asCount, asRecord, asWord, toJson, type JsonRecord } from './jsonValue.ts';

type StopReason = Extract<FactBody, { kind: 'turn.ended' }>['stopReason'];

/** ACP's stop reason of the Messages API's, for those that end a turn. */
export const stopReasons: Readonly<Record<string, StopReason | undefined>> = {
  end_turn: 'end_turn',
  stop_sequence: 'end_turn',
  max_tokens: 'max_tokens',
  model_context_window_exceeded: 'max_tokens',
  refusal: 'refusal',
};

/** The API's own counts; `input_tokens` is without the cached ones already. */
export function usageOf(told: JsonRecord | undefined): Usage | undefined {
  const input = asCount(told?.['input_tokens']);
  const output = asCount(told?.['output_tokens']);
  if (told === undefined || (input === undefined && output === undefined)) return undefined;
  const read = asCount(told['cache_read_input_tokens']);
  const written = asCount(told['cache_creation_input_tokens']);
  const thinking = asCount(asRecord(told['output_tokens_details'])?.['thinking_tokens']);
  return {
    ...(input === undefined ? {} : { 'gen_ai.usage.input_tokens': input }),
    ...(output === undefined ? {} : { 'gen_ai.usage.output_tokens': output }),
    ...(read === undefined ? {} : { 'gen_ai.usage.cache_read.input_tokens': read }),
    ...(written === undefined ? {} : { 'gen_ai.usage.cache_creation.input_tokens': written }),
    ...(thinking === undefined || thinking === 0 ? {} : { 'gen_ai.usage.reasoning.output_tokens': thinking }),
  };
}

/** What a `system` record of an error says, in the most telling words that it has. */
export function errorText(record: JsonRecord, subtype: string): string {
  const error = asRecord(record['error']);
  return (
    asWord(error?.['message']) ??
    asWord(asRecord(error?.['error'])?.['message']) ??
    asWord(record['content']) ??
    (error === undefined ? subtype : toJson(error))
  );
}
