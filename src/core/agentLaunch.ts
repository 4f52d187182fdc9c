/**
 * How an agent is started in a terminal with a prompt. The prompt lies in a file; what is typed is one short line of our own
 * making, quoted for the shell at hand, so nothing of the prompt is ever read by a shell as a command.
 */
export interface LaunchableAgent {
  readonly id: string;
  /** The words with which it begins an interactive run; `undefined` stands for the prompt. */
  readonly words: readonly (string | undefined)[];
}

const prompt = undefined;
export const launchableAgents: readonly LaunchableAgent[] = [
  { id: 'claude', words: ['claude', prompt] },
  { id: 'codex', words: ['codex', prompt] },
  { id: 'gemini', words: ['gemini', '-i', prompt] },
  { id: 'opencode', words: ['opencode', '--prompt', prompt] },
  { id: 'copilot', words: ['copilot', '-i', prompt] },
  { id: 'qwen', words: ['qwen', '-i', prompt] },
  { id: 'pi', words: ['pi', prompt] },
  { id: 'aider', words: ['aider', '--read', prompt] },
];

/** `windows-powershell` is the one before PowerShell 7, `other` a shell that we do not know. */
export type ShellKind = 'posix' | 'fish' | 'powershell' | 'windows-powershell' | 'cmd' | 'other';

/** From what VS Code calls a terminal's shell, or from a path to its program. */
export function shellKind(name: string | undefined, isWindows: boolean): ShellKind {
  const base = (name ?? '')
    .split(/[/\\]/)
    .at(-1)!
    .toLowerCase()
    .replace(/\.exe$/, '');
  if (/^(?:ba|z|k|da|a)?sh$|^gitbash$|^wsl$/.test(base)) return 'posix';
  if (base === 'fish') return 'fish';
  if (base === 'pwsh') return 'powershell';
  if (base === 'powershell') return isWindows ? 'windows-powershell' : 'powershell';
  if (base === 'cmd') return 'cmd';
  return base === '' ? (isWindows ? 'windows-powershell' : 'posix') : 'other';
}

/**
 * The line to run; undefined where it cannot be quoted safely for that shell. `path` is that of the prompt's file, absolute. A
 * shell that hands a file's content over unharmed does so; else the agent is asked to read the file.
 */
export function launchLine(agent: LaunchableAgent, path: string, shell: ShellKind, sizeBytes: number): string | undefined {
  const words = agent.words.map((word) => (word === undefined ? undefined : quoteWord(word, shell)));
  const file = quoteWord(path, shell);
  if (file === undefined) return undefined;
  const isFile = agent.id === 'aider';
  const content = isFile || sizeBytes > largestArgument ? undefined : contentOf(file, shell);
  const given = isFile ? file : (content ?? quoteWord(`Read the file ${path} and take up the work that it describes.`, shell));
  const line = words.map((word) => word ?? given);
  return line.every((word) => word !== undefined) ? line.join(' ') : undefined;
}

/** One argument of a program holds 128 KiB at most on Linux. */
const largestArgument = 100_000;

function contentOf(file: string, shell: ShellKind): string | undefined {
  switch (shell) {
    case 'posix':
      return `"$(cat ${file})"`;
    case 'fish':
      return `(cat ${file} | string collect)`;
    case 'powershell':
    case 'windows-powershell':
    case 'cmd':
    case 'other':
      // PowerShell before 7.3 breaks quotation marks in arguments, and shims of npm go through cmd.
      return undefined;
  }
}

/** The word as one argument, whatever stands in it; undefined where the shell has no safe way. */
export function quoteWord(word: string, shell: ShellKind): string | undefined {
  // A line end would be taken for the Enter key.
  if (/[\u0000-\u001f\u007f]/.test(word)) return undefined;
  if (/^[A-Za-z0-9._/=:-]+$/.test(word)) return word;
  switch (shell) {
    case 'posix':
      return `'${word.replaceAll("'", `'\\''`)}'`;
    case 'fish':
      return `'${word.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
    case 'powershell':
    case 'windows-powershell':
      // Typographic quotation marks end a string there like the plain one; and a double one gets lost on the way to a program.
      return word.includes('"') ? undefined : `'${word.replaceAll(/['\u2018-\u201b]/g, '$&$&')}'`;
    case 'cmd':
      // What % and ! stand for cannot be held back on a line that is typed.
      return /["%!^]/.test(word) ? undefined : `"${word}"`;
    case 'other':
      return /["'$`\\!%^&|<>*?(){}[\];#~]/.test(word) ? undefined : `"${word}"`;
  }
}
