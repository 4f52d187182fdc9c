import { asCount, asNumber, asRecord, asText, type JsonRecord } from './jsonValue.ts';
import { resultText } from './piTools.ts';
import type { ToldCall, ToolLedger } from './toolLedger.ts';

interface Returned {
  readonly id: string;
  readonly call: ToldCall | undefined;
  readonly turn: number;
  readonly nowMs: number | undefined;
}

/**
 * OpenClaw's commands that went on in the background: `exec` answers with a session that is running, and a later `process`
 * call, which looks after it, with how it ended.
 */
export class PiProcesses {
  readonly #tools: ToolLedger;
  readonly #running = new Map<string, Returned & { readonly call: ToldCall }>();

  constructor(tools: ToolLedger) {
    this.#tools = tools;
  }

  /** Takes a `toolResult` message, and tells the end of a command when it is one. */
  follow(message: JsonRecord, returned: Returned): void {
    const details = asRecord(message['details']) ?? {};
    const session = asText(details['sessionId']);
    const status = asText(details['status']);
    if (session === undefined || status === undefined) return;
    if (status === 'running') {
      const { call } = returned;
      if (call?.command === undefined) return;
      this.#running.set(session, { ...returned, call });
      if (this.#running.size > maxRunning) this.#running.delete(this.#running.keys().next().value!);
      return;
    }
    const begun = this.#running.get(session);
    if (begun === undefined) return;
    this.#running.delete(session);
    const exitCode = asNumber(details['exitCode']) ?? null;
    const output = asText(details['aggregated']) ?? resultText(message['content']);
    const sinceMs = begun.nowMs === undefined || returned.nowMs === undefined ? undefined : Math.max(0, returned.nowMs - begun.nowMs);
    const durationMs = asCount(details['durationMs']) ?? sinceMs;
    this.#tools.commandEnded(begun.id, begun.call, { isOk: exitCode === 0, output, exitCode, durationMs }, { turn: begun.turn });
  }
}

/** Of commands that nobody looks after no end is told. */
const maxRunning = 500;
