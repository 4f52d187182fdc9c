import fc from 'fast-check';
import type { Author } from '../../src/model/author.ts';
import type { EventDraft, LoggedEvent } from '../../src/model/event.ts';
import { eventId } from '../../src/model/ids.ts';
import { version } from './eventTape.ts';

const agent = (run: string): Author => ({ actor: 'agent', name: run === 'r1' ? 'codex' : 'claude', run, how: 'transcript' });
const small = fc.nat(3);
const run = fc.constantFrom('r1', 'r2');
const path = fc.constantFrom('a.ts', 'src/b.ts', 'src/deep/c.ts', '__proto__', 'grün.ts');
const content = fc.constantFrom(undefined, 'one', 'two', 'three');
const words = fc.constantFrom('npm test', 'rg  cart', 'ls', 'tail \ud800 lone', 'x'.repeat(20_000));

type Step = (made: readonly LoggedEvent[]) => EventDraft | { readonly foreign: string } | { readonly broken: true };

const text = (head: string): { head: string; sizeBytes: number } => ({ head, sizeBytes: head.length });

/** What may stand in a log, with ids from few, so that steps meet each other: duplicates, findings, rewinds of rewinds, late clears. */
const step: fc.Arbitrary<Step> = fc
  .oneof(
    { weight: 6, arbitrary: fc.record({ path, before: content, after: content, run, knows: fc.boolean(), turn: small }) },
    { weight: 8, arbitrary: fc.record({ kind: fc.nat(27), run, words, small, other: small, path, pick: fc.nat() }) },
  )
  .map((given): Step => {
    if ('before' in given) {
      const by: Author = given.knows ? agent(given.run) : { actor: 'unknown', how: 'none' };
      return () => ({
        kind: given.before === undefined ? 'file.created' : given.after === undefined ? 'file.deleted' : 'file.changed',
        by,
        run: given.run,
        turn: given.turn,
        path: given.path,
        ...(given.before !== undefined && { before: version(given.before) }),
        ...(given.after !== undefined && { after: version(given.after) }),
        added: given.turn,
      });
    }
    const { run: of, words: said, small: id, other, path: about, pick } = given;
    const by = agent(of);
    const told = { by, run: of, turn: other, src: { file: `/${of}.jsonl`, offset: id } };
    const person: Author = { actor: 'user', how: 'stated' };
    const some = (made: readonly LoggedEvent[]): LoggedEvent | undefined => made[pick % Math.max(1, made.length)];
    const drafts: readonly Step[] = [
      () => ({ kind: 'prompt.submitted', ...told, text: text(said), provenance: 'user' }),
      () => ({ kind: 'reply.given', ...told, text: text(said) }),
      () => ({ kind: 'tool.called', ...told, call: `c${id}`, name: 'shell', tool: 'execute', command: said }),
      () => ({
        kind: 'tool.returned',
        ...told,
        call: `c${id}`,
        status: other > 1 ? 'failed' : 'completed',
        outcome: other > 2 ? 'denied' : 'error',
      }),
      () => ({ kind: 'command.ended', by, run: of, command: said, call: `c${id}`, exitCode: other % 2, output: text(said) }),
      () => ({ kind: 'tests.finished', by, command: said, ok: other > 1 }),
      () => ({ kind: 'diagnostics.changed', by, errors: other, warnings: 0 }),
      () => ({ kind: 'usage.reported', ...told, usage: { 'gen_ai.usage.input_tokens': id } }),
      () => ({ kind: 'plan.changed', by, run: of, entries: [{ content: said, priority: 'low', status: 'pending' }] }),
      () => ({ kind: 'decision.proposed', by, id: `d${id}`, what: said, files: [about, 'src/'], evidence: [`aaaaaa.${id + 1}`] }),
      () => ({ kind: 'decision.confirmed', by: person, id: `d${id}` }),
      () => ({ kind: 'decision.superseded', by: person, id: `d${id}`, successor: `d${other}` }),
      () => ({ kind: 'blocker.raised', by: person, id: `b${id}`, what: said }),
      () => ({ kind: 'blocker.cleared', by: person, id: `b${id}` }),
      () => ({ kind: 'progress.noted', by: person, text: said }),
      () => ({ kind: 'checkpoint.made', by: person, id: `k${id}`, label: said, reason: 'rewind' }),
      () => ({ kind: 'git.committed', by: person, commit: `${id}`.repeat(40), subject: said }),
      () => ({ kind: 'file.read', by, path: about }),
      () => ({ kind: 'file.skipped', by, path: about, reason: 'secret' }),
      () => ({ kind: 'file.renamed', by, from: about, path: `${about}.new`, before: version('one'), after: version('one') }),
      (made) => ({ kind: 'file.attributed', by, path: about, event: eventId(some(made) ?? { w: 'aaaaaa', n: 1 }) }),
      (made) => {
        const target = some(made) ?? { w: 'aaaaaa', n: 1, at: '2026-01-01T10:00:00.000Z' };
        const common = { by: person, id: `rw${id}`, checkpoint: `k${id}`, written: 1, deleted: 0, skipped: [], files: 1 };
        return { kind: 'rewind.applied', ...common, target: eventId(target), targetAt: target.at, ...(other > 2 && { paths: [about] }) };
      },
      () => ({ kind: 'rewind.undone', by: person, id: `un${id}`, rewind: `rw${other}`, written: 1, deleted: 0, skipped: [], files: 1 }),
      () => ({ kind: 'capture.gap', by: person, reason: said, lost: id }),
      () => ({ kind: 'run.started', ...told, agent: 'codex', model: said }),
      () => ({ kind: 'turn.ended', ...told, stopReason: 'end_turn' }),
      () => ({ foreign: 'mood.changed' }),
      () => ({ broken: true }),
    ];
    return drafts[given.kind]!;
  });

/** Events in a session's order, of up to three writers; most of a second apart, some at the same millisecond. */
export const mixedTape: fc.Arbitrary<LoggedEvent[]> = fc
  .array(fc.tuple(step, fc.constantFrom('aaaaaa', 'bbbbbb', 'cccccc'), fc.constantFrom(0, 7, 1000, 6000), fc.boolean()), { maxLength: 60 })
  .map((steps) => {
    const made: LoggedEvent[] = [];
    const counts = new Map<string, number>();
    let ms = Date.UTC(2026, 0, 1, 10);
    let writer = '';
    for (const [draftOf, wanted, afterMs, isTwice] of steps) {
      // Of one moment the writers come in their order.
      ms += afterMs === 0 && wanted < writer ? 1 : afterMs;
      const draft = draftOf(made);
      const put = (w: string): void => {
        writer = w;
        const n = (counts.get(w) ?? 0) + 1;
        counts.set(w, n);
        made.push(stamped(draft, w, n, new Date(ms).toISOString()));
      };
      put(wanted);
      if (!isTwice) continue;
      // Seen by a second process as well.
      ms += 20;
      put(wanted === 'aaaaaa' ? 'bbbbbb' : 'aaaaaa');
    }
    return made;
  });

function stamped(draft: ReturnType<Step>, w: string, n: number, at: string): LoggedEvent {
  if ('foreign' in draft) return { kind: 'foreign', v: 9, w, n, at, foreignKind: draft.foreign, reason: 'unknown-kind', raw: { mood: n } };
  if ('broken' in draft) return { v: 1, w, n, at, kind: 'file.changed' } as unknown as LoggedEvent;
  return { v: 1, w, n, ...draft, at };
}
