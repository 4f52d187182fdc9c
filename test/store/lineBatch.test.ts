import { expect, test } from 'vitest';
import { decodeLine, firstPrev, lineHash, openLine } from '../../src/core/logCodec.ts';
import { maxBatchLines } from '../../src/core/repeatMemory.ts';
import type { TapedeckEvent } from '../../src/model/event.ts';
import { nodeDigest } from '../../src/store/digest.ts';
import { LineBatch } from '../../src/store/lineBatch.ts';
import { noted } from './logRoom.ts';

const waiting = (event: TapedeckEvent) => ({ event, resolve: () => {}, reject: () => {} });

/** Adds as many as the batch takes, chained, and reads them back from its bytes. */
function expectRead(batch: LineBatch, texts: readonly string[]): void {
  let prev = firstPrev;
  for (const [index, text] of texts.entries()) {
    const event = noted('abcd', index + 1, index, text);
    const line = openLine(event, event, prev);
    expect(batch.takes(line)).toBe(true);
    prev = batch.add(line, nodeDigest, waiting(event));
  }
  const lines = Buffer.from(batch.seal()).toString('utf8').split('\n');
  expect(lines.pop()).toBe('');
  expect(lines).toHaveLength(texts.length);
  let before = firstPrev;
  for (const [index, line] of lines.entries()) {
    const bytes = Buffer.from(line);
    expect(decodeLine(bytes, nodeDigest)).toMatchObject({ ok: true, event: { n: index + 1, text: texts[index] }, prev: before });
    before = lineHash(bytes, nodeDigest);
  }
  expect(before).toBe(prev);
}

test('[L1] lines of any characters and lengths stand in a batch as they are read', () => {
  const batch = new LineBatch();
  expectRead(batch, ['日'.repeat(10_000), 'a', 'ä\u0000\n', '日本語'.repeat(9000), '😀'.repeat(500), '\ud800', 'x'.repeat(40_000)]);
  expect(batch.empty()).toHaveLength(7);
  expectRead(batch, ['日'.repeat(3_000_000)]);
  batch.empty();
  expectRead(batch, ['small again']);
});

test('[L3] a sealed batch takes no line, and a batch no more lines or bytes than one write holds', () => {
  const batch = new LineBatch();
  const event = noted('abcd', 1);
  const line = openLine(event, event, firstPrev);
  let count = 0;
  for (; batch.takes(line); count++) batch.add(line, nodeDigest, waiting(event));
  expect(count).toBe(maxBatchLines);
  batch.empty();
  const long = noted('abcd', 1, 1, 'x'.repeat(600_000));
  const longLine = openLine(long, long, firstPrev);
  expect(batch.takes(longLine)).toBe(true);
  batch.add(longLine, nodeDigest, waiting(long));
  expect([batch.takes(longLine), batch.takes(line)]).toEqual([false, true]);
  batch.seal();
  expect(batch.takes(line)).toBe(false);
});
