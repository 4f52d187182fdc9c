import { describe, expect, test } from 'vitest';
import { readRecords } from '../../src/core/transcripts/jsonRecords.ts';
import { unseenStretches } from './byteAccount.ts';

const encoder = new TextEncoder();

function account(text: string, forget: (offset: number) => boolean = () => false): readonly { offset: number; sizeBytes: number }[] {
  const bytes = encoder.encode(text);
  const records: number[] = [];
  const damage: { offset: number; sizeBytes: number }[] = [];
  let offset = 0;
  for (const line of text.split('\n')) {
    const found = readRecords(line, offset);
    records.push(...found.records.map((record) => record.offset));
    damage.push(...found.damage);
    offset += encoder.encode(line).length + 1;
  }
  return unseenStretches(
    bytes,
    records.filter((at) => !forget(at)),
    damage.filter((entry) => !forget(entry.offset)),
  );
}

const whole = '{"type":"a","text":"ä"}';

describe('the account of bytes', () => {
  test('[A43] finds nothing unseen in what is read as it stands', () => {
    for (const text of [whole, `${whole}\n`, `${whole}${whole}\n\n  \r\n${whole}`, `{"type":"torn${whole}\n42\n\0\0\0${whole}\n"text"`, ''])
      expect(account(text), text).toEqual([]);
  });

  test('[A43] finds each record and each damage that was passed over', () => {
    expect(account(`${whole}\n${whole}\n`, (at) => at === 0)).toEqual([{ offset: 0, sizeBytes: 24 }]);
    expect(account(`${whole}\n${whole}${whole}\n`, (at) => at === 49)).toEqual([{ offset: 25, sizeBytes: 48 }]);
    expect(account(`42\n${whole}\n`, (at) => at === 0)).toEqual([{ offset: 0, sizeBytes: 2 }]);
  });
});
