import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseAnsi } from '../../webview/ansiText.ts';

const textOf = (output: string): string =>
  parseAnsi(output)
    .map(({ text }) => text)
    .join('');

describe('what a command wrote', () => {
  it('[V41] keeps its colours and weights, of 16, 256 and all colours', () => {
    expect(parseAnsi('a \u001b[1;31mbad\u001b[0m \u001b[38;5;203mc\u001b[38;2;1;2;300md\u001b[39m\u001b[97;44me\u001b[m.')).toEqual([
      { text: 'a ', look: {} },
      { text: 'bad', look: { isBold: true, color: 1 } },
      { text: ' ', look: {} },
      { text: 'c', look: { color: '#ff5f5f' } },
      { text: 'd', look: { color: '#010200' } },
      { text: 'e', look: { color: 15, background: 4 } },
      { text: '.', look: {} },
    ]);
  });

  it('[V41] leaves no sequence in the text, and of what overwrote itself the last', () => {
    expect(textOf('\u001b]0;title\u0007one\r\ntwo\u001b[2K\rthree\u001b[1A\u001b(B\u001bP+q\u001b\\!\u0008\u009b')).toBe('one\nthree!');
    expect(textOf('10 %\r50 %\r100 %\nnext')).toBe('100 %\nnext');
    expect(textOf('kept\n\u001b[32m10 %\r20 %')).toBe('kept\n20 %');
  });

  it('[V41] leaves no control character, whatever comes', () => {
    const piece = fc.constantFrom(
      '\u001b',
      '[',
      ']',
      '0',
      '3',
      '1',
      ';',
      'm',
      'K',
      '\r',
      '\n',
      '\u0007',
      '\u0000',
      '\u009b',
      'P',
      '\\',
      'text',
      '38',
      '5',
      '\u0008',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 80 }), (pieces) => {
        expect(textOf(pieces.join(''))).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/);
      }),
      { numRuns: 3000 },
    );
  });

  it('[V41] is at most a few thousand pieces', () => {
    expect(parseAnsi('\u001b[31ma\u001b[32mb'.repeat(50_000)).length).toBeLessThan(4100);
  });
});
