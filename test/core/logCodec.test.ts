import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeLine, encodeLine, firstPrev, lineHash } from '../../src/core/logCodec.ts';
import type { TapedeckEvent } from '../../src/model/event.ts';
import { nodeDigest } from '../../src/store/digest.ts';

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
