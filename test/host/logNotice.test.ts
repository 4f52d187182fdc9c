import { expect, test } from 'vitest';
import { emptyState, foldEvent } from '../../src/core/fold.ts';
import { logHealth } from '../../src/host/logNotice.ts';
import type { SessionState } from '../../src/model/sessionState.ts';
import type { Damage } from '../../src/store/logReader.ts';
import { noted, notes } from '../store/logRoom.ts';

const folded = (numbers: readonly number[]): SessionState => {
  const state = emptyState();
  for (const n of numbers) foldEvent(state, noted('abcd', n));
  return state;
};
const damage: Damage = { file: 'abcd-0001.jsonl', from: 10, to: 20, reason: 'crc' };

test('[V28] a log without a fault is healthy, also with gaps and events of another version', () => {
  expect(logHealth({ damage: [], state: folded([1, 2, 3]) }, 0)).toEqual({ isHealthy: true, text: 'Log healthy' });
  const state = folded([1, 2]);
  foldEvent(state, { ...noted('abcd', 3), kind: 'capture.gap', reason: 'disk-full' } as never);
  foldEvent(state, { ...noted('abcd', 4), kind: 'foreign', foreignKind: 'moon.landed', reason: 'unknown-kind', raw: {} } as never);
  expect(logHealth({ damage: [], state }, 0)).toEqual({ isHealthy: true, text: '1 event of another version; 1 gap' });
});

test('[V28] damage is counted and located, and what is missing of the writers’ numbers is called so', () => {
  expect(logHealth({ damage: [damage], state: folded([1, 2, 5]) }, 0)).toEqual({
    isHealthy: false,
    text: '1 damaged place in the log; 2 events missing',
    findings: ['abcd-0001.jsonl, bytes 10 to 20: the checksum does not match: bytes were changed, by the disk or by hand'],
  });
  const state = folded([1, 2]);
  foldEvent(state, noted('wxyz', 3));
  expect(logHealth({ damage: [], state }, 0)).toEqual({ isHealthy: false, text: '2 events missing' });
});

test('[V28] many places are named in part, and records of agents that cannot be read are a fault', () => {
  const many = Array.from({ length: 9 }, (_, index) => ({ ...damage, from: index }));
  const { findings = [], text } = logHealth({ damage: many, state: folded(notes('abcd', 3).map(({ n }) => n)) }, 2);
  expect(text).toBe('9 damaged places in the log; 2 records of an agent can’t be read');
  expect([findings.length, findings.at(-1)]).toEqual([6, 'and 4 more']);
});
