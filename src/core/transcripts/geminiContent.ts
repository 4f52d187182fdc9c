import { asList, asRecord, asText, asWord, toJson, type JsonRecord } from './jsonValue.ts';

/** The parts of a message of the Gemini API's form, sorted out: thoughts are left aside. */
export interface GeminiParts {
  readonly text: string;
  readonly images: number;
  readonly calls: readonly { readonly id: string | undefined; readonly name: string; readonly args: unknown }[];
  readonly results: readonly { readonly id: string | undefined; readonly name: string | undefined; readonly response: unknown }[];
}

/** @param content a text, one part, or a list of parts. */
export function readParts(content: unknown): GeminiParts {
  if (typeof content === 'string') return { text: content, images: 0, calls: [], results: [] };
  const texts: string[] = [];
  const calls: { id: string | undefined; name: string; args: unknown }[] = [];
  const results: { id: string | undefined; name: string | undefined; response: unknown }[] = [];
  let images = 0;
  for (const value of Array.isArray(content) ? asList(content) : [content]) {
    if (typeof value === 'string') texts.push(value);
    const part = asRecord(value);
    if (part === undefined || part['thought'] === true) continue;
    const text = asText(part['text']);
    if (text !== undefined) texts.push(text);
    if (part['inlineData'] !== undefined || part['fileData'] !== undefined) images += 1;
    const call = asRecord(part['functionCall']);
    const name = asWord(call?.['name']);
    if (call !== undefined && name !== undefined) calls.push({ id: asWord(call['id']), name, args: call['args'] });
    const result = asRecord(part['functionResponse']);
    if (result !== undefined) results.push({ id: asWord(result['id']), name: asWord(result['name']), response: result['response'] });
  }
  return { text: texts.join('\n'), images, calls, results };
}

/** The words of a `functionResponse`'s `response`: `{output}` or `{error}`, else all of it. */
export function responseText(response: unknown): { readonly text: string; readonly isError: boolean } {
  const record: JsonRecord | undefined = asRecord(response);
  if (record === undefined) return { text: asText(response) ?? '', isError: false };
  const error = record['error'];
  if (error !== undefined && error !== null) return { text: asText(error) ?? toJson(error), isError: true };
  const output = record['output'] ?? record['result'];
  if (output === undefined) return { text: Object.keys(record).length === 0 ? '' : toJson(record), isError: false };
  return { text: asText(output) ?? toJson(output), isError: false };
}

/** The text without what hooks and the program put in around it. Searching by index: the text is whatever somebody wrote. */
export function withoutTags(text: string): string {
  let rest = text;
  for (const tag of ['session_context', 'hook_context']) {
    const open = rest.indexOf(`<${tag}>`);
    const close = open < 0 ? -1 : rest.indexOf(`</${tag}>`, open);
    if (close >= 0) rest = rest.slice(0, open) + rest.slice(close + tag.length + 3);
  }
  return rest;
}
