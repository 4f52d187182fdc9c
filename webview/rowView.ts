import { html, nothing, type TemplateResult } from 'lit';
import type { TimelineRow } from '../src/core/timelineRow.ts';
import { durationText } from '../src/core/timelineWords.ts';
import { rowEventLimit, type RowContext } from '../src/protocol/messages.ts';
import { icon, laneClass, rowIcon } from './icons.ts';
import type { RowItem } from './listItems.ts';
import type { Times } from './times.ts';

export type RowAction = 'diff' | 'rewind' | 'undoRewind' | 'copy' | 'toggle' | 'open';

/** What a row's picture depends on besides the row. */
export interface RowSetting {
  readonly times: Times;
  readonly isSelected: boolean;
  readonly isTabStop: boolean;
  readonly top: number;
  /** Of its element, which shows other rows at other times. */
  readonly slot: number;
  /** The pointer is on it, or it is chosen: what only then is seen or asked for is there. */
  readonly isHot: boolean;
  readonly isLastGreen: boolean;
  /** It is of the rewind that can be undone now. */
  readonly isUndoable: boolean;
  /** Files may be changed: the workspace is trusted. */
  readonly canRewind: boolean;
}

/** One row. Every text of the log goes in as text, isolated from the direction of what is around it. */
export function rowView(item: RowItem, setting: RowSetting): TemplateResult {
  const { row, isExpanded } = item;
  const classes = [
    'row',
    `kind-${row.kind}`,
    `level-${item.level - item.depth}`,
    `rule-${item.rule}`,
    item.depth === 0 ? '' : 'nested',
    laneClass(row),
    row.isAside ? 'aside' : '',
    row.isRunning && row.kind !== 'turn' ? 'running' : '',
    isExpanded === undefined ? '' : 'expandable',
    isExpanded === true ? 'expanded' : '',
  ];
  // The row is named by these parts, without its actions.
  const id = `row-${setting.slot}`;
  return html`<div
    class=${classes.join(' ')}
    role="treeitem"
    style=${`top:${setting.top}px;height:${item.height}px${item.depth === 0 ? '' : `;--depth:${Math.min(item.depth, 6)}`}`}
    data-key=${item.key}
    data-vscode-context=${setting.isHot ? JSON.stringify(rowContext(row)) : nothing}
    aria-labelledby=${`${id}-label ${id}-undo ${id}-time`}
    aria-level=${item.level}
    aria-setsize=${item.setSize}
    aria-posinset=${item.posInSet}
    aria-expanded=${isExpanded === undefined ? nothing : String(isExpanded)}
    aria-selected=${String(setting.isSelected)}
    tabindex=${setting.isTabStop ? 0 : -1}
  >
    <div class="line">
      <span class="bar"></span>
      <span class="twisty" data-action=${isExpanded === undefined ? nothing : 'toggle'}>
        ${icon(rowIcon(row), row.isRunning && row.kind !== 'turn' ? 'spin' : '')}
        ${isExpanded === undefined ? nothing : icon(isExpanded ? 'chevron-down' : 'chevron-right', 'chevron')}
      </span>
      <span class="label" id=${`${id}-label`} style="--needs:${needs(row, setting)}ch;--title:${titleOf(row, setting.times).length}ch"
        >${label(row, setting)}</span
      >
      ${
        setting.isUndoable
          ? html`<button
              type="button"
              class="link undo"
              id=${`${id}-undo`}
              tabindex="-1"
              data-action="undoRewind"
              title=${wayBackTitle(row)}
            >
              ${wayBack(row)}
            </button>`
          : nothing
      }
      ${setting.isHot ? html`<span class="actions">${actions(row, setting)}</span>` : nothing}
      ${item.level - item.depth === 3 || row.kind === 'file' ? nothing : html`<time class="time" id=${`${id}-time`} datetime=${row.at} title=${setting.isHot ? timeTitle(row, setting.times) : nothing}>${setting.times.clock(row.at)}${timeMore(row)}</time>`}
    </div>
  </div>`;
}

function label(row: TimelineRow, { isLastGreen, times }: RowSetting): TemplateResult {
  // The spaces are for the name that assistive technology makes of it; flex boxes show none.
  return html`${row.isAside ? html`<span class="spoken">Set aside: </span>` : nothing}${whoView(row)} ${titleView(row, titleOf(row, times))}
  ${row.failure === undefined ? nothing : html`<span class="failure">${row.failure}</span>`} ${countsView(row.added, row.removed)}
  ${row.chips.map((chip) => html`<span class="chip tone-${chip.tone} ${chip.text.length > 14 ? 'long' : ''}">${chip.text}</span> `)}
  ${row.meta === undefined || row.kind === 'turn' ? nothing : html`<span class="meta"><bdi>${row.meta}</bdi></span>`}
  ${isLastGreen ? html`<span class="chip tone-good">last green</span>` : nothing}`;
}

function wayBackTitle({ wayBack, targetAt }: TimelineRow): string {
  if (wayBack === 'Redo') return 'Redo: bring back what was undone';
  return targetAt === undefined ? 'Undo: take away again what was brought back' : 'Undo Rewind: bring back what it set aside';
}

const wayBack = (row: TimelineRow): string => row.wayBack ?? 'Undo';

const titleOf = ({ title, targetAt }: TimelineRow, times: Times): string =>
  targetAt === undefined ? title : `${title} to ${times.clock(targetAt)}`;

/** How wide, in characters, the row must be to show its counts and chips beside some of its title: then its time gives way. */
function needs(row: TimelineRow, { isLastGreen, isUndoable }: RowSetting): number {
  const fixed = [
    row.failure ?? '',
    (row.added ?? 0) > 0 ? `+${row.added}` : '',
    (row.removed ?? 0) > 0 ? `−${row.removed}` : '',
    ...row.chips.map(({ text }) => text.slice(0, 14)),
    isLastGreen ? 'last green' : '',
    isUndoable ? wayBack(row) : '',
  ].filter((part) => part !== '');
  if (fixed.length === 0) return 0;
  const title = row.titleKind === 'path' ? row.title.slice(row.title.lastIndexOf('/') + 1) : row.title;
  return fixed.reduce((sum, part) => sum + part.length + 1, (row.who?.length ?? 0) + Math.min(title.length, 18));
}

function whoView(row: TimelineRow): TemplateResult | typeof nothing {
  if (row.who === undefined) return nothing;
  return row.kind === 'turn' ? html`<span class="spoken">${row.who}: </span>` : html`<span class="who">${row.who} · </span>`;
}

function titleView(row: TimelineRow, title: string): TemplateResult {
  if (row.titleKind === 'path') return pathView(title);
  return html`<span class="title ${row.titleKind}"><bdi>${title}</bdi></span>`;
}

/** A path that is cut in its folders, not in its name. */
export function pathView(path: string): TemplateResult {
  const shown = path.startsWith('//') ? path.slice(2) : path;
  const slash = shown.lastIndexOf('/') + 1;
  // Two boxes would be read as two words, so the path is spoken whole.
  return html`<span class="title path" title=${shown}
    ><span class="spoken">${shown}</span
    >${slash === 0 ? nothing : html`<bdi class="folder" aria-hidden="true">${shown.slice(0, slash)}</bdi>`}<bdi
      class="name"
      aria-hidden="true"
      >${shown.slice(slash)}</bdi
    ></span
  >`;
}

export function countsView(added: number | undefined, removed: number | undefined): TemplateResult | typeof nothing {
  if ((added ?? 0) === 0 && (removed ?? 0) === 0) return nothing;
  return html`<span class="counts"
    >${(added ?? 0) > 0 ? html`<span class="added">+${added}</span> ` : nothing}${(removed ?? 0) > 0 ? html`<span class="removed">−${removed}</span>` : nothing}</span
  >`;
}

function actions(row: TimelineRow, { canRewind }: RowSetting): TemplateResult {
  const button = (action: RowAction, name: string, title: string): TemplateResult =>
    html`<button type="button" class="icon-button" tabindex="-1" data-action=${action} title=${title} aria-label=${title}>
      ${icon(name)}
    </button>`;
  return html`${row.hasDiff ? button('diff', row.children.length > 0 || row.kind === 'turn' ? 'diff-multiple' : 'diff', 'Open Changes') : nothing}${canRewind ? button('rewind', 'discard', rewindWords(row)) : nothing}${button('copy', 'copy', 'Copy')}`;
}

/** Of a turn the two sides are two points: its own is behind it. */
export const rewindWords = ({ kind }: TimelineRow): string => (kind === 'turn' ? 'Rewind to After This Turn…' : 'Rewind to Here…');

const timeMore = (row: TimelineRow): TemplateResult | typeof nothing =>
  row.kind === 'turn' && row.durationMs !== undefined ? html`<span class="more-time"> · ${durationText(row.durationMs)}</span>` : nothing;

const timeTitle = (row: TimelineRow, times: Times): string =>
  [row.until === row.at ? times.exact(row.at) : `${times.exact(row.at)} – ${times.exact(row.until)}`, times.ago(row.until, Date.now())]
    .filter((part) => part !== undefined)
    .join(', ');

/** The row as a sentence, for a screen reader and for copying. */
export function rowWords(
  row: TimelineRow,
  { times, isLastGreen = false }: { readonly times: Times; readonly isLastGreen?: boolean },
): string {
  const counts = [
    row.added !== undefined && row.added > 0 ? `${row.added} added` : '',
    row.removed !== undefined && row.removed > 0 ? `${row.removed} removed` : '',
  ].filter((part) => part !== '');
  return [
    `${row.kind === 'turn' ? `${row.who ?? 'Prompt'}: ` : row.who === undefined ? '' : `${row.who}: `}${titleOf(row, times)}`,
    row.failure ?? '',
    counts.join(', '),
    row.meta ?? '',
    row.chips.map(({ text }) => text).join(', '),
    isLastGreen ? 'last green' : '',
    row.isAside ? 'set aside' : '',
    times.clock(row.at),
    row.kind === 'turn' && row.durationMs !== undefined ? durationText(row.durationMs) : '',
  ]
    .filter((part) => part !== '')
    .join(', ');
}

function rowContext(row: TimelineRow): RowContext {
  const [path] = row.paths;
  const isOfOneFile = path !== undefined && (row.kind === 'file' || (row.kind === 'files' && row.children.length === 0));
  return {
    webviewSection: 'tapedeckRow',
    rowKind: row.kind,
    rowEvents: row.events.slice(-rowEventLimit),
    rowText: row.title,
    ...(isOfOneFile ? { rowPath: path } : {}),
    rowHasDiff: row.hasDiff,
    rowIsAside: row.isAside,
    preventDefaultContextMenuItems: true,
  };
}
