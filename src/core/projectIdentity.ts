/**
 * What tells a project again where its folder has another name: a clone, a worktree, a folder that was moved, a container.
 * Two repositories are of one project when they share a remote, or the commit with which their history began.
 */
export interface ProjectIdentity {
  /** The commits without a parent, full hashes. */
  readonly rootCommits: readonly string[];
  /** As `normalRemote` gives them. */
  readonly remotes: readonly string[];
}

/** Where a run was at work, seen from the workspace. */
export type PlaceKind =
  /** In one of the workspace's folders. */
  | 'here'
  /** In a folder under which a workspace folder was known before it was moved. */
  | 'moved'
  /** Elsewhere in the same repository, or in a worktree of it. */
  | 'repository'
  /** In another clone. */
  | 'clone'
  /** In a container that holds the folder. */
  | 'container';

export function isSameProject(a: ProjectIdentity, b: ProjectIdentity): boolean {
  return a.remotes.some((remote) => b.remotes.includes(remote)) || a.rootCommits.some((commit) => b.rootCommits.includes(commit));
}

/**
 * A remote's address without what differs between people and protocols: `git@host:team/app.git`, `https://user:key@Host/team/app`
 * and `ssh://git@host:22/team/app/` are all `host/team/app`. Undefined for a path on a disk, which says nothing elsewhere.
 */
export function normalRemote(url: string): string | undefined {
  const address = url.trim();
  const full = /^(?:https?|ssh|git|git\+ssh):\/\/(?:[^/@]*@)?(\[[^\]]+\]|[^/:]+)(?::\d+)?\/(.+)$/i.exec(address);
  // scp's form; one letter before the colon is a drive.
  const short = full ?? /^(?:[^/@\s]+@)?([^/:\s]{2,}):(?!\/\/)(.+)$/.exec(address);
  if (short === null) return undefined;
  const path = short[2]!
    .replace(/[?#].*$/, '')
    .replace(/^\/+|\/+$/g, '')
    .replace(/\.git$/i, '');
  return path === '' ? undefined : `${short[1]!.toLowerCase()}/${path.toLowerCase()}`;
}

/** The remotes that a repository's `config` file names. Includes are not followed. */
export function remotesIn(config: string): readonly string[] {
  const remotes = new Set<string>();
  let isRemote = false;
  for (const line of config.split('\n')) {
    const section = /^\s*\[\s*([^\]"]*?)\s*(?:"|\])/.exec(line);
    if (section !== null) isRemote = section[1]!.toLowerCase() === 'remote';
    const url = isRemote ? /^\s*url\s*=\s*(.*?)\s*$/i.exec(line) : null;
    const remote = url === null ? undefined : normalRemote(url[1]!.replace(/^"(.*)"$/, '$1'));
    if (remote !== undefined) remotes.add(remote);
  }
  return [...remotes];
}

/** What is known of a folder that is no more. */
export interface LostFolder {
  readonly path: string;
  readonly branches: readonly string[];
  /** Below the folder, with `/`: files that were touched there. */
  readonly files: readonly string[];
}

/**
 * How much speaks for it that a folder which is no more was this one: 0 for nothing, else more than 0. Its name counts, and
 * files that were touched there and are here; no number says that it is so.
 */
export function likeness(lost: LostFolder, here: { readonly name: string; readonly has: (relative: string) => boolean }): number {
  const name = lost.path.replaceAll('\\', '/').replace(/\/+$/, '').split('/').at(-1) ?? '';
  const isNamesake = name.toLowerCase() === here.name.toLowerCase();
  const present = lost.files.filter((file) => here.has(file)).length;
  const share = lost.files.length === 0 ? 0 : present / lost.files.length;
  return (isNamesake ? 1 : 0) + share * 2;
}
