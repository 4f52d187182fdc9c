import { describe, expect, it } from 'vitest';
import { parseTimeWords } from '../../src/core/timeWords.ts';

const nowMs = Date.parse('2026-11-20T15:30:00.000Z');
const read = (text: string, frame: { readonly untilMs?: number; readonly timeZone?: string } = {}): string | undefined => {
  const ms = parseTimeWords(text, { nowMs, untilMs: nowMs, timeZone: 'Etc/UTC', ...frame });
  return ms === undefined ? undefined : new Date(ms).toISOString().replace(':00.000Z', '');
};

describe('a time in words', () => {
  it('[V50] is read as people write it', () => {
    for (const [text, time] of [
      ['now', '2026-11-20T15:30'],
      ['2h ago', '2026-11-20T13:30'],
      ['1 h 30 min ago', '2026-11-20T14:00'],
      ['90 minutes ago', '2026-11-20T14:00'],
      ['3 days ago', '2026-11-17T15:30'],
      ['1.5h ago', '2026-11-20T14:00'],
      ['14:00', '2026-11-20T14:00'],
      [' Yesterday  14:00 ', '2026-11-19T14:00'],
      ['yesterday at 2pm', '2026-11-19T14:00'],
      ['yesterday', '2026-11-19T00:00'],
      ['2:30 pm', '2026-11-20T14:30'],
      ['12am', '2026-11-20T00:00'],
      ['monday 9:00', '2026-11-16T09:00'],
      ['Fri', '2026-11-20T00:00'],
      ['2026-11-18', '2026-11-18T00:00'],
      ['2026-11-18 07:05', '2026-11-18T07:05'],
      ['2026-11-18T07:05', '2026-11-18T07:05'],
      ['2026-11-18T07:05:00+02:00', '2026-11-18T05:05'],
      ['18 Nov 7:05', '2026-11-18T07:05'],
      ['November 18, 2025', '2025-11-18T00:00'],
      ['18.11. 14:00', '2026-11-18T14:00'],
      ['18.11.2025', '2025-11-18T00:00'],
    ])
      expect([text, read(text!)]).toEqual([text, time]);
  });

  it('[V50] is the last one that was, where it leaves the day or the year open', () => {
    expect(read('16:00')).toBe('2026-11-19T16:00');
    expect(read('16:00', { untilMs: Date.parse('2026-11-10T12:00:00Z') })).toBe('2026-11-09T16:00');
    expect(read('24 Dec')).toBe('2025-12-24T00:00');
  });

  it('[V50] is of the time zone that is asked for, over changes of the clock as well', () => {
    expect(read('yesterday 14:00', { timeZone: 'Europe/Berlin' })).toBe('2026-11-19T13:00');
    expect(read('1 July 14:00', { timeZone: 'Europe/Berlin' })).toBe('2026-07-01T12:00');
    expect(read('2026-11-20', { timeZone: 'Asia/Kolkata' })).toBe('2026-11-19T18:30');
    expect(read('2026-03-29 01:59', { timeZone: 'Europe/Berlin' })).toBe('2026-03-29T00:59');
    expect(read('2026-03-29 02:30', { timeZone: 'Europe/Berlin' })).toBe('2026-03-29T01:30');
    expect(read('2026-03-29 03:01', { timeZone: 'Europe/Berlin' })).toBe('2026-03-29T01:01');
    // The hour that happens twice.
    expect(['2026-10-25T00:30', '2026-10-25T01:30']).toContain(read('2026-10-25 02:30', { timeZone: 'Europe/Berlin' }));
  });

  it('[V50] is nothing else: words, numbers and days that never were are no time', () => {
    for (const text of [
      '',
      '7',
      '14',
      '2h',
      'auth',
      'failed',
      'file:14:00',
      '25:00',
      '14:60',
      '13pm',
      '2026-02-30',
      '31.02.',
      'mo',
      'may',
      'ago',
    ])
      expect([text, read(text)]).toEqual([text, undefined]);
    expect(read('"14:00"')).toBeUndefined();
    expect(read(`${'9'.repeat(400)} days ago`)).toBeUndefined();
  });
});
