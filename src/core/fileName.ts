import { isInsideFolder } from '../model/workspacePath.ts';

const reservedOnWindows = /^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(\..*)?$/i;
/** Characters that HFS+ leaves out when it compares names. */
const unseenOnMac = /[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]/g;

/**
 * True when a path relative to its folder may be written on any system: it stays inside (see isInsideFolder), and no part
 * of it can be read as `.git` by a system that leaves out characters, trailing dots or streams, or stands for a device.
 */
export function isWritableName(relative: string, isWindows: boolean): boolean {
  if (!isInsideFolder(relative)) return false;
  return relative.split('/').every((part) => {
    const plain = part.replace(unseenOnMac, '').toLowerCase();
    const bare = plain.replace(/:.*$/s, '').replace(/[ .]+$/, '');
    if (bare === '.git' || bare === 'git~1') return false;
    return !isWindows || !(/[<>:"|?*\u0000-\u001f]/.test(part) || /[ .]$/.test(part) || reservedOnWindows.test(part));
  });
}
