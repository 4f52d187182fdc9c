import { posix, win32 } from 'node:path';

/**
 * Why a folder is too wide to be recorded as one workspace; undefined: it is not. A home, a desktop, a whole drive hold
 * everything that somebody has: to walk and to copy that is no recording of a project, and nobody would want it rewound.
 */
export type WideFolder = 'root' | 'home' | 'above-home' | 'collection';

export function wideFolder(folder: string, home: string, platform: NodeJS.Platform = process.platform): WideFolder | undefined {
  const path = platform === 'win32' ? win32 : posix;
  const plain = (name: string): string => {
    const whole = path.resolve(name);
    const bare = whole === path.parse(whole).root ? whole : whole.replace(/[\\/]+$/, '');
    return platform === 'win32' || platform === 'darwin' ? bare.normalize('NFC').toLowerCase() : bare;
  };
  const at = plain(folder);
  // A drive's and a share's root too, and `\\?\C:\`.
  if (path.dirname(at) === at || /^\\\\\?\\[a-z]:\\?$/.test(at)) return 'root';
  if (home === '') return undefined;
  const own = plain(home);
  if (at === own) return 'home';
  if (own.startsWith(at.endsWith(path.sep) ? at : at + path.sep)) return 'above-home';
  const within = path.relative(own, at).split(path.sep);
  // Windows keeps them in OneDrive's folder where it backs them up: `OneDrive`, `OneDrive - Company`.
  const [first = '', second] = /^onedrive(?: - .+)?$/i.test(within[0] ?? '') ? [within[1], within[2]] : within;
  return second === undefined && collections.has(first.toLowerCase()) ? 'collection' : undefined;
}

const collections = new Set(['desktop', 'documents', 'downloads', '']);

export function describeWideFolder(folder: string, why: WideFolder): string {
  const what = {
    root: 'a whole drive',
    home: 'your home folder',
    'above-home': 'a folder that holds your home folder',
    collection: 'a folder of everything, no project',
  }[why];
  return `${folder} is ${what}: it is not recorded. Open the folder of a project in it.`;
}
