import fc from 'fast-check';
import { expect, it } from 'vitest';
import { HexColumn } from '../../src/store/hexColumn.ts';
import { TrackedFiles } from '../../src/store/trackedFiles.ts';

const hex = fc
  .oneof(fc.uint8Array({ minLength: 20, maxLength: 20 }), fc.uint8Array({ minLength: 32, maxLength: 32 }))
  .map((bytes) => Buffer.from(bytes).toString('hex'));

it('[C29] keeps hashes of both lengths side by side', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(300), fc.option(hex, { nil: undefined })), { maxLength: 200 }), (writes) => {
      const column = new HexColumn();
      const model = new Map<number, string | undefined>();
      for (const [row, value] of writes) {
        column.set(row, value);
        model.set(row, value);
      }
      for (let row = 0; row <= 301; row++) {
        expect(column.get(row)).toBe(model.get(row));
        expect(column.has(row)).toBe(model.get(row) !== undefined);
      }
    }),
  );
});

it('[C29] says of a path what was added last, and which folders hold tracked files', () => {
  const segment = fc.constantFrom('a', 'b', 'ab', 'a.b');
  const path = fc.array(segment, { minLength: 1, maxLength: 4 }).map((parts) => `${parts.join('/')}/f`);
  fc.assert(
    fc.property(fc.array(fc.tuple(path, hex, fc.boolean()), { maxLength: 80 }), (added) => {
      const files = new TrackedFiles();
      const model = new Map<string, { readonly oid: string; readonly isTrusted: boolean }>();
      for (const [name, oid, isTrusted] of added) {
        files.add(name, { oid, isTrusted });
        model.set(name, { oid, isTrusted });
      }
      expect(files.size).toBe(model.size);
      expect([...files.paths()].toSorted()).toEqual([...model.keys()].toSorted());
      const folders = new Set<string>();
      for (const [name, file] of model) {
        expect(files.get(name)).toEqual(file);
        for (let slash = name.indexOf('/'); slash >= 0; slash = name.indexOf('/', slash + 1)) folders.add(name.slice(0, slash));
      }
      for (const folder of ['a', 'b', 'ab', 'a.b', 'a/a', 'a/b', 'b/a', 'ab/a', 'a/b/a', 'a/f', ...folders])
        expect(files.hasBelow(folder), folder).toBe(folders.has(folder));
      expect(files.hasBelow('')).toBe(model.size > 0);
    }),
  );
});
