import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Disposable } from '../../src/base/disposable.ts';
import { openChannel, RequestFailure, type Channel, type Port } from '../../src/protocol/channel.ts';
import { requestTimeoutMs } from '../../src/protocol/messages.ts';

interface Asks {
  double: { readonly params: number; readonly result: number };
  never: { readonly params: null; readonly result: null };
  fail: { readonly params: 'plain' | 'reason' | 'text'; readonly result: null };
}
interface Tells {
  tick: number;
}
type None = Record<string, never>;

/** Two ports joined as a page and its host are: later, by JSON, and cut when told so. */
function joinedPorts(): { readonly page: Port; readonly host: Port; isCut: boolean; toPage: (message: unknown) => void } {
  const listeners = { page: new Set<(message: unknown) => void>(), host: new Set<(message: unknown) => void>() };
  const portTo = (self: 'page' | 'host', other: 'page' | 'host'): Port => ({
    post: async (message) => {
      const text = JSON.stringify(message, (_, value: unknown) => {
        if (typeof value === 'function') throw new Error('could not be cloned');
        return value;
      });
      await Promise.resolve();
      if (joined.isCut) return false;
      for (const listener of listeners[other]) listener(JSON.parse(text));
      return true;
    },
    onMessage: (listener): Disposable => {
      listeners[self].add(listener);
      return { dispose: () => listeners[self].delete(listener) };
    },
  });
  const joined = {
    page: portTo('page', 'host'),
    host: portTo('host', 'page'),
    isCut: false,
    toPage: (message: unknown): void => {
      for (const listener of listeners.page) listener(message);
    },
  };
  return joined;
}

function pair(): {
  readonly page: Channel<Asks, None>;
  readonly host: Channel<None, Tells>;
  readonly ticks: number[];
  readonly problems: string[];
  readonly ports: ReturnType<typeof joinedPorts>;
} {
  const ports = joinedPorts();
  const ticks: number[] = [];
  const problems: string[] = [];
  const page = openChannel<Asks, None, None, Tells>(ports.page, {
    requests: {},
    notices: { tick: (count) => ticks.push(count) },
    timeoutMs: () => 50,
    onProblem: (problem) => problems.push(problem),
  });
  const host = openChannel<None, Tells, Asks, None>(ports.host, {
    requests: {
      double: (count) => count * 2,
      never: () => new Promise<null>(() => {}),
      fail: (how) => {
        if (how === 'text') throw 'a bare text';
        throw Object.assign(new Error('It broke.'), how === 'reason' ? { reason: 'too-large' } : {});
      },
    },
    notices: {},
  });
  return { page, host, ticks, problems, ports };
}

const failure = async (promise: Promise<unknown>): Promise<string> => {
  const cause: unknown = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  return cause instanceof RequestFailure ? `${cause.reason}: ${cause.message}` : `no failure but ${String(cause)}`;
};

afterEach(() => vi.useRealTimers());

describe('the channel', () => {
  it('[V30] gives each request its own answer, whatever their order', async () => {
    const { page } = pair();
    expect(await Promise.all([1, 2, 3].map((count) => page.request('double', count)))).toEqual([2, 4, 6]);
  });

  it('[V30] answers with reason and words when the handler throws, whatever it throws', async () => {
    const { page } = pair();
    expect(await failure(page.request('fail', 'reason'))).toBe('too-large: It broke.');
    expect(await failure(page.request('fail', 'plain'))).toBe('failed: It broke.');
    expect(await failure(page.request('fail', 'text'))).toBe('failed: a bare text');
  });

  it('[V30] answers an unknown request, also one named like a part of every object', async () => {
    const { page } = pair();
    const odd = page as unknown as Channel<{ constructor: { params: null; result: null } }, None>;
    expect(await failure(odd.request('constructor', null))).toMatch(/^unknown-request/);
  });

  it('[V30] ends a request at its time limit, and leaves a later answer alone', async () => {
    const { page, ports } = pair();
    expect(await failure(page.request('never', null))).toMatch(/^timeout/);
    ports.toPage({ tapedeck: 1, type: 'answer', id: 1, ok: true, body: 7 });
    expect(await page.request('double', 4)).toBe(8);
  });

  it('[V30] ends a request at once when nobody is there, and all that wait when it is disposed', async () => {
    const { page, ports } = pair();
    const waiting = failure(page.request('never', null));
    await page.request('double', 1);
    ports.isCut = true;
    expect(await failure(page.request('double', 1))).toMatch(/^unreachable/);
    page.dispose();
    expect(await waiting).toMatch(/^closed/);
    expect(await failure(page.request('double', 1))).toMatch(/^closed/);
  });

  it('[V30] tells the asker when the answer itself can not travel', async () => {
    const ports = joinedPorts();
    const page = openChannel<Asks, None, None, None>(ports.page, { requests: {}, notices: {} });
    openChannel<None, None, Pick<Asks, 'never'>, None>(ports.host, {
      requests: { never: () => (() => {}) as unknown as null },
      notices: {},
    });
    expect(await failure(page.request('never', null))).toMatch(/^unreachable/);
  });

  it('[V31] leaves alone what is not its own, and goes on', async () => {
    const { page, ticks, host, ports, problems } = pair();
    for (const message of [
      null,
      7,
      'x',
      {},
      { tapedeck: 2, type: 'notice', name: 'tick' },
      { tapedeck: 1, type: 'answer', id: 'x' },
      { tapedeck: 1, type: 'notice' },
    ])
      ports.toPage(message);
    ports.toPage({ tapedeck: 1, type: 'notice', name: 'toString', body: 1 });
    host.notify('tick', 3);
    expect(await page.request('double', 1)).toBe(2);
    expect(ticks).toEqual([3]);
    expect(problems).toEqual(['There is no notice named toString.']);
  });

  it('[V32] waits for people longer than for machines', () => {
    expect(requestTimeoutMs('rewindTo')).toBeGreaterThan(10 * 60_000);
    expect(requestTimeoutMs('detail')).toBeLessThan(60_000);
  });
});
