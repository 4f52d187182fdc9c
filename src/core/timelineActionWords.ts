import type { TimelineRow } from './timelineRow.ts';
import { isEditing, type Action } from './timelineCalls.ts';
import { counted, durationText, oneLine } from './timelineWords.ts';

/** An action in words: what it was, how it ended, how long it took; and many of them as counts. */

export function actionTitle(action: Action): { readonly title: string; readonly titleKind: TimelineRow['titleKind'] } {
  if (action.command !== undefined) return { title: oneLine(action.command), titleKind: 'command' };
  const path = action.paths[0] ?? action.edits[0]?.path;
  const more = action.paths.length > 1 ? ` and ${counted(action.paths.length - 1, 'more file')}` : '';
  if (action.name === 'skill') return { title: `Skill ${oneLine(action.title ?? '')}`, titleKind: 'words' };
  if (path !== undefined && action.tool === 'read') return { title: `Read ${path}${more}`, titleKind: 'words' };
  if (path !== undefined && isEditing(action)) return { title: `Edit ${path}${more}`, titleKind: 'words' };
  const title = oneLine(action.title ?? '');
  if (action.tool === 'search')
    return { title: title === '' ? 'Search' : /^search|^grep|^glob/i.test(title) ? title : `Search ${title}`, titleKind: 'words' };
  return { title: title === '' ? oneLine(action.name ?? 'A tool call') : title, titleKind: 'words' };
}

export function actionCounts(actions: readonly Action[]): string {
  const commands = actions.filter(({ tool }) => tool === 'execute').length;
  const searches = actions.filter(({ tool }) => tool === 'search').length;
  const fetches = actions.filter(({ tool }) => tool === 'fetch').length;
  const readers = actions.filter(({ tool }) => tool === 'read');
  const reads = new Set(readers.flatMap(({ paths }) => paths)).size + readers.filter(({ paths }) => paths.length === 0).length;
  const others = actions.length - commands - searches - fetches - readers.length;
  const parts: string[] = [];
  if (commands > 0) parts.push(counted(commands, 'command'));
  if (reads > 0) parts.push(`${counted(reads, 'file')} read`);
  if (searches > 0) parts.push(counted(searches, 'search', 'searches'));
  if (fetches > 0) parts.push(counted(fetches, 'page', 'pages') + ' fetched');
  if (others > 0) parts.push(commands + reads + searches + fetches > 0 ? counted(others, 'other call') : counted(others, 'tool call'));
  return parts.join(', ');
}

export function outcomeText(action: Action): string | undefined {
  switch (action.outcome) {
    case 'interrupted':
      return 'interrupted';
    case 'closed':
      return 'terminal closed';
    case 'background':
      return 'in the background';
    case 'declined':
    case 'denied':
      return 'declined';
    case 'blocked':
      return 'blocked';
    default:
      return undefined;
  }
}

export const timeText = ({ durationMs, tool }: Action): string | undefined =>
  durationMs === undefined || (tool !== 'execute' && durationMs < 1000) ? undefined : durationText(durationMs);

export function textsOf(action: Action): string[] {
  const texts: string[] = [];
  for (const event of action.events) {
    if (event.kind === 'tool.called') texts.push(event.name, event.input?.head ?? '', event.command ?? '');
    else if (event.kind === 'tool.returned' || event.kind === 'command.ended')
      texts.push(event.output?.head ?? '', event.output?.tail ?? '');
    else if (event.kind === 'command.started') texts.push(event.command);
  }
  return texts.filter((text) => text !== '');
}
