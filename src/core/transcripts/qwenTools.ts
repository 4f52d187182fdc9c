import { readGeminiResult } from './geminiTools.ts';
import { asCount, asNumber, asRecord, asText, type JsonRecord } from './jsonValue.ts';
import type { ToldCall, ToldResult } from './toolLedger.ts';
import { responseText } from './geminiContent.ts';
import { readShellResult } from './geminiShell.ts';

/**
 * What came of a call of Qwen Code: `toolCallResult` beside the response that the model was given. Newer versions tell of
 * a command all that there is (`resultDisplay` of type `shell_result`), older ones in words alone.
 */
export function readQwenResult(
  call: ToldCall,
  told: JsonRecord | undefined,
  response: unknown,
  cwd: string | undefined,
  hash: (text: string) => string,
): ToldResult {
  const status = asText(told?.['status']);
  const display = told?.['resultDisplay'];
  const shell = asRecord(display);
  const hasNotBegun = told?.['executionStatus'] === 'not_started';
  if (call.command !== undefined && status !== 'cancelled' && !hasNotBegun) {
    if (shell?.['type'] === 'shell_result') return readShell(shell);
    const { text } = responseText(response);
    if (text.startsWith('Command: ')) return readShellResult(text, asText(display));
  }
  return readGeminiResult(call, status, response, display, cwd, hash);
}

function readShell(shell: JsonRecord): ToldResult {
  const exitCode = asNumber(shell['exitCode']) ?? null;
  const outcome = asText(shell['outcome']);
  const output = asText(shell['output']) ?? '';
  const durationMs = asCount(shell['durationMs']);
  if (outcome === 'backgrounded' || outcome === 'background') return { isOk: true, outcome: 'background', output, durationMs };
  if (outcome === 'cancelled' || outcome === 'aborted') return { isOk: false, outcome: 'interrupted', output, durationMs, exitCode: null };
  const isOk = exitCode === 0;
  return { isOk, outcome: isOk ? undefined : 'error', output, durationMs, exitCode };
}
