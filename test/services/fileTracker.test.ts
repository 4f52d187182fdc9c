import fc from 'fast-check';
import { expect, it } from 'vitest';
import { SkipReason } from '../../src/model/fileVersion.ts';
import { FileTracker } from '../../src/services/fileTracker.ts';
import type { KnownFile } from '../../src/services/knownFile.ts';
import { decodeManifest, encodeManifest } from '../../src/services/manifest.ts';
import { isSameStamp, type FileStamp } from '../../src/store/workspaceScan.ts';

const hex = (bytes: number): fc.Arbitrary<string> =>
  fc.uint8Array({ minLength: bytes, maxLength: bytes }).map((value) => Buffer.from(value).toString('hex'));
const optional = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(value, { nil: undefined });
const time = fc.double({ min: 1, max: 4e12, noNaN: true });

const knownFile: fc.Arbitrary<KnownFile> = fc
  .record({
    type: fc.constantFrom('file' as const, 'link' as const),
    mode: optional(fc.nat(0o777)),
    sizeBytes: fc.nat(2 ** 40),
    stamp: optional(fc.record({ sizeBytes: fc.nat(2 ** 40), mtimeMs: time, ctimeMs: time, ino: fc.nat(2 ** 50) })),
    hash: optional(hex(32)),
    oid: optional(fc.oneof(hex(20), hex(32))),
    skipped: optional(fc.constantFrom(...SkipReason.options)),
    isKept: fc.boolean(),
    isFresh: fc.boolean(),
  })
  .map(({ stamp, hash, oid, skipped, ...file }) => ({
    ...file,
    stamp: stamp === undefined ? undefined : { ...stamp, type: file.type, mode: file.mode },
    ...(hash === undefined ? {} : { hash }),
    ...(oid === undefined ? {} : { oid }),
    ...(skipped === undefined ? {} : { skipped }),
  }));
const path = fc.constantFrom(...Array.from({ length: 40 }, (_, i) => `d${i % 3}/f${i}`));

it('[C29] gives back what was set, through any order of sets and deletes', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(path, optional(knownFile)), { maxLength: 300 }), (steps) => {
      const tracker = new FileTracker();
      const model = new Map<string, KnownFile>();
      for (const [name, file] of steps) {
        if (file === undefined) {
          tracker.delete(name);
          model.delete(name);
        } else {
          tracker.set(name, file);
          model.set(name, file);
        }
      }
      expect(tracker.size).toBe(model.size);
      expect(new Map(tracker.entries())).toEqual(model);
      for (const [name, file] of model) {
        const { stamp } = file;
        if (stamp === undefined || stamp.ino === 0) continue;
        const found = tracker.pathOfNode(stamp.ino);
        expect(found === undefined ? undefined : model.get(found)?.stamp?.ino).toBe(stamp.ino);
        tracker.delete(name);
        expect(tracker.get(name)).toBeUndefined();
        tracker.set(name, file);
      }
    }),
  );
});

it('[C29] tells a file that looks otherwise, by any one sign, from one that looks the same', () => {
  const sign = fc.constantFrom('mtimeMs', 'ctimeMs', 'ino', 'sizeBytes', 'mode', 'type', undefined);
  fc.assert(
    fc.property(knownFile, sign, (file, changed) => {
      fc.pre(file.stamp !== undefined);
      const stamp: FileStamp =
        changed === undefined
          ? file.stamp
          : changed === 'type'
            ? { ...file.stamp, type: file.type === 'file' ? 'link' : 'file' }
            : { ...file.stamp, [changed]: changed === 'mode' ? (file.mode ?? 0o100) ^ 0o100 : file.stamp[changed] + 1 };
      const tracker = new FileTracker();
      tracker.beginLook();
      expect(tracker.meet('a', stamp)).toBe('unknown');
      tracker.set('a', file);
      expect(tracker.wasMet('a')).toBe(false);
      const isAsKnown = !file.isFresh && isSameStamp(file.stamp, stamp);
      expect(tracker.meet('a', stamp)).toBe(isAsKnown ? 'same' : 'changed');
      expect(tracker.wasMet('a')).toBe(true);
      tracker.beginLook();
      expect(tracker.wasMet('a')).toBe(false);
    }),
    { numRuns: 400 },
  );
});

it('[C29] reads a manifest back as it was written, a damaged line costing itself alone', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(fc.tuple(fc.string({ minLength: 1 }), knownFile), { selector: ([name]) => name }), async (files) => {
      const { bytes, files: count } = await encodeManifest(files, () => true);
      expect(count).toBe(files.length);
      const read = new Map<string, KnownFile>();
      const damaged = Buffer.concat([bytes, Buffer.from('["torn",1\n')]);
      expect(await decodeManifest(damaged, (name, file) => read.set(name, file))).toBe(true);
      expect([...read.keys()]).toEqual(files.map(([name]) => name));
      for (const [name, file] of files) {
        const { stamp, hash, oid, sizeBytes } = read.get(name)!;
        expect({ hash, oid, sizeBytes }).toEqual({ hash: file.hash, oid: file.oid, sizeBytes: file.sizeBytes });
        expect(stamp?.mtimeMs).toBe(file.stamp?.mtimeMs);
        expect(stamp?.ctimeMs).toBe(file.stamp?.ctimeMs);
      }
    }),
    { numRuns: 60 },
  );
  expect(await decodeManifest(Buffer.from('something else\n'), () => {})).toBe(false);
});
