import type { ClaimedEdit, Usage } from '../../model/event.ts';
import { claimText } from './claimedEdit.ts';
import { resolveToldPath } from './toldPath.ts';

/** What Aider says itself stands behind `> `; the texts are those of its source. */
export type Report =
  | { readonly kind: 'model'; readonly model: string }
  | { readonly kind: 'version'; readonly version: string }
  | { readonly kind: 'applied'; readonly path: string; readonly isNew: boolean }
  | { readonly kind: 'added'; readonly path: string }
  | { readonly kind: 'ran'; readonly command: string }
  | { readonly kind: 'usage'; readonly usage: Usage; readonly costUsd: number | undefined }
  | { readonly kind: 'failed'; readonly what: string; readonly retry: boolean }
  | { readonly kind: 'interrupted' }
  | { readonly kind: 'other' };

export const isChatStart = (line: string): boolean => /^# aider chat started at \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\s*$/.test(line);

/** A line that only Aider writes. */
export function isReport(line: string): boolean {
  const report = line.startsWith('> ') ? readReport(line.slice(2).trim()) : undefined;
  return report !== undefined && report.kind !== 'other' && report.kind !== 'ran' && report.kind !== 'failed';
}

/** @param text behind `> `, without spaces at the end. */
export function readReport(text: string): Report {
  const model = /^(?:Main )?[Mm]odels?: (\S+)(?: with .+)?$/.exec(text)?.[1];
  if (model !== undefined) return { kind: 'model', model };
  const version = /^Aider v(\S+)$/i.exec(text)?.[1];
  if (version !== undefined) return { kind: 'version', version };
  const applied = /^Applied edit to (.+)$/.exec(text)?.[1];
  if (applied !== undefined) return { kind: 'applied', path: applied, isNew: false };
  const created = /^Creating empty file (.+)$/.exec(text)?.[1];
  if (created !== undefined) return { kind: 'applied', path: created, isNew: true };
  const added = /^Added (?!\d+ lines? )(.+) to the chat\.?$/.exec(text)?.[1];
  if (added !== undefined) return { kind: 'added', path: added };
  const ran = /^Running:? (.+)$/.exec(text)?.[1];
  if (ran !== undefined) return { kind: 'ran', command: ran };
  if (text.startsWith('^C') || text === 'KeyboardInterrupt') return { kind: 'interrupted' };
  const usage = usageOf(text);
  if (usage !== undefined) return usage;
  if (/^(?:litellm\.\S*(?:Error|Exception)|Retrying in )/.test(text))
    return { kind: 'failed', what: text, retry: text.startsWith('Retrying') };
  return { kind: 'other' };
}

/** `Tokens: 3.2k sent, 1.1k cache write, 210 received. Cost: $0.02 message, $0.10 session.`; rounded as it says them. */
function usageOf(text: string): Report | undefined {
  const told = /^Tokens: (.+? received)(?:, cache costs not included)?\.?(?: Cost: \$([\d.]+) (?:message|request|send)\b.*)?$/.exec(text);
  if (told === null) return undefined;
  const count = (what: string): number | undefined => {
    const match = new RegExp(`([\\d.,]+)(k|M)? ${what}`).exec(told[1]!);
    if (match === null) return undefined;
    const scale = match[2] === 'k' ? 1e3 : match[2] === 'M' ? 1e6 : 1;
    const number = Number(match[1]!.replaceAll(',', '')) * scale;
    return Number.isFinite(number) ? Math.round(number) : undefined;
  };
  const sent = count('sent') ?? 0;
  const hit = count('cache hit') ?? count('cached');
  const written = count('cache write');
  const cost = Number(told[2]);
  return {
    kind: 'usage',
    usage: {
      'gen_ai.usage.input_tokens': Math.max(0, sent - (hit ?? 0) - (written ?? 0)),
      'gen_ai.usage.output_tokens': count('received') ?? 0,
      ...(hit === undefined ? {} : { 'gen_ai.usage.cache_read.input_tokens': hit }),
      ...(written === undefined ? {} : { 'gen_ai.usage.cache_creation.input_tokens': written }),
    },
    costUsd: Number.isFinite(cost) && cost > 0 ? cost : undefined,
  };
}

/** The edits in an answer: a path on a line of its own, then `<<<<<<< SEARCH`, old lines, `=======`, new lines, `>>>>>>> REPLACE`. */
export function editsInAnswer(answer: string, cwd: string | undefined): ReadonlyMap<string, readonly ClaimedEdit[]> {
  const edits = new Map<string, ClaimedEdit[]>();
  let name: string | undefined;
  let part: 'none' | 'old' | 'new' = 'none';
  let oldLines: string[] = [];
  let newLines: string[] = [];
  for (const line of answer.split('\n')) {
    if (/^<{5,9} SEARCH\s*$/.test(line)) [part, oldLines, newLines] = ['old', [], []];
    else if (part === 'old' && /^={5,9}\s*$/.test(line)) part = 'new';
    else if (part === 'new' && /^>{5,9} REPLACE\s*$/.test(line)) {
      part = 'none';
      const path = resolveToldPath(name, cwd);
      if (path !== undefined) edits.set(path, [...(edits.get(path) ?? []), editOf(path, oldLines, newLines)]);
    } else if (part === 'old') oldLines.push(line);
    else if (part === 'new') newLines.push(line);
    else if (!/^`{3,}/.test(line) && line.trim() !== '')
      name = line
        .trim()
        .replace(/^[`*#]+|[`*:]+$/g, '')
        .trim();
  }
  return edits;
}

function editOf(path: string, oldLines: readonly string[], newLines: readonly string[]): ClaimedEdit {
  const text = (lines: readonly string[]): string => (lines.length === 0 ? '' : `${lines.join('\n')}\n`);
  const oldText = claimText(text(oldLines));
  const newText = claimText(text(newLines));
  if (oldText === undefined || newText === undefined) return { path, op: 'update' };
  return oldText === '' ? { path, op: 'update', newText } : { path, op: 'update', oldText, newText };
}
