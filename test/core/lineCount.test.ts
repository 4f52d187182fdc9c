import { diffArrays } from 'diff';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { countLines } from '../../src/core/lineCount.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

it('[C1] counts what the shortest edit adds and removes', () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 30 }),
      fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 30 }),
      (before, after) => {
        const found = countLines(bytes(before.map((line) => `${line}\n`).join('')), bytes(after.map((line) => `${line}\n`).join('')));
        const parts = diffArrays(before, after);
        const sum = (pick: 'added' | 'removed'): number =>
          parts.filter((part) => part[pick]).reduce((total, part) => total + part.value.length, 0);
        expect(found).toEqual({ added: sum('added'), removed: sum('removed') });
      },
    ),
  );
});

it('[C1] counts all lines of what came and what went, and none of what is no text', () => {
  expect(countLines(undefined, bytes('a\nb\nc'))).toEqual({ added: 3, removed: 0 });
  expect(countLines(bytes('a\n'), undefined)).toEqual({ added: 0, removed: 1 });
  expect(countLines(bytes('a\n'), new Uint8Array([1, 0, 2]))).toBeUndefined();
  expect(countLines(bytes(''), bytes(''))).toEqual({ added: 0, removed: 0 });
});

it('[C1] stays quick where everything differs', () => {
  const before = Array.from({ length: 20_000 }, (_, i) => `old ${i}`).join('\n');
  const after = Array.from({ length: 20_000 }, (_, i) => `new ${i}`).join('\n');
  const startedAt = performance.now();
  expect(countLines(bytes(before), bytes(after))).toEqual({ added: 20_000, removed: 20_000 });
  expect(performance.now() - startedAt).toBeLessThan(500);
});
