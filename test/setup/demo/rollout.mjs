// Writes a transcript in the format of Codex 0.169's rollouts (`$CODEX_HOME/sessions/YYYY/MM/DD/rollout-*.jsonl`,
// paginated history): the records that Codex wrote for the same acts, less its instructions and its bookkeeping.
import { randomBytes, randomUUID } from 'node:crypto';
import { appendFileSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const model = 'gpt-5.5';

/**
 * @typedef {object} Rollout
 * @property {string} file
 * @property {(prompt: string) => void} beginTurn
 * @property {(text: string) => void} say
 * @property {(explanation: string, steps: readonly (readonly [string, string])[]) => void} plan
 * @property {(command: string) => string} beginCommand returns the call's id
 * @property {(callId: string, command: string, outcome: { output: string, exitCode: number, durationMs: number }) => void} endCommand
 * @property {(file: string, patch: string, unifiedDiff: string) => void} patch
 * @property {() => void} endTurn
 */

/** @returns {string} a version 7 UUID: Codex's thread ids sort by time */
function timeOrderedId() {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(Date.now(), 0, 6);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x70;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/**
 * Begins a transcript.
 * @param {{ codexHome: string, folder: string }} places
 * @returns {Rollout}
 */
export function beginRollout({ codexHome, folder }) {
  const thread = timeOrderedId();
  const now = new Date();
  const two = (/** @type {number} */ value) => String(value).padStart(2, '0');
  const day = [now.getFullYear(), two(now.getMonth() + 1), two(now.getDate())];
  const time = [two(now.getHours()), two(now.getMinutes()), two(now.getSeconds())].join('-');
  const home = path.join(codexHome, 'sessions', ...day.map(String));
  mkdirSync(home, { recursive: true });
  const file = path.join(home, `rollout-${day.join('-')}T${time}-${thread}.jsonl`);

  let ordinal = 0;
  let turn = '';
  let turnStartedAt = 0;
  let lastMessage = '';
  let responses = 0;
  const total = { input: 0, output: 0 };

  const write = (/** @type {string} */ type, /** @type {object} */ payload) => {
    appendFileSync(file, `${JSON.stringify({ timestamp: new Date().toISOString(), ordinal, type, payload })}\n`);
    ordinal += 1;
  };
  const complete = (/** @type {object} */ item, /** @type {number} */ tookMs = 0) => {
    const at = Date.now();
    const times = { started_at_ms: at - tookMs, completed_at_ms: at };
    write('event_msg', { type: 'item_completed', thread_id: thread, turn_id: turn, item, ...times });
  };
  const countTokens = (/** @type {number} */ output) => {
    responses += 1;
    const input = 2400 + 350 * responses;
    total.input += input;
    total.output += output;
    const describe = (/** @type {number} */ inputTokens, /** @type {number} */ outputTokens) => ({
      input_tokens: inputTokens,
      cached_input_tokens: Math.round(inputTokens * 0.7),
      cache_write_input_tokens: 0,
      output_tokens: outputTokens,
      reasoning_output_tokens: 0,
      total_tokens: inputTokens + outputTokens,
    });
    const usage = describe(input, output);
    const all = describe(total.input, total.output);
    const ids = { thread_id: thread, turn_id: turn, session_id: thread, root_turn_id: turn, response_id: `resp_${responses}` };
    write('token_usage_record', { ...ids, usage, turn_token_usage: all, thread_token_usage: all });
  };

  write('session_meta', {
    session_id: thread,
    id: thread,
    timestamp: now.toISOString(),
    cwd: folder,
    runtime_workspace_roots: [folder],
    originator: 'codex_cli',
    cli_version: '0.169.0',
    source: 'cli',
    thread_source: 'user',
    model_provider: 'recorded',
    history_mode: 'paginated',
    git: {},
  });

  return {
    file,
    beginTurn: (prompt) => {
      turn = timeOrderedId();
      turnStartedAt = Date.now();
      const ids = { turn_id: turn, root_turn_id: turn };
      write('event_msg', { type: 'task_started', ...ids, started_at: Math.floor(turnStartedAt / 1000), model_context_window: 258_400 });
      write('turn_context', { ...ids, cwd: folder, approval_policy: 'never', model, summary: 'none' });
      const id = randomUUID();
      write('response_item', { type: 'message', id: `msg_${id}`, role: 'user', content: [{ type: 'input_text', text: prompt }] });
      complete({ type: 'UserMessage', id, content: [{ type: 'text', text: prompt, text_elements: [] }] });
    },
    say: (text) => {
      const id = `msg_${randomUUID()}`;
      lastMessage = text;
      complete({ type: 'AgentMessage', id, content: [{ type: 'Text', text }] });
      write('response_item', { type: 'message', status: 'completed', id, role: 'assistant', content: [{ type: 'output_text', text }] });
      countTokens(40 + text.length);
    },
    plan: (explanation, steps) => {
      const callId = `call_${randomUUID()}`;
      const plan = steps.map(([step, status]) => ({ step, status }));
      const call = { type: 'function_call', status: 'completed', name: 'update_plan', call_id: callId };
      write('response_item', { ...call, arguments: JSON.stringify({ explanation, plan }) });
      countTokens(70);
      write('response_item', { type: 'function_call_output', call_id: callId, output: 'Plan updated' });
    },
    beginCommand: (command) => {
      const callId = `call_${randomUUID()}`;
      const call = { type: 'function_call', status: 'completed', name: 'exec_command', call_id: callId };
      write('response_item', { ...call, arguments: JSON.stringify({ cmd: command }) });
      countTokens(50);
      return callId;
    },
    endCommand: (callId, command, { output, exitCode, durationMs }) => {
      const shell = process.platform === 'win32' ? ['cmd.exe', '/c', command] : ['/bin/bash', '-lc', command];
      const item = {
        type: 'CommandExecution',
        id: callId,
        command: shell,
        cwd: pathToFileURL(folder).href,
        source: 'unified_exec_startup',
      };
      const duration = { secs: Math.floor(durationMs / 1000), nanos: (durationMs % 1000) * 1_000_000 };
      const status = exitCode === 0 ? 'completed' : 'failed';
      const parsed = [{ type: 'unknown', cmd: command }];
      complete({ ...item, parsed_cmd: parsed, status, aggregated_output: output, exit_code: exitCode, duration }, durationMs);
      const told = `Wall time: ${(durationMs / 1000).toFixed(4)} seconds\nProcess exited with code ${exitCode}\nOutput:\n${output}`;
      write('response_item', { type: 'function_call_output', call_id: callId, output: told });
    },
    patch: (changedFile, patch, unifiedDiff) => {
      const callId = `call_${randomUUID()}`;
      write('response_item', { type: 'custom_tool_call', status: 'completed', call_id: callId, name: 'apply_patch', input: patch });
      countTokens(30 + Math.round(patch.length / 4));
      const told = `Success. Updated the following files:\nM ${path.relative(folder, changedFile)}\n`;
      const changes = { [changedFile]: { type: 'update', unified_diff: unifiedDiff, move_path: null } };
      complete({ type: 'FileChange', id: callId, changes, status: 'completed', stdout: told, stderr: '' });
      write('response_item', {
        type: 'custom_tool_call_output',
        call_id: callId,
        output: `Exit code: 0\nWall time: 0 seconds\nOutput:\n${told}`,
      });
    },
    endTurn: () => {
      const times = { started_at: Math.floor(turnStartedAt / 1000), completed_at: Math.floor(Date.now() / 1000) };
      const took = { duration_ms: Date.now() - turnStartedAt };
      write('event_msg', { type: 'task_complete', turn_id: turn, root_turn_id: turn, last_agent_message: lastMessage, ...times, ...took });
    },
  };
}
