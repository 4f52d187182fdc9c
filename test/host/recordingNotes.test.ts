import { expect, test } from 'vitest';
import { recordingNotes } from '../../src/host/recordingNotes.ts';

const nothing = { withheld: { runs: 0, facts: 0 }, drift: [] };

test('[A73] the editor tells what the policy kept out and which agent has become newer than we, and else nothing', () => {
  expect(recordingNotes(nothing)).toEqual([]);
  const drift = [
    { agent: 'claude', version: '3.1.0', recordType: 'dream', count: 7 },
    { agent: 'claude', version: '3.1.0', recordType: 'wish', count: 5 },
    { agent: 'codex', recordType: 'moon', count: 1 },
    { agent: 'codex', recordType: 'misshapen', count: 90 },
  ];
  expect(recordingNotes({ withheld: { runs: 2, facts: 40 }, drift })).toEqual([
    { kind: 'policy', text: '2 runs of agents not recorded, by the setting tapedeck.recordPolicy' },
    {
      kind: 'drift',
      text: '12 records of Claude Code 3.1.0 not known to this version of Tapedeck, and not shown; a newer one may know them',
    },
    { kind: 'drift', text: '1 record of Codex not known to this version of Tapedeck, and not shown; a newer one may know them' },
  ]);
});

test('[A73] however many agents there are, a few are named', () => {
  const drift = Array.from({ length: 20 }, (_, index) => ({ agent: `a${index}`, recordType: 'x', count: index + 1 }));
  const notes = recordingNotes({ ...nothing, drift });
  expect(notes).toHaveLength(3);
  expect(notes[0]!.text).toContain('20 records');
});
