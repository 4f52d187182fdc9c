import { asList, asNumber, asRecord, asText, parseJson } from './jsonValue.ts';

/** What the text that Codex gives its model says about the command behind it. */
export interface CommandOutcome {
  /** Null when the text says nothing of it. */
  readonly exitCode: number | null;
  readonly durationMs: number | undefined;
  readonly output: string;
  /** The command goes on; `write_stdin` with this session will tell its end. */
  readonly session?: string;
  readonly isAborted: boolean;
}

/**
 * Reads the result of a shell tool as Codex' versions have told it: a JSON text `{output, metadata: {exit_code,
 * duration_seconds}}`; a text with `Exit code: N` and `Wall time: S`; a text of unified exec with `Process exited with
 * code N` or `Process running with session ID N`; `aborted by user after 3.1s`.
 */
export function readCommandOutput(text: string): CommandOutcome {
  const parsed = text.startsWith('{') ? asRecord(parseJson(text)) : undefined;
  const metadata = asRecord(parsed?.['metadata']);
  if (parsed !== undefined && metadata !== undefined) {
    const seconds = asNumber(metadata['duration_seconds']);
    const output = asText(parsed['output']) ?? '';
    return {
      exitCode: asNumber(metadata['exit_code']) ?? null,
      durationMs: seconds === undefined ? undefined : Math.round(seconds * 1000),
      output,
      isAborted: isAborted(output),
    };
  }
  // The lines about the command stand above what it printed.
  const bodyAt = text.indexOf('\nOutput:\n');
  const head = bodyAt < 0 ? text.slice(0, 400) : text.slice(0, bodyAt + 1);
  const exit = /^(?:Exit code:|Process exited with code) (-?\d+)/m.exec(head);
  const wall = /^Wall time: ([\d.]+)/m.exec(head);
  const session = /^Process running with session ID (\S+)/m.exec(head);
  return {
    exitCode: exit === null ? null : Number(exit[1]),
    durationMs: wall === null ? undefined : Math.round(Number(wall[1]) * 1000),
    output: bodyAt < 0 || (exit === null && session === null) ? text : text.slice(bodyAt + '\nOutput:\n'.length),
    ...(session === null ? {} : { session: session[1]! }),
    isAborted: isAborted(text),
  };
}

const isAborted = (text: string): boolean => /^(?:Wall time: [\d.]+ seconds\s+)?aborted by user/i.test(text.trimStart().slice(0, 80));

/** The text of a tool's result, which is a text, a list of content parts, or `{content, success}`. Images are named by size. */
export function outputText(output: unknown): string {
  if (typeof output === 'string') return output;
  const record = asRecord(output);
  const parts = record === undefined ? output : (record['content_items'] ?? record['content']);
  return asText(parts) ?? asList(parts).map(partText).filter(Boolean).join('\n');
}

function partText(part: unknown): string {
  const record = asRecord(part);
  if (record === undefined) return typeof part === 'string' ? part : '';
  const text = asText(record['text']);
  if (text !== undefined) return text;
  const image = asText(record['image_url']) ?? asText(record['data']);
  return image === undefined ? '' : `[image, ${image.length} characters]`;
}
