import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { LineHead } from '../../src/core/lineHead.ts';
import { decodeLine, encodeLine, firstPrev } from '../../src/core/logCodec.ts';
import type { TapedeckEvent } from '../../src/model/event.ts';
import { nodeDigest } from '../../src/store/digest.ts';
import { anyEvent } from '../model/eventArbitrary.ts';

const lineOf = (event: TapedeckEvent): Buffer => Buffer.from(encodeLine(event, firstPrev, nodeDigest).slice(0, -1));
const place = fc.record({
  v: fc.constantFrom(1, 1, 1, 2, 99),
  w: fc.stringMatching(/^[a-z0-9]{4,32}$/),
  n: fc.oneof(fc.integer({ min: 1, max: 5000 }), fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER })),
  at: fc.date({ min: new Date(0), max: new Date('9999-12-31'), noInvalidDate: true }).map((date) => date.toISOString()),
});

test('[L22] the head of a line says without parsing what parsing it says', () => {
  const head = new LineHead();
  let read = 0;
  fc.assert(
    fc.property(anyEvent, place, (event, where) => {
      const line = lineOf({ ...event, ...where });
      const decoded = decodeLine(line, nodeDigest);
      if (!decoded.ok) throw new Error(decoded.reason);
      const isRead = head.read(line);
      expect(isRead || where.n > 1e15).toBe(true);
      if (!isRead) return;
      read += 1;
      const kind = decoded.event.kind === 'foreign' ? decoded.event.foreignKind : decoded.event.kind;
      expect({ v: head.v, kind: head.kind, ...head.mark }).toEqual({ ...where, kind });
      expect(head.isKind(Buffer.from(kind), false)).toBe(true);
      expect(head.isKind(Buffer.from(kind), true)).toBe(false);
      expect(head.isKind(Buffer.from(kind.slice(0, kind.indexOf('.') + 1)), true)).toBe(true);
      expect(head.isKind(Buffer.from(`${kind}s`), false)).toBe(false);
    }),
    { numRuns: 2000 },
  );
  expect(read).toBeGreaterThan(1000);
});

test('[L22] bytes that begin otherwise have no head, wherever they differ', () => {
  const head = new LineHead();
  const line = lineOf({
    v: 1,
    w: 'abcd',
    n: 12,
    at: '2026-01-01T00:00:00.000Z',
    kind: 'capture.paused',
    by: { actor: 'user', how: 'stated' },
  });
  const end = line.indexOf(',"by"');
  for (let at = 0; at < end; at++) {
    for (const other of [0x20, 0x22, 0x5c, 0x7d]) {
      const altered = Buffer.from(line);
      altered[at] = other;
      expect([at, other, head.read(altered)]).toEqual([at, other, altered[at] === line[at]]);
    }
    expect(head.read(line.subarray(0, at))).toBe(false);
  }
  expect(head.read(Buffer.from('{"v":1,"w":"abcd","n":012,"at":"2026-01-01T00:00:00.000Z","kind":"x","by":{}'))).toBe(false);
  expect(head.read(Buffer.from('{"v":1,"w":"abcd","n":0,"at":"2026-01-01T00:00:00.000Z","kind":"x","by":{}'))).toBe(false);
});
