import { describe, expect, it } from 'vitest';
import { compareMarks } from '../../src/core/eventOrder.ts';
import { laterChanges, pointOf } from '../../src/core/rewindPoint.ts';
import { userAuthor } from '../../src/model/author.ts';
import type { EventOf, LoggedEvent } from '../../src/model/event.ts';
import { eventId } from '../../src/model/ids.ts';

const codex = { actor: 'agent', name: 'codex', run: 'r1', how: 'terminal' } as const;
const time = (second: number): string => new Date(Date.UTC(2026, 0, 1) + second * 1000).toISOString();
const envelope = (n: number, second: number, happened?: number) => ({
  v: 1,
  w: 'w001',
  n,
  at: time(second),
  ...(happened !== undefined && { happenedAt: time(happened) }),
});
type Link = Pick<EventOf<'file.changed'>, 'run' | 'turn' | 'call' | 'command'>;

const changed = (n: number, path: string, second: number, happened?: number, link: Link = {}): LoggedEvent => ({
  ...envelope(n, second, happened),
  kind: 'file.changed',
  by: codex,
  path,
  ...link,
});
const ended = (n: number, second: number, happened?: number): LoggedEvent => ({
  ...envelope(n, second, happened),
  kind: 'command.ended',
  by: codex,
  run: 'r1',
  call: 'c7',
  started: 'w001:3',
  command: 'make',
  exitCode: 0,
});
const later = (target: LoggedEvent, events: readonly LoggedEvent[]): string[] =>
  laterChanges(target, events.toSorted(compareMarks)).map((event) => `${event.n}`);

describe('the point to rewind to', () => {
  it('[R9] of a command lies behind what the disk says was changed by its end, however late that was found', () => {
    const target = ended(4, 10);
    expect(later(target, [changed(5, 'built', 12, 9), changed(6, 'typed', 12, 11), changed(2, 'early', 8)])).toEqual(['6']);
  });

  it('[R9] of a command lies behind the deletions that are its work, by a link or a later finding', () => {
    const own = eventId({ w: 'w001', n: 7 });
    const finding: LoggedEvent = { ...envelope(9, 14), kind: 'file.attributed', by: codex, event: own, path: 'c', command: 'w001:3' };
    const deleted = (n: number, path: string, link: Link = {}): LoggedEvent => ({
      ...envelope(n, 12),
      kind: 'file.deleted',
      by: codex,
      path,
      ...link,
    });
    const events = [
      deleted(5, 'a', { run: 'r1', call: 'c7' }),
      deleted(6, 'b', { command: 'w001:3' }),
      deleted(7, 'c'),
      deleted(8, 'd', { run: 'r1', call: 'c8' }),
      finding,
      // What was running is not believed against the time that the disk tells.
      changed(10, 'e', 12, 11, { command: 'w001:3' }),
    ];
    expect(later(ended(4, 10), events)).toEqual(['8', '10', '9']);
  });

  it('[R9] of a call lies behind what the agent’s own record of it tells', () => {
    const told: LoggedEvent = {
      ...envelope(5, 12, 11),
      kind: 'file.changed',
      by: { ...codex, how: 'transcript' },
      path: 'a',
      run: 'r1',
      call: 'c7',
    };
    expect(later(ended(4, 10), [told, changed(6, 'b', 12, 11, { run: 'r1', call: 'c7' })])).toEqual(['6']);
  });

  it('[R9] of a command whose record was read late lies before what was changed meanwhile', () => {
    const target = ended(6, 20, 10);
    expect(compareMarks(pointOf(target), changed(4, 'x', 11) as never)).toBeLessThan(0);
    expect(later(target, [changed(4, 'own', 15, 9), changed(5, 'next', 16, 15), changed(7, 'after', 21)])).toEqual(['5', '7']);
  });

  it('[R9] of a prompt lies behind what was saved before it and found after it', () => {
    const prompt: LoggedEvent = {
      ...envelope(2, 10),
      kind: 'prompt.submitted',
      by: userAuthor,
      provenance: 'user',
      text: { head: 'Go', sizeBytes: 2 },
    };
    expect(later(prompt, [changed(3, 'typed', 11, 9), changed(4, 'made', 13, 12)])).toEqual(['4']);
  });

  it('[R9] never parts the changes of one file against their order, whatever times are told', () => {
    const target = ended(4, 10);
    expect(later(target, [changed(5, 'a', 12, 11), changed(6, 'a', 13, 9), changed(7, 'b', 13, 9)])).toEqual(['5', '6']);
    const renamed: LoggedEvent = { ...envelope(6, 13, 9), kind: 'file.renamed', by: codex, from: 'a', path: 'c' };
    expect(later(target, [changed(5, 'a', 12, 11), renamed, changed(7, 'c', 14, 9)])).toEqual(['5', '6', '7']);
  });

  it('[R9] of what means no moment is its place in the log, and a file’s time is not believed to the tick', () => {
    const note: LoggedEvent = { ...envelope(4, 10), kind: 'progress.noted', by: userAuthor, text: 'here' };
    expect(later(note, [changed(5, 'a', 12, 9), changed(3, 'b', 9)])).toEqual(['5']);
    // Written a moment after the command's end, with a time that lags.
    expect(later(ended(4, 10), [changed(5, 'a', 12, 9.99), changed(6, 'b', 12, 9.99, { command: 'w001:3' })])).toEqual(['5']);
  });

  it('[R9] of a turn lies behind the work of that turn and before that of the next', () => {
    const target: LoggedEvent = { ...envelope(3, 10), kind: 'turn.ended', by: codex, run: 'r1', turn: 2, stopReason: 'end_turn' };
    const by = { ...codex, how: 'transcript' } as const;
    const own = (n: number, turn: number): LoggedEvent => ({ ...envelope(n, 12), kind: 'file.changed', by, path: `${n}`, run: 'r1', turn });
    expect(later(target, [own(4, 2), own(5, 3)])).toEqual(['5']);
  });
});
