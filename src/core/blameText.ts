import type { Author } from '../model/author.ts';
import { authorName, oneLine } from './timelineWords.ts';

/** Who made a line, for people: `Codex`, `Codex or Claude Code?`, `Unknown (Codex?)`. */
export function originName(by: Author): string {
  const others = (by.others ?? []).map((name) => authorName({ actor: 'agent', name, how: 'none' }));
  if (by.actor === 'unknown') return others.length === 0 ? 'Unknown' : `Unknown (${others.join(' or ')}?)`;
  return others.length === 0 ? authorName(by) : `${authorName(by)} or ${others.join(' or ')}?`;
}

/** What a line is told of that no recorded change made. */
export const unrecordedText = {
  before: 'before the first recorded change',
  unseen: 'changed while nothing was recorded',
  unrecorded: 'not recorded yet',
} as const;

/** What led to it, on one line: the prompt's words, else the command; undefined when neither is known. */
export function occasionText(origin: { readonly prompt: string | undefined; readonly command: string | undefined }): string | undefined {
  if (origin.prompt !== undefined) return oneLine(origin.prompt, 120);
  return origin.command === undefined ? undefined : `$ ${oneLine(origin.command, 120)}`;
}
