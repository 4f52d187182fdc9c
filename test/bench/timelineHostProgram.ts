import { packEvents } from '../../src/core/packedEvents.ts';
import type { Author } from '../../src/model/author.ts';
import type { TapedeckEvent } from '../../src/model/event.ts';
import { openChannel } from '../../src/protocol/channel.ts';
import type { DensityData, EventsPage, Header, HostNotices, LogPlace, PackedPage } from '../../src/protocol/messages.ts';

/**
 * Stands for the extension host, in a page of another site around the timeline's: a session of as many events as one likes, each
 * made when it is asked for. So what is measured is the page alone, and what reaches it crosses over from another process.
 */
const claude: Author = { actor: 'agent', name: 'claude', run: 'c-81f2', how: 'transcript' };
const you: Author = { actor: 'user', how: 'stated' };
const startMs = Date.UTC(2026, 0, 1, 8);
const session = '20260101-080000-abcd';
const turnLength = 40;
const total = Number(new URLSearchParams(location.search).get('events') ?? 1_000_000);

const msOf = (index: number): number => startMs + index * 1700;
const version = (seed: number): { hash: string; sizeBytes: number; type: 'file'; mode: number } => ({
  hash: (seed * 2_654_435_761).toString(16).padStart(16, '0').repeat(4).slice(0, 64),
  sizeBytes: 900 + (seed % 4000),
  type: 'file',
  mode: 0o644,
});

/** Turns of a prompt, calls with what they answered, changes, commands of which some fail, and a reply. */
function eventAt(index: number): TapedeckEvent {
  const turn = Math.floor(index / turnLength) + 1;
  const step = index % turnLength;
  const head = { v: 1, w: 'k3f9ab2c', n: index + 1, at: new Date(msOf(index)).toISOString() } as const;
  const of = { by: claude, run: 'c-81f2', turn } as const;
  const words = (text: string): { head: string; sizeBytes: number } => ({ head: text, sizeBytes: text.length });
  const path = `packages/part${turn % 23}/src/module${(turn * 7 + step) % 400}.ts`;
  if (step === 0)
    return {
      ...head,
      kind: 'prompt.submitted',
      by: you,
      run: 'c-81f2',
      turn,
      provenance: 'user',
      text: words(`Step ${turn}: split the parser of part ${turn % 23} and write the tests that are missing`),
    };
  if (step === turnLength - 1) return { ...head, ...of, kind: 'turn.ended', stopReason: 'end_turn' };
  if (step === turnLength - 2)
    return { ...head, ...of, kind: 'reply.given', text: words(`**Done**: the parser of part ${turn % 23} is two files now.`) };
  const call = `call-${index - ((step - 1) % 3)}`;
  if (step % 12 === 10)
    return {
      ...head,
      ...of,
      kind: 'command.started',
      command: `npm run check -- part${turn % 23}`,
      cwd: '/home/ada/shop',
      call: `c-${index}`,
    };
  if (step % 12 === 11) {
    const exitCode = turn % 9 === 0 ? 1 : 0;
    return {
      ...head,
      ...of,
      kind: 'command.ended',
      command: `npm run check -- part${turn % 23}`,
      started: `k3f9ab2c.${index}`,
      exitCode,
      durationMs: 1700,
      output: words('ok  parser splits\nok  parser joins\n'.repeat(4)),
    };
  }
  if (step % 3 === 1)
    return { ...head, ...of, kind: 'tool.called', call, name: 'Edit', tool: 'edit', paths: [path], edits: [{ path, op: 'update' }] };
  if (step % 3 === 2)
    return {
      ...head,
      ...of,
      kind: 'file.changed',
      path,
      added: step,
      removed: step % 4,
      before: version(index),
      after: version(index + 1),
    };
  return { ...head, ...of, kind: 'tool.returned', call, status: 'completed', durationMs: 40 };
}

function eventsFrom(from: number, to: number): readonly TapedeckEvent[] {
  const [first, end] = [Math.max(0, from), Math.min(total, to)];
  return Array.from({ length: Math.max(0, end - first) }, (_, index) => eventAt(first + index));
}

function pageAt(at: LogPlace, count: number): PackedPage {
  const middle = 'event' in at ? Number(at.event.split('.')[1]) - 1 : 'ms' in at ? Math.floor((at.ms - startMs) / 1700) : 0;
  const [from, to] =
    'before' in at
      ? [at.before.n - 1 - count, at.before.n - 1]
      : 'after' in at
        ? [at.after.n, at.after.n + count]
        : 'end' in at
          ? [total - count, total]
          : [middle - count / 2, middle + count / 2];
  return { lines: packEvents(eventsFrom(Math.floor(from), Math.floor(to))), authors: {}, hasOlder: from > 0, hasNewer: to < total };
}

const header: Header = {
  state: 'recording',
  session,
  label: 'A long session',
  folders: ['shop'],
  startedAt: new Date(startMs).toISOString(),
  counts: { events: total, files: 9200, agents: 1 },
  hasHistory: true,
};

function density(bins: number): DensityData {
  return {
    fromMs: startMs,
    toMs: msOf(total - 1),
    lanes: [
      { actor: 'agent', name: 'claude', counts: Array.from({ length: bins }, (_, bin) => 20 + ((bin * 37) % 50)) },
      { actor: 'user', counts: Array.from({ length: bins }, (_, bin) => (bin * 11) % 4) },
    ],
    marks: Array.from({ length: 2000 }, (_, mark) => ({
      atMs: msOf(Math.floor((mark / 2000) * total)),
      mark: mark % 3 === 0 ? ('commit' as const) : ('failure' as const),
      event: `k3f9ab2c.${mark + 1}`,
    })),
  };
}

const frame = document.querySelector('iframe')!;
openChannel<Record<string, never>, HostNotices, Record<string, never>, Record<string, never>>(
  {
    // As the editor hands on what its extensions send: the bytes change hands, they are not copied.
    post: (message) => {
      const { body } = message as { readonly body?: { readonly lines?: Uint8Array } };
      frame.contentWindow?.postMessage(message, '*', body?.lines === undefined ? [] : [body.lines.buffer]);
    },
    onMessage: (listener) => {
      addEventListener('message', ({ data }) => listener(data));
      return { dispose: () => {} };
    },
  },
  {
    requests: {
      ready: () => ({
        header,
        page: { events: eventsFrom(total - 500, total), authors: {}, hasMore: total > 500 } satisfies EventsPage,
        continues: false,
        entries: { decisions: [], blockers: [], notes: [] },
        setAside: [],
      }),
      readEvents: ({ at, count }: { at: LogPlace; count: number }) => pageAt(at, count),
      density: ({ bins }: { bins: number }) => density(bins),
      detail: () => ({ events: [], authors: {}, diffs: [] }),
    } as never,
    notices: {},
  },
);

// A page of many events, sent as the host sends it, for measuring how long it is on its way.
const large = packEvents(eventsFrom(0, 10_000));
addEventListener('message', ({ data }) => {
  if (data !== 'bench:send') return;
  const lines = large.slice();
  frame.contentWindow?.postMessage({ bench: 'page', sentAt: performance.timeOrigin + performance.now(), lines }, '*', [lines.buffer]);
});
