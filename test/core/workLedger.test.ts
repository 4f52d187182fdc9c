import { expect, it } from 'vitest';
import type { Author } from '../../src/model/author.ts';
import type { EventDraft, TapedeckEvent } from '../../src/model/event.ts';
import { WorkLedger } from '../../src/core/workLedger.ts';
import { leavesWorkBehind } from '../../src/core/workLeftBehind.ts';

const codex: Author = { actor: 'agent', name: 'codex', run: 'r1', how: 'transcript' };
let n = 0;
function told(ledger: WorkLedger, at: number, draft: EventDraft): TapedeckEvent {
  const event = { v: 1, w: 'w', n: ++n, at: new Date(at).toISOString(), ...draft };
  ledger.observe(event, at);
  return event;
}
const prompt = (ledger: WorkLedger, at: number, by = codex): unknown =>
  told(ledger, at, { kind: 'prompt.submitted', by, run: by.run!, text: { head: 'x', sizeBytes: 1 }, provenance: 'user' });
const call = (ledger: WorkLedger, at: number, more: object, by = codex): unknown =>
  told(ledger, at, { kind: 'tool.called', by, run: by.run!, call: `c${at}`, name: 'shell', tool: 'execute', ...more });
const moment = (at: number): { earliest: number; latest: number } => ({ earliest: at, latest: at });

it('[A61] takes a run for idle in a moment only when its record has gone past it', () => {
  const ledger = new WorkLedger();
  prompt(ledger, 1000);
  expect(ledger.activeIn(moment(5000))).toMatchObject([{ name: 'codex', run: 'r1' }]);
  call(ledger, 6000, { name: 'Read', tool: 'read' });
  expect(ledger.activeIn(moment(5000))).toEqual([]);
  expect(ledger.activeIn(moment(5900))).toHaveLength(1);
});

it('[A61] takes the terminal of an agent for idle while all its runs are, and not while one may be untold', () => {
  const ledger = new WorkLedger();
  const terminal: EventDraft = { kind: 'command.started', by: { actor: 'agent', name: 'codex', how: 'overlap' }, command: 'codex' };
  told(ledger, 500, terminal);
  expect(ledger.spansIn(moment(800))).toHaveLength(1);
  prompt(ledger, 1000);
  call(ledger, 6000, { name: 'Read', tool: 'read' });
  expect(ledger.spansIn(moment(5000))).toEqual([]);
  told(ledger, 4000, terminal);
  expect(ledger.spansIn(moment(5000))).toHaveLength(2);
});

it('[A61] counts a sub-agent whose record is not read yet as work', () => {
  const ledger = new WorkLedger();
  prompt(ledger, 1000);
  call(ledger, 2000, { name: 'Task', tool: 'think' });
  call(ledger, 9000, { name: 'Read', tool: 'read' });
  expect(ledger.activeIn(moment(5000))).toHaveLength(1);
  const child: Author = { ...codex, run: 'r2' };
  told(ledger, 2100, { kind: 'run.started', by: child, run: 'r2', agent: 'codex', parent: 'r1' });
  expect(ledger.activeIn(moment(5000))).toEqual([]);
});

it('[A61] lets work that was left running count on, and a call no longer than it ran', () => {
  const ledger = new WorkLedger();
  prompt(ledger, 1000);
  call(ledger, 2000, { command: 'npm run dev &' });
  told(ledger, 2100, { kind: 'tool.returned', by: codex, run: 'r1', call: 'c2000', status: 'completed' });
  expect(ledger.spansIn(moment(9000)).filter(({ end }) => end === undefined)).toHaveLength(1);
  call(ledger, 10_000, { command: 'make' });
  told(ledger, 40_000, { kind: 'tool.returned', by: codex, run: 'r1', call: 'c10000', status: 'completed', durationMs: 2000 });
  expect(ledger.spansIn(moment(20_000)).find((span) => span.call === 'c10000')).toMatchObject({ start: 37_500, end: 40_000 });
});

it.each([
  ['sleep 5 && touch x &', true],
  ['nohup make', true],
  ["sh -c 'sleep 1; touch x &'", true],
  ['docker compose up -d', true],
  ['(watch.sh) & echo started', true],
  ['make && make test', false],
  ['make 2>&1 | tee log', false],
  ['make &> log', false],
  ['git commit -m "this & that"', false],
  ['curl http://x/?a=1&b=2', false],
  ['& "C:\\tools\\x.exe" build', false],
])('[A61] %s leaves something running: %s', (line, does) => {
  expect(leavesWorkBehind(line)).toBe(does);
});
