import { programsOf } from './commandLine.ts';

/**
 * Can a command line be sure to change no file? Only where every program of it is known to read and no output goes into a
 * file; whatever is not understood may change anything. Most of what agents run in a shell is of this kind, and then
 * nobody need be held against them.
 */
export function onlyReads(line: string): boolean {
  if (line.length > maxLength || runsMore.test(line)) return false;
  const programs = programsOf(line);
  return programs.length > 0 && programs.every(({ program, words }) => reads(program, words));
}

const maxLength = 4096;
/** What runs programs inside words. */
const runsMore = /[`]|\$\(|[<>]\(|<</;

const readers: ReadonlySet<string> = new Set(
  (
    'ls cat tac head tail wc nl grep egrep fgrep ag pwd cd echo printf true false test [ sleep date uname id whoami hostname ps du df basename ' +
    'dirname realpath readlink cut tr uniq comm diff cmp stat file which type jq seq hexdump od md5sum sha1sum sha256sum cksum dir findstr ' +
    'get-childitem get-content get-item get-location select-string test-path'
  ).split(' '),
);

/** Programs that read unless one of their words says otherwise. */
const readersBut: Readonly<Record<string, (words: readonly string[]) => boolean>> = {
  rg: (words) => words.some((word) => word.startsWith('--pre')),
  fd: (words) => words.some((word) => /^(?:-[a-z]*[xX]|--exec)/.test(word)),
  find: (words) => words.some((word) => /^-(?:delete|exec|ok|fprint|fls)/.test(word)),
  sort: (words) => words.some((word) => /^(?:-[a-zA-Z]*o|--output)/.test(word)),
  tree: (words) => words.some((word) => /^-[a-zA-Z]*o/.test(word)),
  sed: (words) => !words.includes('-n') || words.some((word) => /^(?:-[a-zA-Z]*i|--in-place)/.test(word)) || words.some(writesInSed),
  git: (words) => !gitReaders.has(words[0] ?? '') || words.some((word) => word.startsWith('--output') || word === '--ext-diff'),
};
/** A script of sed that writes (`w file`, `s///w file`) or runs (`e`): only lines that are printed are plain. */
const writesInSed = (word: string): boolean => !word.startsWith('-') && /[{;]|[we]\s|\/[a-z]*[we]/.test(word) && !/^[\w./-]+$/.test(word);
const gitReaders = new Set(['status', 'log', 'diff', 'show', 'blame', 'rev-parse', 'ls-files', 'ls-tree', 'shortlog', 'describe', 'grep']);

function reads(program: string, words: readonly string[]): boolean {
  if (words.some(goesIntoFile(words))) return false;
  return readers.has(program) || readersBut[program]?.(words) === false;
}

const goesIntoFile =
  (words: readonly string[]) =>
  (word: string, index: number): boolean => {
    const redirect = /^(?:\d|&)?>>?[|&]?(.*)$/.exec(word);
    if (redirect === null) return /[^-=]>/.test(word) && !/^[^>]*\d>&\d$/.test(word);
    const target = redirect[1] === '' ? (words[index + 1] ?? '') : redirect[1]!;
    return !/^(?:\/dev\/null|&?[12-]|nul|\$null)$/i.test(target);
  };
