import { mkdir, open } from 'node:fs/promises';
import { encodeLine, firstPrev, lineHash } from '../../src/core/logCodec.ts';
import type { Author } from '../../src/model/author.ts';
import type { EventDraft, TapedeckEvent } from '../../src/model/event.ts';
import type { FileVersion } from '../../src/model/fileVersion.ts';
import { nodeDigest } from '../../src/store/digest.ts';
import type { SessionLayout } from '../../src/store/layout.ts';

/**
 * A long session as agents make it, for benches and for tests of long logs: turns of prompts, tool calls, commands and changes
 * that wander over the files, with plans, decisions, commits, failures, duplicates of a second window, and now and then a
 * rewind. The same seed gives the same events. In order; two writers, the second one for one event in eight.
 */
export function* mixedEvents(count: number, { files = 2000, seed = 1 } = {}): Generator<TapedeckEvent> {
  let random = seed >>> 0;
  const next = (below: number): number => {
    random = (Math.imul(random, 1664525) + 1013904223) >>> 0;
    return Math.floor((random / 0x1_0000_0000) * below);
  };
  let ms = Date.UTC(2026, 0, 1, 8);
  const numbers = new Map<string, number>();
  const stamp = (draft: EventDraft, writer: string, afterMs: number): TapedeckEvent => {
    ms += afterMs;
    const n = (numbers.get(writer) ?? 0) + 1;
    numbers.set(writer, n);
    return { v: 1, w: writer, n, at: new Date(ms).toISOString(), ...draft };
  };
  const contents = new Uint32Array(files);
  const hashes = (file: number, version: number): FileVersion => ({
    hash: fakeHash(file * 1_000_003 + version),
    sizeBytes: 800 + ((file * 37 + version * 11) % 9000),
    type: 'file',
    mode: 0o644,
  });
  const pathOf = (file: number): string => `packages/part${file % 23}/src/${folders[file % folders.length]}/module${file}.ts`;
  const people: Author = { actor: 'user', how: 'stated' };
  let made = 0;
  let turn = 0;
  let run = 0;
  let centre = 0;
  let offset = 0;
  let lastChange = '';
  let decisions = 0;
  const queue: TapedeckEvent[] = [];
  const put = (draft: EventDraft, afterMs = 40 + next(400), writer = next(8) === 0 ? 'm7wq21zk' : 'k3f9ab2c'): TapedeckEvent => {
    const event = stamp(draft, writer, afterMs);
    queue.push(event);
    return event;
  };
  put({ kind: 'session.started', by: people, session: '20260101-080000-abcd', folders: [{ name: 'shop', path: '/home/ada/shop' }] });
  for (;;) {
    for (const event of queue) {
      yield event;
      made += 1;
      if (made >= count) return;
    }
    queue.length = 0;
    turn += 1;
    if (turn % 40 === 1) {
      run += 1;
      offset = 0;
    }
    const runId = `0199e5a1-7c2f-7f40-9d2e-${String(run).padStart(12, '0')}`;
    const agent: Author = { actor: 'agent', name: run % 2 === 0 ? 'codex' : 'claude', run: runId, how: 'transcript' };
    const file = `/home/ada/.codex/sessions/2026/01/01/rollout-${runId}.jsonl`;
    const told = (): { run: string; turn: number; by: Author; src: { file: string; offset: number } } => {
      offset += 300 + next(2000);
      return { run: runId, turn: ((turn - 1) % 40) + 1, by: agent, src: { file, offset } };
    };
    if (turn % 40 === 1) put({ kind: 'run.started', ...told(), agent: agent.name!, model: 'gpt-5.1-codex', cwd: '/home/ada/shop' });
    const ask = words(next, 12 + next(60));
    put({ kind: 'prompt.submitted', ...told(), text: { head: ask, sizeBytes: ask.length }, provenance: 'user' }, 20_000 + next(40_000));
    if (next(4) === 0)
      put({
        kind: 'plan.changed',
        ...told(),
        entries: Array.from({ length: 5 }, (_, index) => ({
          content: words(next, 6),
          priority: 'medium',
          status: index < 2 ? 'completed' : 'pending',
        })),
      });
    centre = (centre + next(40)) % files;
    for (let step = 0, steps = 8 + next(30); step < steps; step++) {
      const call = `call_${turn}_${step}_${next(1_000_000)}`;
      const touched = (centre + Math.floor((next(30) * next(30)) / 30)) % files;
      const path = pathOf(touched);
      const what = next(10);
      if (what < 4) {
        put({
          kind: 'tool.called',
          ...told(),
          call,
          name: 'Read',
          tool: 'read',
          paths: [path],
          input: { head: JSON.stringify({ path }), sizeBytes: 60 },
        });
        put({ kind: 'tool.returned', ...told(), call, status: 'completed', durationMs: next(90), output: excerpt(words(next, next(60))) });
      } else if (what < 7) {
        const from = contents[touched] ?? 0;
        contents[touched] = from + 1;
        const edits = [{ path, op: 'update' as const, oldText: words(next, 8), newText: words(next, 14) }];
        put({ kind: 'tool.called', ...told(), call, name: 'Edit', tool: 'edit', paths: [path], edits });
        const kind = from === 0 ? 'file.created' : 'file.changed';
        const seen = next(3) === 0 ? ({ actor: 'unknown', how: 'none' } as const) : agent;
        const change = {
          kind,
          by: seen,
          path,
          ...(from > 0 && { before: hashes(touched, from) }),
          after: hashes(touched, from + 1),
          added: next(20),
          removed: next(9),
        } as const;
        const event = put(change);
        lastChange = `${event.w}.${event.n}`;
        if (next(50) === 0) put(change, 30, event.w === 'k3f9ab2c' ? 'm7wq21zk' : 'k3f9ab2c');
        put({ kind: 'tool.returned', ...told(), call, status: 'completed', durationMs: next(30) });
        if (seen !== agent) put({ kind: 'file.attributed', by: agent, event: lastChange, path, call });
      } else {
        const command = next(3) === 0 ? 'npm test' : `rg -n ${words(next, 1)} packages/part${touched % 23}`;
        const exitCode = next(12) === 0 ? 2 : 0;
        const output = excerpt(words(next, next(120)));
        const { src: _, ...plain } = told();
        put({
          kind: 'tool.called',
          ...told(),
          call,
          name: 'shell',
          tool: 'execute',
          command,
          input: { head: JSON.stringify({ command }), sizeBytes: 50 },
        });
        put({ kind: 'command.started', ...plain, command, call, cwd: '/home/ada/shop' });
        put(
          { kind: 'command.ended', ...plain, command, call, cwd: '/home/ada/shop', exitCode, durationMs: next(9000), output },
          300 + next(5000),
        );
        put({
          kind: 'tool.returned',
          ...told(),
          call,
          status: exitCode === 0 ? 'completed' : 'failed',
          ...(exitCode !== 0 && { outcome: 'error' }),
        });
      }
      if (next(4) === 0)
        put({
          kind: 'usage.reported',
          ...told(),
          usage: { 'gen_ai.usage.input_tokens': next(9000), 'gen_ai.usage.output_tokens': next(900) },
        });
    }
    const said = words(next, 20 + next(100));
    put({ kind: 'reply.given', ...told(), text: excerpt(said) });
    put({ kind: 'turn.ended', ...told(), stopReason: 'end_turn', durationMs: next(90_000) });
    if (next(6) === 0)
      put({ kind: 'git.committed', by: people, commit: fakeHash(turn).slice(0, 40), subject: words(next, 6), branch: 'main' });
    if (next(12) === 0)
      put({ kind: 'decision.proposed', by: agent, run: runId, id: `d-${(decisions += 1)}`, what: words(next, 9), files: [pathOf(centre)] });
    if (next(24) === 0 && decisions > 0) put({ kind: 'decision.confirmed', by: people, id: `d-${decisions}` });
    if (next(9) === 0) put({ kind: 'progress.noted', by: people, text: words(next, 10) });
    if (next(5) === 0) put({ kind: 'diagnostics.changed', by: people, errors: next(3), warnings: next(9) });
    if (turn % 400 === 0) {
      const target = queue[0]!;
      put({ kind: 'checkpoint.made', by: people, id: `cp-${turn}`, label: 'Before a rewind', reason: 'rewind' });
      put({
        ...{ kind: 'rewind.applied', by: people, id: `rw-${turn}`, target: `${target.w}.${target.n}`, targetAt: target.at },
        ...{ checkpoint: `cp-${turn}`, written: 3, deleted: 0, skipped: [], files: 3 },
      });
      if (turn % 800 === 0)
        put({ kind: 'rewind.undone', by: people, id: `un-${turn}`, rewind: `rw-${turn}`, written: 3, deleted: 0, skipped: [], files: 3 });
    }
  }
}

/** Writes them as a session's log, each writer's in segments of `segmentBytes`. The bytes written. */
export async function writeMixedLog(session: SessionLayout, events: Iterable<TapedeckEvent>, segmentBytes = 64 << 20): Promise<number> {
  await mkdir(session.events, { recursive: true });
  interface Own {
    prev: string;
    number: number;
    sizeBytes: number;
    lines: string[];
  }
  const writers = new Map<string, Own>();
  let bytes = 0;
  const flush = async (writer: string, own: Own): Promise<void> => {
    const file = await open(session.segment(writer, own.number), 'a');
    try {
      const chunk = Buffer.from(own.lines.join(''));
      own.lines = [];
      await file.write(chunk);
      own.sizeBytes += chunk.length;
      bytes += chunk.length;
    } finally {
      await file.close();
    }
    if (own.sizeBytes < segmentBytes) return;
    own.number += 1;
    own.sizeBytes = 0;
  };
  for (const event of events) {
    let own = writers.get(event.w);
    if (own === undefined) writers.set(event.w, (own = { prev: firstPrev, number: 1, sizeBytes: 0, lines: [] }));
    const line = encodeLine(event, own.prev, nodeDigest);
    own.prev = lineHash(line.slice(0, -1), nodeDigest);
    if (own.lines.push(line) >= 2000) await flush(event.w, own);
  }
  for (const [writer, own] of writers) if (own.lines.length > 0) await flush(writer, own);
  return bytes;
}

const folders = ['api', 'cart', 'checkout', 'ui', 'search', 'orders', 'mail'];
const vocabulary =
  'the a to of cart total price session token limit window retry order client server test fails because null undefined route handler cache stale write read file module import export type value check parse render list item user login rate queue worker event state fold merge index page'.split(
    ' ',
  );

function words(next: (below: number) => number, count: number): string {
  let text = '';
  for (let index = 0; index < count; index++) text += `${index === 0 ? '' : ' '}${vocabulary[next(vocabulary.length)]}`;
  return text;
}

const excerpt = (head: string): { head: string; sizeBytes: number } => ({ head, sizeBytes: head.length });

/** 64 digits that look like a hash and cost little. */
function fakeHash(seed: number): string {
  let text = '';
  for (let part = 0, value = seed; part < 8; part++) {
    value = (Math.imul(value ^ (value >>> 15), 0x2c1b3c6d) + 0x9e3779b9 + part) >>> 0;
    text += value.toString(16).padStart(8, '0');
  }
  return text;
}
