import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseLooseJson } from '../../src/core/looseJson.ts';

describe('[A71] settings as VS Code keeps them', () => {
  it('reads comments, last commas and a byte order mark', () => {
    const text =
      '\uFEFF// mine\r\n{\n  "a": [1, 2, /* two */ ], // "b": 3,\n  /* { */ "c": "no // comment, no /* one */ either",\n}\n// end';
    expect(parseLooseJson(text)).toEqual({ a: [1, 2], c: 'no // comment, no /* one */ either' });
  });

  it('gives every value of plain JSON as it is, whatever its texts hold', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const plain = JSON.stringify(value);
        expect(parseLooseJson(plain)).toEqual(JSON.parse(plain));
        expect(parseLooseJson(JSON.stringify(value, undefined, 2).replaceAll('\n', ' // ,]}"\n'))).toEqual(JSON.parse(plain));
      }),
    );
  });

  it.each(['', '{', '{"a": }', '["a" "b"]', '[1,,]', '/* no end', '"no end', '{"a": 1} 2', '1 /* * 2'])('refuses %s', (text) => {
    expect(() => parseLooseJson(text)).toThrow(SyntaxError);
  });
});
