import { asList, asRecord, asText } from './jsonValue.ts';

/** What a `user` record of Claude Code's transcript holds, by its text. */
export type UserText =
  | { readonly kind: 'prompt'; readonly text: string; readonly origin: string | undefined }
  /** A slash command: `/name` and what followed it. */
  | { readonly kind: 'slash'; readonly text: string; readonly isLocal: boolean }
  /** A `!` line that the person ran, and what it printed. */
  | { readonly kind: 'bang'; readonly command: string }
  | { readonly kind: 'bangOutput'; readonly output: string }
  | { readonly kind: 'interrupted' }
  /** A command in the background came to its end. */
  | {
      readonly kind: 'notification';
      readonly call: string | undefined;
      readonly status: string | undefined;
      readonly exitCode: number | null;
    }
  /** A message from another session. */
  | { readonly kind: 'message'; readonly text: string }
  /** Put in by the program. */
  | { readonly kind: 'injected' };

const planIntro = 'Implement the following plan:';
const injections = [
  '<agent-notification>',
  '<local-command-',
  '<user-memory-input>',
  'Caveat: The messages below',
  'This session is being continued from a previous conversation',
  'Base directory for this skill',
];
const messages = ['<teammate-message', '<cross-session-message'];
/** Slash commands that the program answers itself, without a turn of the model. */
const localCommands = new Set(
  (
    'add-dir agents bashes bug clear color compact config context copy cost doctor effort exit export fast feedback help hooks ide ' +
    'install-github-app keybindings login logout mcp memory migrate-installer mobile model output-style permissions plan plugin ' +
    'privacy-settings quit release-notes reload-plugins rename resume rewind sandbox stats status statusline tag tasks terminal-setup ' +
    'theme todos upgrade usage vim'
  ).split(' '),
);

/** Tells what a user text is. `text` is that of all text parts, joined by line ends. */
export function readUserText(text: string): UserText {
  const plain = ['system-reminder', 'ide_opened_file', 'ide_selection'].reduce(withoutTag, text).trim();
  if (plain === '') return { kind: 'injected' };
  if (plain.startsWith('[Request interrupted by user')) return { kind: 'interrupted' };
  if (plain.startsWith('<command-name>') || plain.startsWith('<command-message>')) {
    const name = (tagText(plain, 'command-name') ?? tagText(plain, 'command-message') ?? '').trim().replace(/^\//, '');
    const words = (tagText(plain, 'command-args') ?? '').trim();
    return { kind: 'slash', text: words === '' ? `/${name}` : `/${name} ${words}`, isLocal: localCommands.has(name) };
  }
  if (plain.startsWith('<bash-input>')) return { kind: 'bang', command: (tagText(plain, 'bash-input') ?? '').trim() };
  if (plain.startsWith('<bash-stdout>') || plain.startsWith('<bash-stderr>'))
    return { kind: 'bangOutput', output: [tagText(plain, 'bash-stdout'), tagText(plain, 'bash-stderr')].filter(Boolean).join('\n') };
  if (plain.startsWith('<task-notification>')) {
    const exit = /\(exit code (-?\d+)\)/.exec(tagText(plain, 'summary') ?? '') ?? /exit code (-?\d+)/.exec(tagText(plain, 'summary') ?? '');
    return {
      kind: 'notification',
      call: tagText(plain, 'tool-use-id')?.trim(),
      status: tagText(plain, 'status')?.trim(),
      exitCode: exit === null ? null : Number(exit[1]),
    };
  }
  if (injections.some((start) => plain.startsWith(start))) return { kind: 'injected' };
  if (messages.some((start) => plain.startsWith(start))) return { kind: 'message', text: plain };
  return { kind: 'prompt', text: plain, origin: plain.startsWith(planIntro) ? 'plan_accept' : undefined };
}

/** The text parts of a message's content and the number of its images. */
export function contentText(content: unknown): { readonly text: string; readonly images: number; readonly hasResult: boolean } {
  if (typeof content === 'string') return { text: content, images: 0, hasResult: false };
  const texts: string[] = [];
  let images = 0;
  let hasResult = false;
  for (const value of asList(content)) {
    const part = asRecord(value);
    const type = part?.['type'];
    if (type === 'text') texts.push(asText(part?.['text']) ?? '');
    else if (type === 'image') images += 1;
    else if (type === 'tool_result') hasResult = true;
  }
  return { text: texts.join('\n'), images, hasResult };
}

/** The text without its `<tag>…</tag>` parts. Searching by index, since the text is whatever somebody wrote. */
function withoutTag(text: string, tag: string): string {
  const open = `<${tag}>`;
  const close = `</${tag}>`;
  let result = '';
  let from = 0;
  for (;;) {
    const start = text.indexOf(open, from);
    const end = start < 0 ? -1 : text.indexOf(close, start);
    if (end < 0) return result + text.slice(from);
    result += text.slice(from, start);
    from = end + close.length;
  }
}

function tagText(text: string, tag: string): string | undefined {
  const start = text.indexOf(`<${tag}>`);
  if (start < 0) return undefined;
  const from = start + tag.length + 2;
  const end = text.indexOf(`</${tag}>`, from);
  return text.slice(from, end < 0 ? undefined : end);
}
