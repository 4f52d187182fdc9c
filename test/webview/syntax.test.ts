import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { languageOf, tokenize, type Carry } from '../../webview/syntax.ts';

const tones = (line: string, file: string): string =>
  tokenize(line, languageOf(file)!, undefined)
    .parts.filter(({ tone }) => tone !== 'plain')
    .map(({ tone, text }) => `${tone} ${text}`)
    .join(' | ');

describe('a line of code', () => {
  it('[V42] has its keywords, texts, numbers, types and comments told apart', () => {
    expect(tones("export const a = new Map('it\\'s', 4.5); // so", 'src/a.ts')).toBe(
      "keyword export | keyword const | keyword new | type Map | string 'it\\'s' | number 4.5 | comment // so",
    );
    expect(tones('def run(self):  # why', 'a.py')).toBe('keyword def | keyword self | comment # why');
    expect(tones('color: "#fff"', 'a.yaml')).toBe('string "#fff"');
    expect(languageOf('LICENSE')).toBeUndefined();
    expect(languageOf('Makefile')).toBeDefined();
  });

  it('[V42] goes on with a comment or text that the line before began', () => {
    const language = languageOf('ts')!;
    const first = tokenize('a /* one', language, undefined);
    expect(first.carry).toEqual({ until: '*/', tone: 'comment' });
    expect(tokenize('two */ const', language, first.carry)).toEqual({
      parts: [
        { tone: 'comment', text: 'two */' },
        { tone: 'plain', text: ' ' },
        { tone: 'keyword', text: 'const' },
      ],
      carry: undefined,
    });
  });

  it('[V42] is the line again when its parts are put together, in every language', () => {
    const file = fc.constantFrom(
      'a.ts',
      'a.py',
      'a.go',
      'a.rs',
      'a.java',
      'a.sh',
      'a.json',
      'a.css',
      'a.html',
      'a.sql',
      'a.rb',
      'a.php',
      'a.yml',
    );
    const piece = fc.constantFrom(
      '/*',
      '*/',
      '//',
      '#',
      '"',
      "'",
      '`',
      '"""',
      '<!--',
      '-->',
      '--',
      '-',
      '\\',
      'const',
      'Name',
      '12',
      ' ',
      'é',
      '😀',
      '<',
    );
    fc.assert(
      fc.property(file, fc.array(fc.array(piece, { maxLength: 20 }), { maxLength: 5 }), (name, lines) => {
        let carry: Carry;
        for (const pieces of lines) {
          const told = tokenize(pieces.join(''), languageOf(name)!, carry);
          carry = told.carry;
          expect(told.parts.map(({ text }) => text).join('')).toBe(pieces.join(''));
        }
      }),
      { numRuns: 2000 },
    );
  });
});
