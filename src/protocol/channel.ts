import { Delayer } from '../base/delayer.ts';
import type { Disposable } from '../base/disposable.ts';

/**
 * Requests and notices over a port that only posts messages, alike on both sides.
 * Promises: every request is answered once, by the other side's result, by its failure with a reason, by the time limit,
 * or by dispose; a handler that throws answers too; a message that is not ours, or late, or of an unknown name is not acted on.
 */

/** What carries the messages: `webview.postMessage` in the host, `acquireVsCodeApi().postMessage` in the page. */
export interface Port {
  /** May throw, reject, or answer false when nobody is there to hear it. */
  post(message: unknown): unknown;
  onMessage(listener: (message: unknown) => void): Disposable;
}

/** Requests stand in a map by name, each with its `params` and `result`. */
export type ParamsOf<M, K extends keyof M> = M[K] extends { readonly params: infer P } ? P : never;
export type ResultOf<M, K extends keyof M> = M[K] extends { readonly result: infer R } ? R : never;

export type RequestHandlers<M> = { readonly [K in keyof M]: (params: ParamsOf<M, K>) => ResultOf<M, K> | Promise<ResultOf<M, K>> };
export type NoticeHandlers<N> = { readonly [K in keyof N]: (notice: N[K]) => void };

/**
 * Why a request failed. `reason` is the other side's own (`failed` when it gave none), or `unknown-request`, `timeout`,
 * `unreachable` (the message could not be posted), `closed` (this side was disposed).
 */
export class RequestFailure extends Error {
  readonly reason: string;

  constructor(reason: string, message: string) {
    super(message);
    this.name = 'RequestFailure';
    this.reason = reason;
  }
}

/** `Asks` are the requests and `Tells` the notices that this side sends. */
export interface Channel<Asks, Tells> extends Disposable {
  /** Rejects with a RequestFailure. */
  request<K extends keyof Asks & string>(name: K, params: ParamsOf<Asks, K>): Promise<ResultOf<Asks, K>>;
  /** Not answered; may be lost when nobody is there. */
  notify<K extends keyof Tells & string>(name: K, notice: Tells[K]): void;
}

export interface ChannelOptions<Answers, Hears> {
  /** Answers to the requests of the other side. A handler may throw; a string `reason` on the error travels with it. */
  readonly requests: RequestHandlers<Answers>;
  /** What to do with the notices of the other side. */
  readonly notices: NoticeHandlers<Hears>;
  /** The time limit of a request by its name; 20 s where not given. */
  readonly timeoutMs?: (request: string) => number;
  /** Hears of handlers that threw and of messages that were left alone. */
  readonly onProblem?: (problem: string, cause?: unknown) => void;
}

type Wire =
  | { readonly tapedeck: 1; readonly type: 'request'; readonly id: number; readonly name: string; readonly body: unknown }
  | { readonly tapedeck: 1; readonly type: 'notice'; readonly name: string; readonly body: unknown }
  | { readonly tapedeck: 1; readonly type: 'answer'; readonly id: number; readonly ok: true; readonly body: unknown }
  | {
      readonly tapedeck: 1;
      readonly type: 'answer';
      readonly id: number;
      readonly ok: false;
      readonly reason: string;
      readonly message: string;
    };

interface Waiter {
  readonly settle: () => void;
  readonly resolve: (body: unknown) => void;
  readonly reject: (failure: RequestFailure) => void;
}

export function openChannel<Asks, Tells, Answers, Hears>(port: Port, options: ChannelOptions<Answers, Hears>): Channel<Asks, Tells> {
  const { onProblem = () => {} } = options;
  const requests = new Map(Object.entries(options.requests) as [string, (params: unknown) => unknown][]);
  const notices = new Map(Object.entries(options.notices) as [string, (notice: unknown) => void][]);
  const waiters = new Map<number, Waiter>();
  let lastId = 0;
  let isClosed = false;

  const post = async (message: Wire): Promise<boolean> => {
    try {
      return (await port.post(message)) !== false;
    } catch (cause) {
      onProblem(`A ${message.type} could not be posted.`, cause);
      return false;
    }
  };

  const postRequest = async (message: Wire, fail: (reason: string, message: string) => void): Promise<void> => {
    if (!(await post(message))) fail('unreachable', 'The other side could not be reached.');
  };

  const answer = async (id: number, name: string, body: unknown): Promise<void> => {
    let reply: Wire;
    const handler = requests.get(name);
    if (handler === undefined) {
      reply = { tapedeck: 1, type: 'answer', id, ok: false, reason: 'unknown-request', message: `There is no request named ${name}.` };
    } else {
      try {
        reply = { tapedeck: 1, type: 'answer', id, ok: true, body: await handler(body) };
      } catch (cause) {
        onProblem(`The request ${name} failed.`, cause);
        reply = { tapedeck: 1, type: 'answer', id, ok: false, reason: reasonOf(cause), message: messageOf(cause) };
      }
    }
    if (isClosed || (await post(reply)) || !reply.ok) return;
    // What can't travel (a function, a circle) must not leave the other side waiting for its time limit.
    await post({ tapedeck: 1, type: 'answer', id, ok: false, reason: 'unreachable', message: `The answer to ${name} could not be sent.` });
  };

  const hear = (name: string, body: unknown): void => {
    const handler = notices.get(name);
    if (handler === undefined) return onProblem(`There is no notice named ${name}.`);
    try {
      handler(body);
    } catch (cause) {
      onProblem(`The notice ${name} failed.`, cause);
    }
  };

  const listening = port.onMessage((message) => {
    if (isClosed || !isWire(message)) return;
    switch (message.type) {
      case 'request':
        void answer(message.id, message.name, message.body);
        return;
      case 'notice':
        hear(message.name, message.body);
        return;
      case 'answer': {
        const waiter = waiters.get(message.id);
        if (waiter === undefined) return; // too late: the time limit has answered
        waiter.settle();
        if (message.ok) waiter.resolve(message.body);
        else waiter.reject(new RequestFailure(message.reason, message.message));
      }
    }
  });

  return {
    request<K extends keyof Asks & string>(name: K, params: ParamsOf<Asks, K>) {
      const id = ++lastId;
      return new Promise<ResultOf<Asks, K>>((resolve, reject) => {
        if (isClosed) {
          reject(new RequestFailure('closed', 'The connection is closed.'));
          return;
        }
        const fail = (reason: string, message: string): void => {
          if (!waiters.has(id)) return;
          settle();
          reject(new RequestFailure(reason, message));
        };
        const limitMs = options.timeoutMs?.(name) ?? 20_000;
        const limit = new Delayer(() => fail('timeout', `No answer within ${Math.round(limitMs / 1000)} seconds.`), limitMs);
        const settle = (): void => {
          limit.dispose();
          waiters.delete(id);
        };
        limit.request();
        waiters.set(id, { settle, resolve: (body) => resolve(body as ResultOf<Asks, K>), reject });
        void postRequest({ tapedeck: 1, type: 'request', id, name, body: params }, fail);
      });
    },
    notify(name, notice) {
      if (!isClosed) void post({ tapedeck: 1, type: 'notice', name, body: notice });
    },
    dispose() {
      if (isClosed) return;
      isClosed = true;
      listening.dispose();
      for (const waiter of [...waiters.values()]) {
        waiter.settle();
        waiter.reject(new RequestFailure('closed', 'The connection was closed before the answer came.'));
      }
    },
  };
}

function isWire(message: unknown): message is Wire {
  if (typeof message !== 'object' || message === null) return false;
  const { tapedeck, type, id, name, ok } = message as Record<string, unknown>;
  if (tapedeck !== 1) return false;
  if (type === 'notice') return typeof name === 'string';
  if (typeof id !== 'number') return false;
  return type === 'request' ? typeof name === 'string' : type === 'answer' && typeof ok === 'boolean';
}

function reasonOf(cause: unknown): string {
  const reason = typeof cause === 'object' && cause !== null ? (cause as { reason?: unknown }).reason : undefined;
  return typeof reason === 'string' ? reason : 'failed';
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
