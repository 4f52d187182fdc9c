import type { TranscriptFile } from '../core/transcripts/adapter.ts';
import type { RecordTaker } from './recordTaker.ts';
import { lookIntoSqlite, sqliteMark, type DatabaseSession, type SqliteLook } from './sqlite.ts';
import type { TailOutcome } from './transcriptTail.ts';

/** The chat sessions of which Copilot's traces tell, the older first. Rejects with SqliteMissing, or with SQLite's error. */
export function listTracedSessions(path: string): Promise<readonly DatabaseSession[]> {
  return lookIntoSqlite(path, (look) =>
    Promise.resolve(
      look
        .all(
          'SELECT chat_session_id AS id, MAX(end_time_ms) AS changed, COUNT(*) AS spans FROM spans WHERE chat_session_id IS NOT NULL GROUP BY chat_session_id ORDER BY MIN(start_time_ms), chat_session_id',
        )
        .map(({ id, changed, spans }) => ({ id: String(id), changedAtMs: Number(changed ?? 0), sequence: Number(spans ?? 0) })),
    ),
  );
}

const mebibyte = 1024 * 1024;
/** What is read of a span beside its columns; the prompts and lists of tools that were sent fill most of the database. */
const attributes = [
  'copilot_chat.repo.head_branch_name',
  'copilot_chat.user_request',
  'gen_ai.output.messages',
  'gen_ai.tool.call.arguments',
  'gen_ai.tool.call.result',
];

/**
 * One chat session in the traces that VS Code's Copilot Chat keeps when it is told to (`agent-traces.db`): tables `spans` and
 * `span_attributes` under OpenTelemetry's GenAI names. Tells each span as `{span: {…}, attributes: {…}}` in the order in
 * which they began; `offset` is the span's place in that order. Read anew, whole, when anything was written.
 */
export class CopilotTracesSource {
  readonly #path: string;
  readonly #session: string;
  readonly #taker: RecordTaker;
  #mark: string | undefined;

  constructor(file: TranscriptFile, taker: RecordTaker) {
    this.#path = file.path;
    this.#session = file.session ?? '';
    this.#taker = taker;
  }

  async hasChanged(): Promise<boolean> {
    return (await sqliteMark(this.#path)) !== this.#mark;
  }

  async read(): Promise<TailOutcome> {
    const mark = await sqliteMark(this.#path);
    const before = this.#mark;
    if (mark === undefined) {
      this.#mark = undefined;
      return { kind: 'missing' };
    }
    if (mark === before) return { kind: 'same' };
    const bytes = await lookIntoSqlite(this.#path, (look, isAgain) => {
      if (before !== undefined || isAgain) this.#taker.onRestart?.('rewritten');
      return this.#readSpans(look);
    });
    this.#mark = mark;
    return { kind: 'read', bytes };
  }

  async #readSpans(look: SqliteLook): Promise<number> {
    const maxBytes = this.#taker.maxLineBytes ?? 16 * mebibyte;
    const spans = look.all('SELECT span_id AS id FROM spans WHERE chat_session_id = ? ORDER BY start_time_ms, span_id', this.#session);
    let bytes = 0;
    for (const [offset, { id }] of spans.entries()) {
      const [span] = look.all('SELECT * FROM spans WHERE span_id = ?', String(id));
      if (span === undefined) continue;
      const told: Record<string, unknown> = {};
      for (const key of attributes) {
        const [size] = look.all('SELECT octet_length(value) AS size FROM span_attributes WHERE span_id = ? AND key = ?', String(id), key);
        const sizeBytes = Number(size?.['size'] ?? 0);
        bytes += sizeBytes;
        if (sizeBytes > maxBytes) this.#taker.onDamage?.({ path: this.#path, offset, sizeBytes, reason: 'too-long' });
        else if (sizeBytes > 0)
          told[key] = look.all('SELECT value FROM span_attributes WHERE span_id = ? AND key = ?', String(id), key)[0]?.['value'];
      }
      this.#taker.onRecord({ span: { ...span }, attributes: told }, offset);
      await this.#taker.onChunk?.();
    }
    return bytes;
  }
}
