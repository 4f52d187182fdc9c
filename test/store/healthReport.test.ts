import { afterEach, beforeEach, expect, test } from 'vitest';
import { describeHealth } from '../../src/store/healthReport.ts';
import { verifySession } from '../../src/store/logHealth.ts';
import { linesOf, notes, openLogRoom, sessionId, type LogRoom } from './logRoom.ts';

let room: LogRoom;
beforeEach(async () => {
  room = await openLogRoom();
});
afterEach(() => room.close());
const verify = () => verifySession({ layout: room.layout, session: sessionId });

test('[L7] a sound log is said to be sound, with its size', async () => {
  await room.writeSegment('abcd-0001.jsonl', linesOf(notes('abcd', 2)).join(''));
  const health = await verify();
  expect(describeHealth(health)).toEqual([`Sound: 2 events by 1 writer in 1 file, ${health.sizeBytes} bytes.`]);
});

test('[L7] every finding is a line with its place', async () => {
  const [one, two, , four] = linesOf(notes('abcd', 4)) as [string, string, string, string];
  await room.writeSegment('abcd-0001.jsonl', `${one}\0\0\0${two}${four}`);
  await room.writeSegment('notes.txt', 'x');
  expect(describeHealth(await verify())).toEqual([
    expect.stringMatching(/^Damaged: 3 events by 1 writer in 1 file, \d+ bytes; 2 findings, 1 event lost\.$/),
    `abcd-0001.jsonl, line 2, bytes ${one.length} to ${one.length + 3}: zeros where nothing was written, as a disk leaves them after a power cut`,
    `abcd-0001.jsonl, line 3, before byte ${one.length + 3 + two.length}: event abcd.3: no longer there: cut out, or the end was cut off (1 lost)`,
    'notes.txt: not a file of the log; not read',
  ]);
});
