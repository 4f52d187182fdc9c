import { describe, expect, it } from 'vitest';
import { Timeline } from '../../src/core/timeline.ts';
import { ItemMaker, type ListItem, type Order, type RowItem } from '../../webview/listItems.ts';
import { newestKey } from '../../webview/wayfinder.ts';
import { Tape } from './sample.ts';

const main = { actor: 'agent', name: 'claude', run: 'c-1', how: 'transcript' } as const;
const sub = { ...main, run: 'c-1/agent-a' } as const;
const subSub = { ...main, run: 'c-1/agent-b' } as const;

const timeline = (() => {
  const tape = new Tape('2026-01-01T10:00:00.000Z');
  tape.prompt(main, 1, 'Mend it');
  tape.command(main, 1, 'npm test', 1, 900);
  tape.add({ kind: 'run.started', by: sub, run: sub.run, agent: 'claude', parent: main.run });
  tape.prompt(sub, 1, 'Look into it');
  tape.command(sub, 1, 'npm run lint', 1, 900);
  tape.add({ kind: 'run.started', by: subSub, run: subSub.run, agent: 'claude', parent: sub.run });
  tape.prompt(subSub, 1, 'Deeper');
  tape.edit(subSub, 1, 'deep/a.ts', 1, 0);
  tape.edit(subSub, 1, 'deep/b.ts', 1, 0);
  tape.command(main, 1, 'npm run build', 1, 900);
  const timeline = new Timeline({ dayOf: (at) => at.slice(0, 10) });
  timeline.append(tape.events);
  return timeline;
})();
const sections = timeline.sections();
const keyOf = (title: string): string => sections.find(({ heading }) => heading?.title === title)!.key;

const isRow = (item: ListItem): item is RowItem => item.type === 'row';
function items(order: Order, closed: readonly string[] = [], open: readonly string[] = [], maker = new ItemMaker()): RowItem[] {
  return maker.items(sections, { closed: new Set(closed), open: new Set(open), order, unfold: false }).filter(isRow);
}
const tree = (rows: readonly RowItem[]): string[] =>
  rows.map(({ level, row, posInSet, setSize }) => `${'  '.repeat(level - 1)}${row.title} ${posInSet}/${setSize}`);

describe('the list of a turn with sub-agents', () => {
  it('[V51] has their turns among its rows, where they began, one level deeper each', () => {
    expect(tree(items('oldest'))).toEqual([
      'Mend it 1/1',
      '  npm test 1/3',
      '  Look into it 2/3',
      '    npm run lint 1/2',
      '    Deeper 2/2',
      '      2 edits in 2 files 1/1',
      '  npm run build 3/3',
    ]);
    expect(tree(items('newest'))).toEqual([
      'Mend it 1/1',
      '  npm run build 1/3',
      '  Look into it 2/3',
      '    Deeper 1/2',
      '      2 edits in 2 files 1/1',
      '    npm run lint 2/2',
      '  npm test 3/3',
    ]);
    for (const order of ['newest', 'oldest'] as const) {
      const rows = items(order);
      for (const { parent, level } of rows) expect(rows.find(({ key }) => key === parent)?.level ?? 0).toBe(level - 1);
    }
  });

  it('[V51] folds each with all that is in it, and the whole with its sub-agents', () => {
    expect(tree(items('oldest', [keyOf('Look into it')]))).toEqual([
      'Mend it 1/1',
      '  npm test 1/3',
      '  Look into it 2/3',
      '  npm run build 3/3',
    ]);
    expect(tree(items('oldest', [keyOf('Mend it')]))).toEqual(['Mend it 1/1']);
    const files = items('oldest').find(({ row }) => row.kind === 'files')!.key;
    expect(tree(items('oldest', [], [files])).slice(5, 8)).toEqual([
      '      2 edits in 2 files 1/1',
      '        deep/a.ts 1/2',
      '        deep/b.ts 2/2',
    ]);
  });

  it('[V51] keeps the items of rows that are what they were', () => {
    const maker = new ItemMaker();
    const before = items('newest', [], [], maker).filter(({ row }) => row.kind !== 'turn');
    const after = items('newest', [], [], maker).filter(({ row }) => row.kind !== 'turn');
    expect(after.length).toBe(4);
    expect(after.every((item, index) => item === before[index])).toBe(true);
  });

  it('[V51] shows a sub-agent as any other turn where the one that began it is filtered away', () => {
    const rest = sections.filter(({ heading }) => heading?.title !== 'Mend it');
    const rows = new ItemMaker().items(rest, { closed: new Set(), open: new Set(), order: 'oldest', unfold: false }).filter(isRow);
    expect(tree(rows)[0]).toBe('Look into it 1/1');
    expect(rows[0]!.depth).toBe(0);
  });

  it('[V51] [V24] knows the newest row in it', () => {
    const rows = items('newest');
    expect(rows.find(({ key }) => key === newestKey(rows, 'newest'))?.row.title).toBe('npm run build');
    const inner = items('newest').filter(({ row }) => row.title !== 'npm run build');
    expect(inner.find(({ key }) => key === newestKey(inner, 'newest'))?.row.title).toBe('2 edits in 2 files');
  });
});
