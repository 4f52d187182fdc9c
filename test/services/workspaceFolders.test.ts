import { posix, win32 } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { WorkspaceFolders } from '../../src/services/workspaceFolders.ts';

it('[C15] places a path in its folder however it is written', () => {
  const piece = fc.constantFrom('work', 'Work', 'a', '..', '.', '', '.git', '..x', 'a.b', '...');
  const separator = fc.constantFrom('/', '\\');
  const written = fc.array(fc.tuple(separator, piece), { maxLength: 6 }).map((parts) => parts.flat().join(''));
  for (const [platform, path, root] of [
    ['linux', posix, '/home/work'],
    ['win32', win32, 'C:\\home\\work'],
  ] as const) {
    const folders = new WorkspaceFolders([{ name: 'work', path: root }], platform);
    fc.assert(
      fc.property(fc.constantFrom(root, path.dirname(root)), written, (start, rest) => {
        const found = path.relative(root, start + rest);
        const isOutside = found === '..' || found.startsWith(`..${path.sep}`) || path.isAbsolute(found);
        const expected = isOutside ? undefined : platform === 'win32' ? found.replaceAll('\\', '/') : found;
        expect(folders.locate(start + rest)?.relative).toBe(expected);
      }),
      { numRuns: 500 },
    );
  }
});
