import type { Author } from '../model/author.ts';

/** The words of the timeline: names, counts, durations. */

const agentNames: Readonly<Record<string, string>> = {
  claude: 'Claude Code',
  codex: 'Codex',
  opencode: 'OpenCode',
  gemini: 'Gemini CLI',
  copilot: 'Copilot',
  cursor: 'Cursor',
  aider: 'Aider',
  qwen: 'Qwen Code',
  kimi: 'Kimi Code',
  cline: 'Cline',
  roo: 'Roo Code',
  kilo: 'Kilo Code',
  'vscode-chat': 'VS Code Chat',
  openclaw: 'OpenClaw',
  gastown: 'Gas Town',
  beads: 'Beads',
  amp: 'Amp',
  tapedeck: 'Tapedeck',
};

/** The name that people know an agent or tool by. */
export function displayName(name: string): string {
  return agentNames[name] ?? name;
}

export function authorName(by: Author): string {
  switch (by.actor) {
    case 'user':
      return 'You';
    case 'agent':
      return by.name === undefined ? 'An agent' : displayName(by.name);
    case 'tool':
      return by.name === undefined ? 'A tool' : displayName(by.name);
    case 'git':
      return 'Git';
    case 'system':
      return 'Tapedeck';
    case 'unknown':
      return 'Unknown';
  }
}

/** How we know who it was, as a sentence without its end. */
export function knowledgeText(by: Author): string {
  switch (by.how) {
    case 'transcript':
      return 'its own record tells of it';
    case 'hook':
      return 'it told us as it happened';
    case 'terminal':
      return 'the command in the terminal did it';
    case 'editor':
      return 'saved from the editor';
    case 'git':
      return 'the content is that of a commit';
    case 'overlap':
      return 'it was at work at that time; nothing stronger';
    case 'stated':
      return 'said so itself';
    case 'claimed':
      return 'its own record says so; nothing else confirms it';
    case 'guess':
      return 'a guess';
    case 'none':
      return 'nothing tells';
  }
}

export function counted(count: number, one: string, many = `${one}s`): string {
  // To write a number in a language's own way costs more than the rest of a row; small ones are alike in all.
  return `${count < 1000 ? count : count.toLocaleString('en-US')} ${count === 1 ? one : many}`;
}

/** `340 ms`, `8 s`, `4 min`, `2 h 15 min`. */
export function durationText(durationMs: number): string {
  if (durationMs < 950) return `${Math.max(1, Math.round(durationMs))} ms`;
  const seconds = Math.round(durationMs / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const rest = minutes % 60;
  return rest === 0 ? `${Math.floor(minutes / 60)} h` : `${Math.floor(minutes / 60)} h ${rest} min`;
}

/** The text on one line, at most `limit` characters: lines, tabs and control characters become single spaces. */
export function oneLine(text: string, limit = 240): string {
  // Cut first: a prompt may hold megabytes.
  const line = text
    .slice(0, limit * 4)
    .replace(/[\s\u0000-\u001f\u007f-\u009f]+/g, ' ')
    .trim();
  return line.length > limit ? `${line.slice(0, limit - 1)}…` : line;
}
