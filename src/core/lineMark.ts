import type { Digest } from '../model/digest.ts';
import type { EventMark } from '../model/sessionState.ts';
import { markOf } from './eventOrder.ts';
import { LineHead } from './lineHead.ts';
import { readCrcSuffix, suffixLength } from './logCodec.ts';
import { readLine } from './salvage.ts';

/** True when the line's checksum is right and its head could be read into `head`: then it is what it was written as. */
export function readSoundHead(bytes: Uint8Array, head: LineHead, digest: Digest): boolean {
  const crc = readCrcSuffix(bytes, bytes.length);
  return crc >= 0 && head.read(bytes) && digest.crc32(bytes.subarray(0, bytes.length - suffixLength)) === crc;
}

/** A sound event's place in the order, and where it begins in the bytes that were given. */
export interface PlacedMark {
  readonly from: number;
  readonly mark: EventMark;
}

/** The places of the sound events between two newlines, as a rule one, read without parsing them. */
export function readMarks(bytes: Uint8Array, digest: Digest): PlacedMark[] {
  const head = new LineHead();
  if (readSoundHead(bytes, head, digest)) return [{ from: 0, mark: head.mark }];
  return readLine(bytes, digest).records.map(({ from, event }) => ({ from, mark: markOf(event) }));
}
