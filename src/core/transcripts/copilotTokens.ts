import type { Usage } from '../../model/event.ts';
import { asCount, asRecord, type JsonRecord } from './jsonValue.ts';

/**
 * A message of the Copilot CLI tells what it put out; the rest is told by model in one sum at the end of the process.
 * That sum is told less what the messages told already.
 */
export class CopilotTokens {
  readonly #output = new Map<string, number>();

  /** A message's own tokens. */
  put(model: string, output: number): void {
    this.#output.set(model, (this.#output.get(model) ?? 0) + output);
  }

  /** `session.shutdown`: what has not been told, by model. `used` is the model where none is named. */
  rest(data: JsonRecord, used: string | undefined): readonly { readonly model: string | undefined; readonly usage: Usage }[] {
    const metrics = Object.entries(asRecord(data['modelMetrics']) ?? {}).flatMap(([model, value]) => {
      const metric = asRecord(value);
      const sum = sumOf(asRecord(metric?.['usage']), asRecord(metric?.['tokenDetails']));
      return sum === undefined ? [] : [{ model, usage: this.#less(sum, [model]) }];
    });
    const whole = metrics.length > 0 ? undefined : sumOf(undefined, asRecord(data['tokenDetails']));
    const told = whole === undefined ? metrics : [{ model: used, usage: this.#less(whole, [...this.#output.keys()]) }];
    this.#output.clear();
    return told.filter(({ usage }) => Object.values(usage).some((count) => (count ?? 0) > 0));
  }

  #less(sum: Usage, models: readonly string[]): Usage {
    const told = models.reduce((total, model) => total + (this.#output.get(model) ?? 0), 0);
    const output = sum['gen_ai.usage.output_tokens'];
    return output === undefined ? sum : { ...sum, 'gen_ai.usage.output_tokens': Math.max(0, output - told) };
  }
}

/** `details` counts each kind by itself, while the input in `usage` holds the cached tokens too. */
function sumOf(usage: JsonRecord | undefined, details: JsonRecord | undefined): Usage | undefined {
  const count = (kind: string): number | undefined => asCount(asRecord(details?.[kind])?.['tokenCount']);
  const read = count('cache_read') ?? asCount(usage?.['cacheReadTokens']);
  const written = count('cache_write') ?? asCount(usage?.['cacheWriteTokens']);
  const whole = asCount(usage?.['inputTokens']);
  const input = count('input') ?? (whole === undefined ? undefined : Math.max(0, whole - (read ?? 0) - (written ?? 0)));
  const output = count('output') ?? asCount(usage?.['outputTokens']);
  const reasoning = asCount(usage?.['reasoningTokens']);
  if (input === undefined && output === undefined) return undefined;
  return {
    ...(input === undefined ? {} : { 'gen_ai.usage.input_tokens': input }),
    ...(output === undefined ? {} : { 'gen_ai.usage.output_tokens': output }),
    ...(read === undefined ? {} : { 'gen_ai.usage.cache_read.input_tokens': read }),
    ...(written === undefined ? {} : { 'gen_ai.usage.cache_creation.input_tokens': written }),
    ...(reasoning === undefined || reasoning === 0 ? {} : { 'gen_ai.usage.reasoning.output_tokens': reasoning }),
  };
}
