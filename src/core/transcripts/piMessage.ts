import type { Usage } from '../../model/event.ts';
import type { FactBody } from './factSink.ts';
import { asCount, asList, asRecord, asText, type JsonRecord } from './jsonValue.ts';

type StopReason = Extract<FactBody, { kind: 'turn.ended' }>['stopReason'];

/** pi's stop reasons that end a turn, as ACP's. A turn goes on after `toolUse`; after an error the agent may try again. */
export const piStopReasons: Readonly<Record<string, StopReason | undefined>> = {
  stop: 'end_turn',
  length: 'max_tokens',
  aborted: 'cancelled',
  error: 'error',
};

/** The text parts of a message's content and the number of its images. */
export function piContent(content: unknown): { readonly text: string; readonly images: number } {
  if (typeof content === 'string') return { text: content, images: 0 };
  const texts: string[] = [];
  let images = 0;
  for (const value of asList(content)) {
    const part = asRecord(value);
    if (part?.['type'] === 'text') texts.push(asText(part['text']) ?? '');
    else if (part?.['type'] === 'image') images += 1;
  }
  return { text: texts.join('\n'), images };
}

/** pi counts `input` without the cached tokens, and thinking within `output`. A response of which nothing is known counts nothing. */
export function piUsage(told: JsonRecord | undefined): { readonly usage: Usage; readonly costUsd: number | undefined } | undefined {
  if (told === undefined) return undefined;
  const input = asCount(told['input']);
  const output = asCount(told['output']);
  const read = asCount(told['cacheRead']);
  const written = asCount(told['cacheWrite']);
  if ([input, output, read, written].every((count) => count === undefined || count === 0)) return undefined;
  const reasoning = asCount(told['reasoning']) ?? asCount(told['reasoningTokens']);
  const cost = asCount(asRecord(told['cost'])?.['total']);
  return {
    usage: {
      ...(input === undefined ? {} : { 'gen_ai.usage.input_tokens': input }),
      ...(output === undefined ? {} : { 'gen_ai.usage.output_tokens': output }),
      ...(read === undefined ? {} : { 'gen_ai.usage.cache_read.input_tokens': read }),
      ...(written === undefined ? {} : { 'gen_ai.usage.cache_creation.input_tokens': written }),
      ...(reasoning === undefined || reasoning === 0 ? {} : { 'gen_ai.usage.reasoning.output_tokens': reasoning }),
    },
    // Of a model without a price pi tells 0, which says nothing.
    costUsd: cost === 0 ? undefined : cost,
  };
}
