import { once } from 'node:events';
import type { Writable } from 'node:stream';

/**
 * Where answers go. Standard output holds the answer and nothing else; what is said beside it goes to standard error.
 * - A reader that goes away (`tapedeck log | head`) ends us quietly, with exit code 0.
 * - Text from the log never steers the terminal: control characters are escaped in JSON and dropped from lines.
 * - Nothing is piled up in memory for a slow reader.
 */
export class Output {
  readonly #stdout: Writable;
  readonly #stderr: Writable;
  readonly isJson: boolean;

  constructor(stdout: Writable, stderr: Writable, isJson: boolean) {
    this.#stdout = stdout;
    this.#stderr = stderr;
    this.isJson = isJson;
  }

  /** One JSON document, or with `isJson` false the lines. */
  async answer(document: unknown, lines: readonly string[]): Promise<void> {
    if (this.isJson) await this.document(document);
    else for (const line of lines) await this.line(line);
  }

  /** A list: one JSON document a line, or with `isJson` false the lines of each. */
  async list<T>(items: Iterable<T>, describe: (item: T) => string): Promise<void> {
    for (const item of items) await (this.isJson ? this.document(item) : this.line(describe(item)));
  }

  document(value: unknown): Promise<void> {
    return this.bytes(`${escapeControls(JSON.stringify(value) ?? 'null')}\n`);
  }

  line(text: string): Promise<void> {
    return this.bytes(`${plainLine(text)}\n`);
  }

  /** As it is: the content of a file, a line of the log, a prompt that was made for it. */
  async bytes(content: string | Uint8Array): Promise<void> {
    if (this.#stdout.write(content)) return;
    await once(this.#stdout, 'drain');
  }

  /** Beside the answer, on standard error. */
  note(text: string): void {
    this.#stderr.write(`${plainLine(text)}\n`);
  }
}

/** JSON keeps C1 controls and DEL as they are, and terminals obey them. */
function escapeControls(json: string): string {
  return json.replaceAll(/[\u007f-\u009f\u2028\u2029]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function plainLine(text: string): string {
  return text.replaceAll(/[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, ' ');
}
