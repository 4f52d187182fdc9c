import { describe, expect, it } from 'vitest';
import { Timeline } from '../../src/core/timeline.ts';
import { filterSections, parseFilter } from '../../src/core/timelineFilter.ts';
import { sampleEvents } from '../webview/sample.ts';

const timeline = new Timeline({ dayOf: (at) => at.slice(0, 10) });
timeline.append(sampleEvents());
const rows = (text: string): string[] =>
  filterSections(timeline.sections(), parseFilter(text)).flatMap((section) =>
    section.rows.map(({ title, children }) => `${title}${children.length > 0 ? ` (${children.length})` : ''}`),
  );

describe('the filter', () => {
  it('[V10] finds words in titles, texts and outputs, whatever their case', () => {
    expect(rows('WAITS FOR')).toEqual(['npm test']);
    expect(rows('"second refresh waits"')).toEqual(['npm test']);
  });
  it('[V10] shows of a folded row only what matches', () => {
    expect(rows('file:token')).toEqual(['3 commands, 5 files read (1)', '5 edits in 4 files (1)', '5 files read, 1 search (1)']);
  });
  it('[V10] takes failed, kind, by and their opposites together', () => {
    expect(rows('failed')).toEqual(['npm test', 'npm test']);
    expect(rows('kind:commits')).toEqual(['feat: rate limiter']);
    expect(rows('by:me kind:edit')).toEqual(['src/config.ts', '3 edits in 2 files (2)']);
    expect(rows('kind:edit -by:claude -by:you -by:tapedeck')).toEqual(['dist/build-info.json']);
    expect(rows('by:unknown')).toEqual(['dist/build-info.json']);
  });
  it('[V10] keeps all rows of a turn whose prompt matches', () => {
    expect(rows('sliding window').length).toBeGreaterThan(2);
  });
  it('[V10] takes whatever is typed, half-typed keys, quotes and patterns too', () => {
    for (const text of ['file:', '"', '-', '(', '*', '\\', 'kind:nonsense', '[a-', ':', '  ']) expect(() => rows(text)).not.toThrow();
    expect(parseFilter('  file: ').isEmpty).toBe(true);
    expect(rows('kind:nonsense')).toEqual([]);
  });
});
