import type { Usage } from '../../model/event.ts';
import { asCount, type JsonRecord } from './jsonValue.ts';

/** Counts of the Gemini API, as Gemini CLI names them: `input` includes the cached tokens, `output` does not include the thoughts. */
export function geminiUsage(told: JsonRecord | undefined): Usage | undefined {
  return usageOfCounts(told?.['input'], told?.['output'], told?.['cached'], told?.['thoughts'], told?.['tool']);
}

/** @param prompt with the cached tokens. @param output without the thoughts. @param tool what tools put into the prompt. */
export function usageOfCounts(prompt: unknown, output: unknown, cached: unknown, thoughts: unknown, tool: unknown): Usage | undefined {
  const whole = asCount(prompt);
  const answered = asCount(output);
  if (whole === undefined && answered === undefined) return undefined;
  const read = asCount(cached) ?? 0;
  const thought = asCount(thoughts) ?? 0;
  const input = Math.max(0, (whole ?? 0) - read) + (asCount(tool) ?? 0);
  const all = (answered ?? 0) + thought;
  if (input === 0 && all === 0 && read === 0) return undefined;
  return {
    'gen_ai.usage.input_tokens': input,
    'gen_ai.usage.output_tokens': all,
    'gen_ai.usage.cache_read.input_tokens': read,
    ...(thought === 0 ? {} : { 'gen_ai.usage.reasoning.output_tokens': thought }),
  };
}
