import { readFile, rm, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { nodeDigest } from '../../src/store/digest.ts';
import { listSegments, type SegmentFile } from '../../src/store/segmentFile.ts';
import { readSidecar, sidecarPath, writeSidecar } from '../../src/store/sidecar.ts';
import { note, openLogRoom, type LogRoom } from './logRoom.ts';

const kind = { name: 'sizes', version: 3 };
const payload = Buffer.from('what was derived');
let room: LogRoom;
let segment: SegmentFile;

async function lookAgain(): Promise<SegmentFile> {
  return [...(await listSegments(room.session)).values()].flat()[0]!;
}

const read = async (version = kind.version) => readSidecar(room.session, await lookAgain(), { ...kind, version }, nodeDigest);

beforeEach(async () => {
  room = await openLogRoom();
  const writer = await room.writer();
  await writer.append(note('one'));
  await writer.append(note('two'));
  await writer.close();
  segment = await lookAgain();
  expect(await writeSidecar(room.session, segment, kind, { coveredBytes: segment.sizeBytes, payload }, nodeDigest)).toBe(true);
});
afterEach(() => room.close());

describe('a sidecar', () => {
  it('[L16] gives back what was kept, and how far it goes, while the segment grows', async () => {
    const bytes = await readFile(segment.path);
    await writeFile(segment.path, Buffer.concat([bytes, bytes]));
    expect(await read()).toEqual({ coveredBytes: segment.sizeBytes, payload });
  });

  it('[L16] is none when the segment was replaced, cut or rewritten', async () => {
    const bytes = await readFile(segment.path);
    for (const other of [bytes.subarray(0, -1), Buffer.alloc(bytes.length, 'x'), bytes.subarray(bytes.length / 2)]) {
      await writeFile(segment.path, other);
      expect(await read()).toBeUndefined();
    }
    await rm(segment.path);
    expect(await readSidecar(room.session, segment, kind, nodeDigest)).toBeUndefined();
  });

  it('[L16] is none when it is missing, of another version, cut anywhere, or off by a bit', async () => {
    const path = sidecarPath(room.session, segment, kind);
    const bytes = await readFile(path);
    expect(await read(4)).toBeUndefined();
    for (let length = 0; length < bytes.length; length += 7) {
      await writeFile(path, bytes.subarray(0, length));
      expect(await read()).toBeUndefined();
    }
    for (let at = 0; at < bytes.length; at++) {
      const altered = Buffer.from(bytes);
      altered[at]! ^= 1;
      await writeFile(path, altered);
      expect(await read()).toBeUndefined();
    }
    await rm(path);
    expect(await read()).toBeUndefined();
  });

  it('[L16] that cannot be kept only says so', async () => {
    await rm(room.session.cache, { recursive: true });
    await writeFile(room.session.cache, 'no folder');
    expect(await writeSidecar(room.session, segment, kind, { coveredBytes: 10, payload }, nodeDigest)).toBe(false);
  });
});
