/**
 * Paths as agents tell them: POSIX, Windows with either slash, UNC, `file://` URIs, or relative to the working folder.
 * The answer is absolute, with `/` and without `.` and `..`; it may lie anywhere, and whoever uses it maps it into a
 * folder first. What is no path is undefined. Which kind it is shows in the text itself, so a transcript from another
 * platform is read the same.
 */
export function resolveToldPath(told: unknown, cwd: string | undefined): string | undefined {
  if (typeof told !== 'string' || told === '' || told.length > maxPathLength || told.includes('\0')) return undefined;
  const path = told.startsWith('file://') ? fromFileUri(told) : told;
  if (path === undefined) return undefined;
  const root = rootOf(path);
  if (root !== undefined) return normalize(path, root);
  if (cwd === undefined || path.startsWith('~')) return undefined;
  const cwdRoot = rootOf(cwd);
  return cwdRoot === undefined ? undefined : normalize(`${cwd}/${path}`, cwdRoot);
}

const maxPathLength = 8192;

/** Where the path hangs: `/`, `C:/` or `//server/share/`; undefined for a relative one. */
function rootOf(path: string): string | undefined {
  const drive = /^([a-zA-Z]):(?:[\\/]|$)/.exec(path);
  if (drive) return `${drive[1]!}:/`;
  const share = /^\\\\([^\\/]+)[\\/]([^\\/]+)/.exec(path);
  if (share) return `//${share[1]!}/${share[2]!}/`;
  return path.startsWith('/') ? '/' : undefined;
}

function normalize(path: string, root: string): string {
  const isPosix = root === '/';
  const parts = (isPosix ? path : path.replaceAll('\\', '/')).slice(isPosix ? 0 : root.length - 1).split('/');
  const kept: string[] = [];
  for (const part of parts) {
    if (part === '' || part === '.') continue;
    if (part === '..') kept.pop();
    else kept.push(part);
  }
  return root + kept.join('/');
}

function fromFileUri(uri: string): string | undefined {
  const rest = uri.slice('file://'.length);
  const slash = rest.indexOf('/');
  if (slash < 0) return undefined;
  const host = rest.slice(0, slash);
  let path: string;
  try {
    path = decodeURIComponent(rest.slice(slash));
  } catch {
    // A stray percent sign: some writers do not encode. Taken as it stands.
    path = rest.slice(slash);
  }
  if (path.includes('\0')) return undefined;
  if (/^\/[a-zA-Z]:/.test(path)) return path.slice(1);
  return host === '' || host === 'localhost' ? path : `\\\\${host}${path}`;
}
