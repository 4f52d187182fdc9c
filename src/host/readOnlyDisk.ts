import { diskFileSystem, type DiskFileSystem } from '../store/diskFileSystem.ts';

const refuse = (): Promise<never> => Promise.reject(Object.assign(new Error('Nothing is written in Restricted Mode.'), { code: 'EROFS' }));

/** The disk without anything that could change it: what is used in a folder that is not trusted. */
export const readOnlyDisk: DiskFileSystem = {
  lstat: diskFileSystem.lstat,
  readdir: diskFileSystem.readdir,
  readlink: diskFileSystem.readlink,
  realpath: diskFileSystem.realpath,
  open: (path, flags) => (flags === 'r' ? diskFileSystem.open(path, 'r') : refuse()),
  rename: refuse,
  unlink: refuse,
  mkdir: refuse,
  rmdir: refuse,
  symlink: refuse,
  chmod: refuse,
  utimes: refuse,
};
