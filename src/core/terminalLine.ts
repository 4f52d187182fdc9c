/**
 * Words of a command as a person types them into a terminal. What comes out of a transcript (an id, a folder's name) is data:
 * a word that a shell could take for more than a word makes no line.
 */

/** A word that every shell takes as it stands, and no program for an option of its own. */
export function isPlainWord(word: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._:/@=+-]{0,255}$/.test(word);
}

/** Undefined when there is no command, or one of its words is not plain. An option as an agent's own command has it is plain. */
export function commandText(words: readonly string[]): string | undefined {
  if (words.length === 0 || !words.every((word) => isPlainWord(word) || /^--?[a-z][a-z-]*$/.test(word))) return undefined;
  return words.join(' ');
}

/** The command in that folder, as one line for the platform's usual shell (PowerShell on Windows). Undefined as above. */
export function commandLineIn(folder: string, words: readonly string[], platform: string): string | undefined {
  const command = commandText(words);
  if (command === undefined || /[\0\r\n]/.test(folder)) return undefined;
  if (platform === 'win32') return `cd '${folder.replaceAll("'", "''")}'; ${command}`;
  const quoted = /^[A-Za-z0-9._:/@=+-]+$/.test(folder) ? folder : `'${folder.replaceAll("'", `'\\''`)}'`;
  return `cd ${quoted} && ${command}`;
}
