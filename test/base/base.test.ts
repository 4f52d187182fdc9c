import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Delayer } from '../../src/base/delayer.ts';
import { DisposableStore, toDisposable } from '../../src/base/disposable.ts';
import { Emitter } from '../../src/base/emitter.ts';
import { SerialQueue } from '../../src/base/serialQueue.ts';

describe('DisposableStore', () => {
  it('closes in reverse order, each once, and closes late arrivals at once', () => {
    const closed: string[] = [];
    const store = new DisposableStore();
    const first = store.add(toDisposable(() => closed.push('first')));
    store.add(toDisposable(() => closed.push('second')));
    store.dispose();
    store.dispose();
    first.dispose();
    store.add(toDisposable(() => closed.push('late')));
    expect(closed).toEqual(['second', 'first', 'late']);
  });

  it('closes the others when one throws, and then throws', () => {
    const closed: string[] = [];
    const store = new DisposableStore();
    store.add(toDisposable(() => closed.push('a')));
    store.add(
      toDisposable(() => {
        throw new Error('stuck');
      }),
    );
    expect(() => store.dispose()).toThrow('stuck');
    expect(closed).toEqual(['a']);
  });
});

describe('Emitter', () => {
  it('goes on to the next listener when one throws, and tells of the error', () => {
    const errors: unknown[] = [];
    const heard: number[] = [];
    const emitter = new Emitter<number>((error) => errors.push(error));
    emitter.event(() => {
      throw new Error('bad listener');
    });
    const listening = emitter.event((value) => heard.push(value));
    emitter.fire(1);
    listening.dispose();
    emitter.fire(2);
    expect(heard).toEqual([1]);
    expect(errors).toHaveLength(2);
  });
});

describe('SerialQueue', () => {
  it('runs jobs in order, one at a time, also after a failure', async () => {
    const queue = new SerialQueue();
    const log: string[] = [];
    const slow = queue.run(async () => {
      log.push('slow begins');
      await Promise.resolve();
      log.push('slow ends');
    });
    const failing = queue.run(() => {
      log.push('fails');
      throw new Error('no');
    });
    const last = queue.run(() => log.push('last'));
    expect(queue.pending).toBe(3);
    await expect(failing).rejects.toThrow('no');
    await slow;
    await last;
    await queue.idle();
    expect(log).toEqual(['slow begins', 'slow ends', 'fails', 'last']);
    expect(queue.pending).toBe(0);
  });
});

describe('Delayer', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('waits for quiet, but not for ever', () => {
    let runs = 0;
    const delayer = new Delayer(() => (runs += 1), 300, 1000);
    for (let request = 0; request < 10; request++) {
      delayer.request();
      vi.advanceTimersByTime(120);
    }
    expect(runs).toBe(1);
    vi.advanceTimersByTime(300);
    expect(runs).toBe(2);
    delayer.request();
    delayer.dispose();
    vi.advanceTimersByTime(2000);
    expect(runs).toBe(2);
  });
});
