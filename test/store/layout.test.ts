import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseSegmentName, segmentName, tapedeckLayout } from '../../src/store/layout.ts';

test('[L1] a session’s paths lie under the root, and what is no session id has none', () => {
  const layout = tapedeckLayout(join('w', '.tapedeck'));
  const session = layout.session('20260101-120000-abcd');
  expect(session.segment('k3f9ab2c', 3)).toBe(join('w', '.tapedeck', 'sessions', '20260101-120000-abcd', 'events', 'k3f9ab2c-0003.jsonl'));
  for (const id of ['..', '../../etc', '20260101-120000-abcd/..', '', 'C:\\x'])
    expect(() => layout.session(id)).toThrow('Not a session id');
});

test('[L13] a segment is known by its name, and nothing else is', () => {
  expect(parseSegmentName(segmentName('k3f9ab2c', 12))).toEqual({ writer: 'k3f9ab2c', number: 12 });
  expect(parseSegmentName(segmentName('k3f9ab2c', 123_456))).toEqual({ writer: 'k3f9ab2c', number: 123_456 });
  for (const name of ['k3f9ab2c-0001 (1).jsonl', 'k3f9ab2c-0001.jsonl.tmp', 'K3F9AB2C-0001.jsonl', '.DS_Store', 'k3f9ab2c-1.jsonl'])
    expect(parseSegmentName(name)).toBeUndefined();
});
