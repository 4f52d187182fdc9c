import { html, type TemplateResult } from 'lit';
import type { Author } from '../src/model/author.ts';
import { baseName } from '../src/model/workspacePath.ts';
import type { TimelineRow } from '../src/core/timelineRow.ts';

/** A picture beside a text that says the same: hidden from screen readers. Its name must be in codicons.css. */
export function icon(name: string, more = ''): TemplateResult {
  return html`<span class="codicon codicon-${name} ${more}" aria-hidden="true"></span>`;
}

export function rowIcon(row: TimelineRow): string {
  switch (row.kind) {
    case 'turn':
      return agentIcon(row.by);
    case 'files':
      return row.lane === 'user' ? 'account' : row.lane === 'unknown' ? 'question' : row.lane === 'git' ? 'git-branch' : 'edit';
    case 'file':
      return fileIcon(row.paths[0] ?? '');
    case 'actions':
    case 'action':
      return row.lane === 'user'
        ? 'account'
        : row.titleKind === 'command' || /^\d+ commands?/.test(row.title)
          ? 'terminal'
          : actionIcon(row.title);
    case 'failure':
      return 'error';
    case 'check':
      return 'pass';
    case 'reply':
      return 'comment';
    case 'plan':
      return 'checklist';
    case 'decision':
      return 'lightbulb';
    case 'blocker':
      return row.chips.some(({ tone }) => tone === 'good') ? 'pass' : 'circle-slash';
    case 'note':
      return 'note';
    case 'checkpoint':
      return 'flag';
    case 'commit':
      return 'git-commit';
    case 'git':
      return 'git-branch';
    case 'rewind':
      return 'history';
    case 'compaction':
      return 'fold';
    case 'diagnostics':
      return row.title === 'No problems' ? 'pass' : 'warning';
    case 'capture':
      return row.title.includes('paused') ? 'debug-pause' : 'record';
    case 'session':
      return 'record';
    case 'foreign':
      return 'question';
    case 'day':
      return 'history';
  }
}

const actionIcon = (title: string): string =>
  /search|^rg |grep/i.test(title) && !title.includes('read')
    ? 'search'
    : title.startsWith('Skill')
      ? 'book'
      : title.includes('tool call')
        ? 'tools'
        : 'eye';

export function agentIcon(by: Author | undefined): string {
  if (by?.actor === 'user') return 'account';
  switch (by?.name) {
    case 'claude':
      return 'sparkle';
    case 'codex':
      return 'hubot';
    default:
      return 'robot';
  }
}

function fileIcon(path: string): string {
  const name = baseName(path).toLowerCase();
  if (name.endsWith('.json') || name.endsWith('.jsonc')) return 'json';
  if (name.endsWith('.md') || name.endsWith('.mdx')) return 'markdown';
  if (/\.(png|jpe?g|gif|svg|webp|ico|mp4)$/.test(name)) return 'file-media';
  return /\.(zip|gz|bin|exe|wasm|pdf|db)$/.test(name) ? 'file-binary' : 'file-code';
}

/** The colour of who did it, as a class: agents are told apart by name. */
export function laneClass(row: TimelineRow): string {
  if (row.kind === 'failure') return 'lane-failure';
  if (row.kind === 'decision') return 'lane-decision';
  if (row.kind === 'blocker') return 'lane-blocker';
  if (row.kind === 'rewind') return 'lane-system';
  if (row.kind === 'check' || row.kind === 'commit') return 'lane-good';
  if (row.lane === 'agent') return `lane-agent-${agentColor(row.by?.name)}`;
  return `lane-${row.lane}`;
}

/** 1 to 4. */
export function agentColor(name: string | undefined): number {
  if (name === 'claude') return 1;
  if (name === 'codex') return 2;
  let sum = 0;
  for (const letter of name ?? '') sum += letter.codePointAt(0) ?? 0;
  return 3 + (sum % 2);
}
