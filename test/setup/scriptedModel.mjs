// A model that says what a list of steps tells it to say, on loopback: real agents run against it without an account,
// and what they do is known in advance. It speaks three dialects: Anthropic's Messages, OpenAI's Responses and OpenAI's
// Chat Completions, each with the events of its published API.
//
// Promise: steps are used up in order, each by one request that offers tools. A request without tools (agents ask for a
// title or a summary on the side) is answered with a few words and uses up none. After the last step comes a closing
// word, so an agent always ends.
import { createServer } from 'node:http';

/**
 * @typedef {object} ScriptedCall one use of a tool
 * @property {string} name
 * @property {unknown} [args] the tool's arguments
 * @property {string} [raw] the whole input, for tools that take free text
 *
 * @typedef {object} ScriptedStep
 * @property {string} [text]
 * @property {string} [thinking] shown by agents that show a model's reasoning
 * @property {readonly ScriptedCall[]} [calls]
 * @property {number} [delayMs] before answering
 * @property {number} [status] answer with this HTTP error instead
 *
 * @typedef {"anthropic" | "responses" | "chat"} Dialect
 *
 * @typedef {object} SeenRequest
 * @property {Dialect} dialect
 * @property {readonly string[]} tools
 * @property {any} body as sent
 *
 * @typedef {object} ScriptedModel
 * @property {number} port
 * @property {readonly SeenRequest[]} requests
 * @property {() => number} stepsLeft
 * @property {() => Promise<void>} close
 *
 * @typedef {[event: string | undefined, data: unknown]} Frame one server-sent event
 */

const closingWord = 'Done.';
const asideWord = 'A short title';
/** What a request is said to have cost: the same for all, but for the input, which grows as a conversation does. */
const usageOf = (/** @type {number} */ serial) => ({ input: 1200 + 300 * serial, cached: 800, output: 60 });

/**
 * @param {readonly ScriptedStep[]} steps
 * @returns {Promise<ScriptedModel>}
 */
export async function startScriptedModel(steps) {
  /** @type {SeenRequest[]} */
  const requests = [];
  let used = 0;
  const server = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8');
    request.on('data', (part) => {
      text += part;
    });
    request.on('end', () => {
      const address = request.url ?? '';
      const dialect = dialectOf(address);
      if (address.includes('/count_tokens')) return sendJson(response, 200, { input_tokens: usageOf(0).input });
      if (request.method === 'GET' && address.includes('/models')) return sendJson(response, 200, { object: 'list', data: [], models: [] });
      if (request.method !== 'POST' || dialect === undefined) return sendJson(response, 404, { error: { message: 'unknown address' } });
      const body = parseOr(text, {});
      const tools = toolNames(body);
      requests.push({ dialect, tools, body });
      const isAside = tools.length === 0;
      const step = isAside ? { text: asideWord } : (steps[used] ?? { text: closingWord });
      if (!isAside) used += 1;
      const timer = setTimeout(() => {
        if (response.destroyed) return;
        if (step.status !== undefined)
          return sendJson(response, step.status, { type: 'error', error: { type: 'api_error', message: 'as scripted' } });
        sendAnswer(response, dialect, step, body, requests.length);
      }, step.delayMs ?? 0);
      response.once('close', () => clearTimeout(timer));
    });
  });
  await new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve(undefined));
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The scripted model has no port.');
  const close = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => {
      server.close(resolve);
    });
  };
  return { port: address.port, requests, stepsLeft: () => Math.max(0, steps.length - used), close };
}

/** @param {string} address @returns {Dialect | undefined} */
function dialectOf(address) {
  if (address.includes('/chat/completions')) return 'chat';
  if (address.includes('/responses')) return 'responses';
  return address.includes('/messages') ? 'anthropic' : undefined;
}

/** @param {any} body @returns {string[]} */
function toolNames(body) {
  return (body.tools ?? []).map((/** @type {any} */ tool) => tool.name ?? tool.function?.name ?? tool.type);
}

/**
 * @param {import("node:http").ServerResponse} response @param {Dialect} dialect @param {ScriptedStep} step
 * @param {any} body @param {number} serial
 */
function sendAnswer(response, dialect, step, body, serial) {
  const identity = { model: String(body.model ?? 'scripted'), serial };
  if (body.stream === true) {
    const frames = { anthropic: anthropicFrames, responses: responsesFrames, chat: chatFrames }[dialect](step, identity);
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    for (const [event, data] of frames) {
      if (event !== undefined) response.write(`event: ${event}\n`);
      response.write(`data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`);
    }
    response.end();
  } else {
    sendJson(response, 200, { anthropic: anthropicWhole, responses: responsesWhole, chat: chatWhole }[dialect](step, identity));
  }
}

/** @typedef {{ model: string, serial: number }} Identity */

// --- Anthropic Messages ---

/** @param {ScriptedStep} step @param {Identity} identity */
function anthropicBlocks(step, { serial }) {
  /** @type {any[]} */
  const blocks = [];
  if (step.thinking !== undefined) blocks.push({ type: 'thinking', thinking: step.thinking, signature: 'scripted' });
  if (step.text !== undefined) blocks.push({ type: 'text', text: step.text });
  (step.calls ?? []).forEach(({ name, args }, index) =>
    blocks.push({ type: 'tool_use', id: `toolu_${serial}_${index}`, name, input: args ?? {} }),
  );
  return blocks;
}

/** @param {ScriptedStep} step @param {Identity} identity */
function anthropicWhole(step, identity) {
  const usage = usageOf(identity.serial);
  return {
    id: `msg_${identity.serial}`,
    type: 'message',
    role: 'assistant',
    model: identity.model,
    content: anthropicBlocks(step, identity),
    stop_reason: step.calls?.length ? 'tool_use' : 'end_turn',
    stop_sequence: null,
    usage: {
      input_tokens: usage.input,
      cache_read_input_tokens: usage.cached,
      cache_creation_input_tokens: 0,
      output_tokens: usage.output,
    },
  };
}

/** @param {ScriptedStep} step @param {Identity} identity @returns {Frame[]} */
function anthropicFrames(step, identity) {
  const whole = anthropicWhole(step, identity);
  /** @type {any[]} */
  const events = [{ type: 'message_start', message: { ...whole, content: [], stop_reason: null } }];
  whole.content.forEach((block, index) => {
    const [empty, delta] =
      block.type === 'tool_use'
        ? [
            { ...block, input: {} },
            { type: 'input_json_delta', partial_json: JSON.stringify(block.input) },
          ]
        : block.type === 'thinking'
          ? [
              { type: 'thinking', thinking: '', signature: '' },
              { type: 'thinking_delta', thinking: block.thinking },
            ]
          : [
              { type: 'text', text: '' },
              { type: 'text_delta', text: block.text },
            ];
    events.push({ type: 'content_block_start', index, content_block: empty }, { type: 'content_block_delta', index, delta });
    if (block.type === 'thinking')
      events.push({ type: 'content_block_delta', index, delta: { type: 'signature_delta', signature: block.signature } });
    events.push({ type: 'content_block_stop', index });
  });
  events.push({
    type: 'message_delta',
    delta: { stop_reason: whole.stop_reason, stop_sequence: null },
    usage: { output_tokens: whole.usage.output_tokens },
  });
  events.push({ type: 'message_stop' });
  return events.map((event) => [event.type, event]);
}

// --- OpenAI Responses ---

/** @param {ScriptedStep} step @param {Identity} identity */
function responsesWhole(step, { model, serial }) {
  const usage = usageOf(serial);
  /** @type {any[]} */
  const output = [];
  if (step.thinking !== undefined)
    output.push({ type: 'reasoning', id: `rs_${serial}`, summary: [{ type: 'summary_text', text: step.thinking }] });
  if (step.text !== undefined) {
    const content = [{ type: 'output_text', text: step.text, annotations: [] }];
    output.push({ type: 'message', id: `msg_${serial}`, role: 'assistant', status: 'completed', content });
  }
  (step.calls ?? []).forEach(({ name, args, raw }, index) => {
    const common = { id: `item_${serial}_${index}`, call_id: `call_${serial}_${index}`, name, status: 'completed' };
    output.push(
      raw === undefined
        ? { type: 'function_call', ...common, arguments: JSON.stringify(args ?? {}) }
        : { type: 'custom_tool_call', ...common, input: raw },
    );
  });
  return {
    id: `resp_${serial}`,
    object: 'response',
    created_at: Math.floor(Date.now() / 1000),
    status: 'completed',
    model,
    output,
    usage: {
      input_tokens: usage.input,
      input_tokens_details: { cached_tokens: usage.cached },
      output_tokens: usage.output,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: usage.input + usage.output,
    },
  };
}

/** @param {ScriptedStep} step @param {Identity} identity @returns {Frame[]} */
function responsesFrames(step, identity) {
  const whole = responsesWhole(step, identity);
  /** @type {any[]} */
  const events = [{ type: 'response.created', response: { ...whole, status: 'in_progress', output: [], usage: null } }];
  whole.output.forEach((item, index) => {
    events.push({ type: 'response.output_item.added', output_index: index, item });
    events.push({ type: 'response.output_item.done', output_index: index, item });
  });
  events.push({ type: 'response.completed', response: whole });
  return events.map((event, index) => [event.type, { ...event, sequence_number: index }]);
}

// --- OpenAI Chat Completions ---

/** @param {ScriptedStep} step @param {Identity} identity */
function chatParts(step, { model, serial }) {
  const usage = usageOf(serial);
  const calls = (step.calls ?? []).map(({ name, args }, index) => ({
    index,
    id: `call_${serial}_${index}`,
    type: 'function',
    function: { name, arguments: JSON.stringify(args ?? {}) },
  }));
  return {
    head: { id: `chatcmpl-${serial}`, created: Math.floor(Date.now() / 1000), model },
    message: { role: 'assistant', content: step.text ?? '', ...(calls.length > 0 ? { tool_calls: calls } : {}) },
    finish: calls.length > 0 ? 'tool_calls' : 'stop',
    usage: { prompt_tokens: usage.input, completion_tokens: usage.output, total_tokens: usage.input + usage.output },
  };
}

/** @param {ScriptedStep} step @param {Identity} identity */
function chatWhole(step, identity) {
  const parts = chatParts(step, identity);
  return {
    ...parts.head,
    object: 'chat.completion',
    choices: [{ index: 0, message: parts.message, finish_reason: parts.finish }],
    usage: parts.usage,
  };
}

/** @param {ScriptedStep} step @param {Identity} identity @returns {Frame[]} */
function chatFrames(step, identity) {
  const parts = chatParts(step, identity);
  const head = { ...parts.head, object: 'chat.completion.chunk' };
  return [
    [undefined, { ...head, choices: [{ index: 0, delta: parts.message, finish_reason: null }] }],
    [undefined, { ...head, choices: [{ index: 0, delta: {}, finish_reason: parts.finish }], usage: parts.usage }],
    [undefined, '[DONE]'],
  ];
}

/** @param {import("node:http").ServerResponse} response @param {number} status @param {unknown} value */
function sendJson(response, status, value) {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(value));
}

/** @param {string} text @param {any} otherwise @returns {any} */
function parseOr(text, otherwise) {
  try {
    return JSON.parse(text);
  } catch {
    return otherwise;
  }
}
