import { expect, it } from 'vitest';
import { wideFolder } from '../../src/store/wideFolder.ts';

it('[R36] refuses home, desktop and root folders, by the names of every system', () => {
  const linux = (folder: string): unknown => wideFolder(folder, '/home/ann', 'linux');
  expect(['/', '/home', '/home/ann', '/home/ann/', '/home/ann/x/..'].map(linux)).toEqual(['root', 'above-home', 'home', 'home', 'home']);
  expect(['/home/ann/Desktop', '/home/ann/Documents', '/home/ann/Downloads/'].map(linux)).toEqual([
    'collection',
    'collection',
    'collection',
  ]);
  expect(['/home/ann/work', '/home/ann/Desktop/app', '/home/anne', '/srv', '/home/ann/.config', '/HOME/ANN'].map(linux)).toEqual(
    Array.from({ length: 6 }),
  );
  const mac = (folder: string): unknown => wideFolder(folder, '/Users/Ren\u00e9', 'darwin');
  expect(['/', '/users', '/Users/Rene\u0301', '/users/REN\u00c9/desktop'].map(mac)).toEqual(['root', 'above-home', 'home', 'collection']);
  expect(['/Users/Ren\u00e9/src', '/Volumes/data/app'].map(mac)).toEqual([undefined, undefined]);
  const windows = (folder: string): unknown => wideFolder(folder, 'C:\\Users\\Ann', 'win32');
  expect(
    ['c:\\', 'C:/', 'D:\\', '\\\\server\\share\\', '\\\\?\\C:\\', 'c:\\users', 'C:/users/ann/', 'c:\\Users\\ANN\\desktop'].map(windows),
  ).toEqual(['root', 'root', 'root', 'root', 'root', 'above-home', 'home', 'collection']);
  expect(
    ['C:\\Users\\Ann\\OneDrive\\Desktop', 'C:\\Users\\Ann\\OneDrive - Firm\\Documents', 'C:\\Users\\Ann\\OneDrive'].map(windows),
  ).toEqual(['collection', 'collection', 'collection']);
  expect(['C:\\src', 'D:\\work\\app', 'C:\\Users\\Ann\\OneDrive\\app', '\\\\server\\share\\app'].map(windows)).toEqual(
    Array.from({ length: 4 }),
  );
  expect(wideFolder('/home/ann', '', 'linux')).toBeUndefined();
});
