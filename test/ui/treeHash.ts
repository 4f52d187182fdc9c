import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import path from 'node:path';

/**
 * Every file below a folder as `type mode hash`, by its path, without `.git` and what Tapedeck keeps. Two trees with the
 * same answer are the same, byte for byte, with modes and links.
 */
export function hashTree(folder: string, below = ''): Record<string, string> {
  const tree: Record<string, string> = {};
  for (const name of readdirSync(path.join(folder, below)).toSorted()) {
    if (below === '' && (name === '.git' || name === '.tapedeck')) continue;
    const relative = below === '' ? name : `${below}/${name}`;
    const absolute = path.join(folder, relative);
    const stat = lstatSync(absolute);
    if (stat.isDirectory()) Object.assign(tree, hashTree(folder, relative));
    else if (stat.isSymbolicLink()) tree[relative] = `link ${readlinkSync(absolute)}`;
    else tree[relative] = `file ${(stat.mode & 0o777).toString(8)} ${createHash('sha256').update(readFileSync(absolute)).digest('hex')}`;
  }
  return tree;
}

/** What git itself holds of a repository: HEAD, index, refs, stash, config. */
export function hashGit(folder: string): Record<string, string> {
  const git = path.join(folder, '.git');
  const tree = hashTree(git);
  const kept = Object.entries(tree).filter(
    ([name]) =>
      name === 'HEAD' ||
      name === 'index' ||
      name === 'config' ||
      name === 'packed-refs' ||
      name.startsWith('refs/') ||
      name.startsWith('logs/'),
  );
  return Object.fromEntries(kept);
}
