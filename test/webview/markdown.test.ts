import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseInline, parseMarkdown, type Block, type Inline } from '../../webview/markdown.ts';

const words = (nodes: readonly Inline[]): string =>
  nodes
    .map((node) =>
      node.type === 'break' ? '\n' : 'children' in node ? words(node.children) + ('href' in node ? node.href : '') : node.text,
    )
    .join('');
const blockWords = (block: Block): string => {
  switch (block.type) {
    case 'paragraph':
    case 'heading':
      return words(block.children);
    case 'code':
      return block.text;
    case 'quote':
      return block.blocks.map(blockWords).join('\n');
    case 'list':
      return block.items.map(({ blocks }) => blocks.map(blockWords).join('\n')).join('\n');
    case 'table':
      return [block.head, ...block.rows].map((row) => row.map(words).join(' ')).join('\n');
    case 'rule':
      return '';
  }
};

describe('an agent’s words', () => {
  it('[V40] are headings, paragraphs, lists, tables, quotes and code as CommonMark has them', () => {
    const blocks = parseMarkdown(
      '## Found ##\nOne line,\nand its next.\n\n- a\n- b\n  - inner\n\n1. first\n2. second\n\n> said\n> so\n\n| a | b |\n|---|:-:|\n| 1 | `x\\|y` |\n\n---\n~~~py\nx = 1\n~~~\nend',
    );
    expect(blocks.map(({ type }) => type)).toEqual([
      ...['heading', 'paragraph', 'list', 'list', 'quote', 'table', 'rule', 'code', 'paragraph'],
    ]);
    expect(blockWords(blocks[0]!)).toBe('Found');
    expect(blockWords(blocks[1]!)).toBe('One line,\nand its next.');
    expect(blocks[2]).toMatchObject({ start: undefined, items: [{}, { blocks: [{ type: 'paragraph' }, { type: 'list' }] }] });
    expect(blocks[3]).toMatchObject({ start: 1 });
    expect(blocks[5]).toMatchObject({ rows: [[[{ text: '1' }], [{ type: 'code', text: 'x|y' }]]] });
    expect(blocks[7]).toEqual({ type: 'code', language: 'py', text: 'x = 1' });
  });

  it('[V40] are strong, emphasised, struck, code and links where they say so, and names with underscores are not', () => {
    expect(parseInline('**a** *b* ~~c~~ `d * e` [f](src/g.ts) h_i_j 2 * 3 * 4 \\*k\\*')).toEqual([
      { type: 'strong', children: [{ type: 'text', text: 'a' }] },
      { type: 'text', text: ' ' },
      { type: 'em', children: [{ type: 'text', text: 'b' }] },
      { type: 'text', text: ' ' },
      { type: 'del', children: [{ type: 'text', text: 'c' }] },
      { type: 'text', text: ' ' },
      { type: 'code', text: 'd * e' },
      { type: 'text', text: ' ' },
      { type: 'link', href: 'src/g.ts', children: [{ type: 'text', text: 'f' }] },
      { type: 'text', text: ' h_i_j 2 * 3 * 4 *k*' },
    ]);
    expect(parseMarkdown('- [x] done\n- [ ] open')[0]).toMatchObject({ items: [{ isDone: true }, { isDone: false }] });
  });

  it('[V40] keep every letter and digit, whatever is written', () => {
    const piece = fc.constantFrom(
      '*',
      '_',
      '`',
      '~~',
      '[',
      '](',
      ')',
      '\n',
      '\n\n',
      '    ',
      '> ',
      '- ',
      '1. ',
      '|',
      '```',
      '#',
      '<b>',
      'ab',
      'c9',
      '\\',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
        const text = pieces.join('');
        const told = parseMarkdown(text).map(blockWords).join('');
        const letters = (all: string): string => [...all.matchAll(/ab|c9|<b>/g)].join('');
        // A fence's language is told apart from its text.
        if (!/```|~~~/.test(text)) expect(letters(told)).toBe(letters(text));
      }),
      { numRuns: 2000 },
    );
  });

  it('[V40] cost time in proportion to their length, however they are nested or left open', () => {
    const took = (text: string): number => {
      const start = performance.now();
      parseMarkdown(text);
      return performance.now() - start;
    };
    for (const part of [
      '*a ',
      '_a',
      '**',
      '`',
      '``a`',
      '[',
      '[a](',
      '> ',
      '- ',
      '  - a\n',
      '# ',
      '|a',
      '~~a ',
      '![',
      '\\',
      '<',
      '1. a\n\n',
      'a  \n',
    ]) {
      const [short, long] = [part.repeat(4000), part.repeat(40_000)];
      took(short);
      const ratio = Math.min(...[1, 2, 3].map(() => took(long) / Math.max(2, took(short))));
      expect({ part, isLinear: ratio < 40 }).toEqual({ part, isLinear: true });
    }
  }, 60_000);
});
