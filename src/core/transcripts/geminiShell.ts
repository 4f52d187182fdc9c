import type { ToldResult } from './toolLedger.ts';

/**
 * What Gemini CLI's `run_shell_command` told the model. Newer versions: `Output: …`, then a line each of `Error`, `Exit
 * Code` (only when it is not 0), `Signal`, `Background PIDs`, `Process Group PGID`; older ones begin with `Command` and
 * `Directory`, may tell `Stdout` and `Stderr` apart, and always name a code, `(none)` for a command that a signal ended.
 * A command that was cancelled or sent to the background has a sentence in their stead.
 * @param display what the person was shown, where it is a text: usually exactly what was printed, so that a line of the
 * output that looks like one of these misleads nobody.
 */
export function readShellResult(told: string, display: string | undefined): ToldResult {
  const plain = withoutWrapper(told);
  // Told through a tool that escaped the line ends once more.
  const text = /^Command: [^\n]*\\nDirectory: [^\n]*$/.test(plain) ? plain.replaceAll('\\n', '\n') : plain;
  const sentence = /^Command (was (?:automatically )?cancelled|moved to background)[^\n]*/.exec(text);
  if (sentence !== null) {
    if (sentence[1] === 'moved to background') return { isOk: true, outcome: 'background', output: '' };
    const at = text.indexOf('\n');
    const output = at < 0 ? '' : text.slice(at + 1);
    return { isOk: false, outcome: sentence[1] === 'was cancelled' ? 'interrupted' : 'error', output, exitCode: null };
  }
  const body = /^(?:Command: [^]*?\nDirectory: [^\n]*\n)?(?:Output|Stdout): /.exec(text);
  if (body === null) return { isOk: true, output: text, exitCode: null };
  const from = body[0].length;
  const printed = display?.trimEnd() ?? '';
  const rest = text.slice(from);
  const isExact = printed !== '' && rest.startsWith(printed) && /^\s*\n/.test(rest.slice(printed.length));
  const tailAt = from + (isExact ? printed.length : tailOf(rest));
  const tail = text.slice(tailAt);
  const code = /^Exit Code: (-?\d+|\(none\))/m.exec(tail);
  const signal = /^Signal: (?!\(none\)|0\b)(\S+)/m.exec(tail);
  const error = /^Error: (?!\(none\))(.+)/m.exec(tail);
  const exitCode = code === null ? (signal === null && error === null ? 0 : null) : code[1] === '(none)' ? null : Number(code[1]);
  const output = text.slice(from, tailAt).trimEnd();
  const isOk = exitCode === 0;
  return { isOk, outcome: isOk ? undefined : 'error', output: output === '(empty)' ? '' : output, exitCode };
}

const markers = /^(?:Error|Exit Code|Signal|Background PIDs|Process Group PGID): /;

/** Where the lines about the command begin: as many as stand at the end. */
function tailOf(rest: string): number {
  let at = rest.length;
  for (;;) {
    const before = rest.lastIndexOf('\n', at - 1);
    if (before < 0 || !markers.test(rest.slice(before + 1, at))) return at;
    at = before;
  }
}

/** Newer versions wrap what comes from outside. */
export function withoutWrapper(text: string): string {
  const open = '<untrusted_context>\n';
  const close = '\n</untrusted_context>';
  return text.startsWith(open) && text.endsWith(close) ? text.slice(open.length, -close.length) : text;
}
