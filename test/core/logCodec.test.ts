import * as fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { decodeLine, encodeLine, firstPrev, lineHash, openLine } from '../../src/core/logCodec.ts';
import { TapedeckEvent } from '../../src/model/event.ts';
import { upcastEvent } from '../../src/model/upcast.ts';
import { nodeDigest } from '../../src/store/digest.ts';
import { anyEvent, anyJson } from '../model/eventArbitrary.ts';

const event: TapedeckEvent = {
  kind: 'command.ended',
  exitCode: 1,
  command: 'npm test',
  by: { actor: 'agent', name: 'codex', how: 'terminal' },
  at: '2026-01-01T00:00:00.000Z',
  n: 12,
  w: 'k3f9ab2c',
  v: 1,
  turn: 2,
  run: 'r-1',
};
const bytesOf = (line: string): Uint8Array => Buffer.from(line.replace(/\n$/, ''));

test('[L1] a line is this text, byte for byte, whatever order the fields came in', () => {
  expect(encodeLine(event, firstPrev, nodeDigest)).toBe(
    '{"v":1,"w":"k3f9ab2c","n":12,"at":"2026-01-01T00:00:00.000Z","kind":"command.ended","by":{"actor":"agent","name":"codex","how":"terminal"},' +
      '"run":"r-1","turn":2,"exitCode":1,"command":"npm test","prev":"00000000000000000000000000000000","crc":"CRC"}\n'.replace(
        'CRC',
        goldenCrc,
      ),
  );
});
const goldenCrc = '6f5b0cda';

test('[L1] what is encoded decodes to the same event, chain and checksum', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 200 }), fc.nat(), (text, n) => {
      const told: TapedeckEvent = { v: 1, w: 'abcd', n: n + 1, at: event.at, kind: 'progress.noted', by: event.by, text };
      const line = encodeLine(told, lineHash(text, nodeDigest), nodeDigest);
      expect(line.indexOf('\n')).toBe(line.length - 1);
      expect(decodeLine(bytesOf(line), nodeDigest)).toMatchObject({ ok: true, event: told, prev: lineHash(text, nodeDigest) });
    }),
  );
});

test('[L1] a line is the same text whether its draft stood in the line’s order or not', () => {
  const { v, w, n, at, kind, by, run, turn, ...rest } = event;
  const fields = Object.entries({ kind, by, run, turn, src: { file: 'f', offset: 1 }, ...rest, cwd: undefined });
  let inOrder = 0;
  fc.assert(
    fc.property(fc.shuffledSubarray(fields, { minLength: fields.length }), fc.nat(fields.length), (shuffled, from) => {
      const draft = Object.fromEntries([
        ...fields.slice(0, from),
        ...shuffled.filter(([key]) => !fields.slice(0, from).some(([own]) => own === key)),
      ]);
      const event = { ...draft, v, w, n, at } as TapedeckEvent;
      if (Object.keys(draft).join().startsWith('kind,by,run,turn,src')) inOrder += 1;
      const line = openLine(event, draft as unknown as TapedeckEvent, firstPrev);
      expect(line).toBe(openLine(event, event, firstPrev));
      expect(Object.keys(JSON.parse(line) as object).slice(0, 9)).toEqual(['v', 'w', 'n', 'at', 'kind', 'by', 'run', 'turn', 'src']);
    }),
  );
  expect(inOrder).toBeGreaterThan(0);
});

test('[L6] one flipped bit anywhere in a line is seen', () => {
  const line = bytesOf(encodeLine(event, firstPrev, nodeDigest));
  for (let bit = 0; bit < line.length * 8; bit++) {
    const flipped = Uint8Array.from(line);
    flipped[bit >> 3]! ^= 1 << (bit & 7);
    expect(decodeLine(flipped, nodeDigest).ok, `bit ${bit}`).toBe(false);
  }
});

test('[L6] a line that ends early is seen, wherever it ends', () => {
  const line = bytesOf(encodeLine(event, firstPrev, nodeDigest));
  for (let length = 0; length < line.length; length++) expect(decodeLine(line.subarray(0, length), nodeDigest).ok).toBe(false);
});

const encodeRaw = (raw: Record<string, unknown>): Uint8Array => bytesOf(encodeLine(raw as TapedeckEvent, firstPrev, nodeDigest));

test.each([
  ['unknown-kind', { ...event, kind: 'moon.landed', crew: 3 }],
  ['newer-version', { ...event, v: 99 }],
  ['misshapen', { ...event, command: 7 }],
])('[L9] a line with a sound checksum that this version cannot read is kept as %s', (reason, raw) => {
  const decoded = decodeLine(encodeRaw(raw), nodeDigest);
  expect(decoded).toMatchObject({ ok: true, event: { kind: 'foreign', reason, foreignKind: raw.kind, w: 'k3f9ab2c', n: 12, raw } });
});

test.each([
  ['a number that does not count', { ...event, n: 1.5 }],
  ['a time in another form', { ...event, at: '2026-01-01T00:00:00Z' }],
  ['a writer that is a path', { ...event, w: '../../x' }],
  ['no kind', { ...event, kind: undefined }],
])('[L6] %s gives a line no place in the order', (_, raw) => {
  expect(decodeLine(encodeRaw(raw), nodeDigest)).toEqual({ ok: false, reason: 'shape' });
});

test('[L23] a line is read as parsing it and asking the schema would read it, whatever its fields hold', () => {
  const seen: Record<string, number> = {};
  fc.assert(
    fc.property(anyEvent, fc.option(fc.tuple(fc.string({ maxLength: 8 }), anyJson)), fc.boolean(), (made, extra, isNewer) => {
      const raw = JSON.parse(JSON.stringify(made)) as Record<string, unknown>;
      if (extra !== null) raw[extra[0] in raw || extra[0] !== '' ? extra[0] : 'what'] = extra[1];
      Object.assign(raw, { v: isNewer && extra !== null ? 2 : 1, w: event.w, n: event.n, at: event.at });
      const line = encodeRaw(raw);
      const expected = upcastEvent(JSON.parse(Buffer.from(line).toString()));
      const decoded = decodeLine(line, nodeDigest);
      expect(decoded).toEqual({ ok: true, event: expected, prev: firstPrev, crc: Buffer.from(line.subarray(-10, -2)).toString() });
      const outcome = decoded.ok && decoded.event.kind === 'foreign' ? decoded.event.reason : 'event';
      seen[outcome] = (seen[outcome] ?? 0) + 1;
    }),
    { numRuns: 1000 },
  );
  expect(Object.keys(seen).sort()).toEqual(['event', 'misshapen', 'newer-version']);
});

test.each([
  ['its number', '"n":12,', '"n":13,'],
  ['its kind', '"kind":"command.ended",', '"kind":"command.started",'],
  ['its time', '"at":"2026-01-01T00:00:00.000Z",', '"at":"2026-01-02T00:00:00.000Z",'],
])('[L22] a line that says %s twice is no event, though its checksum is right', (_, said, again) => {
  const text = encodeLine(event, firstPrev, nodeDigest).slice(0, -20);
  expect(text).toContain(said);
  const body = `${text.replace(/,"prev".*/, '')},${again}"prev":"${firstPrev}"`;
  const line = `${body},"crc":"${nodeDigest.crc32(body).toString(16).padStart(8, '0')}"}`;
  expect(() => JSON.parse(line) as unknown).not.toThrow();
  expect(decodeLine(Buffer.from(line), nodeDigest)).toEqual({ ok: false, reason: 'shape' });
});

test('[L23] ordinary lines are read without asking the schema, which would take a new process tens of milliseconds', () => {
  const asked = vi.spyOn(TapedeckEvent, 'safeParse');
  try {
    expect(decodeLine(encodeRaw({ ...event }), nodeDigest)).toMatchObject({ ok: true, event: { kind: 'command.ended' } });
    expect(asked).not.toHaveBeenCalled();
    expect(decodeLine(encodeRaw({ ...event, command: 7 }), nodeDigest)).toMatchObject({ ok: true, event: { reason: 'misshapen' } });
    expect(asked).toHaveBeenCalledOnce();
  } finally {
    asked.mockRestore();
  }
});
