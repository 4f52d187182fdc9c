import { html, nothing, type TemplateResult } from 'lit';
import { authorName, durationText } from '../src/core/timelineWords.ts';
import type { BlockerItem, DecisionItem, NoteItem } from '../src/protocol/messages.ts';
import type { Deck } from './deck.ts';
import { icon } from './icons.ts';
import { pathView } from './rowView.ts';

/** Shows an event in the timeline. */
export type Reveal = (event: string) => void;

/** A decision with all its parts; `as` a card of the list, or the body of the detail. */
export function decisionView(deck: Deck, item: DecisionItem, reveal: Reveal, as: 'card' | 'body'): TemplateResult {
  return html` ${
    as === 'body'
      ? nothing
      : html`<h2 class="card-title">${icon('lightbulb')}<bdi>${item.what}</bdi></h2>
          <p class="card-sub">
            <span class="chip status-${item.status}">${item.status}</span>
            ${item.isStale === true ? html`<span class="chip tone-doubt">stale</span>` : nothing}
            <span class="meta">${authorName(item.by)} · ${timeView(deck, item)}</span>
          </p>`
  }
  ${item.foundBy !== undefined && item.status === 'proposed' ? html`<p class="hint">Found by rule: ${item.foundBy}. Is it one?</p>` : nothing}
  ${item.isStale === true ? staleView(deck, item) : nothing}
  ${item.isSetAside === true ? html`<p class="hint">Taken in a stretch that was rewound.</p>` : nothing} ${part('Why', item.why)}
  ${part('Instead', item.successor)}
  ${
    item.alternatives === undefined || item.alternatives.length === 0
      ? nothing
      : html`<h3>Instead of</h3>
          <ul>
            ${item.alternatives.map((text) => html`<li><bdi>${text}</bdi></li>`)}
          </ul>`
  }
  ${
    item.files === undefined || item.files.length === 0
      ? nothing
      : html`<h3>Files</h3>
          <ul class="plain">
            ${item.files.map((path) => html`<li><button type="button" class="link" @click=${() => deck.act('openFile', { path })}>${pathView(path)}</button></li>`)}
          </ul>`
  }
  ${historyView(deck, item)} ${evidenceView(deck, item.evidence, reveal)}
  ${
    as === 'body'
      ? nothing
      : html`<div class="card-actions">
          ${decisionActions(deck, item)} <button type="button" class="link" @click=${() => reveal(item.event)}>Show in Timeline</button>
        </div>`
  }`;
}

export function decisionActions(deck: Deck, item: DecisionItem): TemplateResult | typeof nothing {
  const { id } = item;
  const button = (name: string, act: () => unknown, isFirst = false): TemplateResult =>
    html`<vscode-button appearance=${isFirst ? 'primary' : 'secondary'} @click=${act}>${name}</vscode-button>`;
  const edit = button('Edit…', () => deck.act('editDecision', { id }));
  if (item.status === 'proposed')
    return html`${button('Confirm', () => deck.act('confirmDecision', { id }), true)} ${edit}
    ${button('Dismiss', () => deck.act('rejectDecision', { id }))}`;
  if (item.status !== 'confirmed') return nothing;
  return html`${item.isStale === true ? button('Still Holds', () => deck.act('confirmDecision', { id }), true) : nothing} ${edit}
  ${button('Replace…', () => deck.act('supersedeDecision', { id }))} ${button('Disprove…', () => deck.act('disproveDecision', { id }))}`;
}

function staleView(deck: Deck, { changedFiles = [] }: DecisionItem): TemplateResult {
  return html`<p class="hint">Files that it names changed after it was taken${changedFiles.length === 0 ? '.' : ':'}</p>
    ${
      changedFiles.length === 0
        ? nothing
        : html`<ul class="plain">
            ${changedFiles.slice(0, 8).map(
              (path) =>
                html`<li>
                  <button type="button" class="link" @click=${() => deck.act('openFile', { path })}>${pathView(path)}</button>
                </li>`,
            )}
          </ul>`
    }`;
}

/** What became of it: who confirmed, rejected, replaced or disproved it, and why. */
function historyView(deck: Deck, { history = [] }: DecisionItem): TemplateResult | typeof nothing {
  if (history.length === 0) return nothing;
  return html`<h3>Since</h3>
    <ul class="plain">
      ${history.map(
        (change) =>
          html`<li>
            <span class="meta">${change.status} by ${authorName(change.by)} · ${timeView(deck, change)}</span>${
              change.status === 'confirmed' || change.why === undefined || change.why === '' ? nothing : html` <bdi>${change.why}</bdi>`
            }
          </li>`,
      )}
    </ul>`;
}

export function blockerView(deck: Deck, item: BlockerItem, reveal: Reveal, as: 'card' | 'body'): TemplateResult {
  const isOpen = item.clearedAt === undefined;
  return html` ${
    as === 'body'
      ? nothing
      : html`<h2 class="card-title">${icon(isOpen ? 'circle-slash' : 'pass')}<bdi>${item.what}</bdi></h2>
          <p class="card-sub">
            <span class="chip ${isOpen ? 'status-open' : 'status-cleared'}">${isOpen ? 'open' : 'cleared'}</span>
            ${item.isInferred ? html`<span class="chip tone-doubt">inferred</span>` : nothing}
            <span class="meta">${authorName(item.by)} · ${timeView(deck, item)} · ${ageText(item)}</span>
          </p>`
  }
  ${item.isInferred ? html`<p class="hint">Nobody said so: drawn from what happened.</p>` : nothing} ${part('Cause', item.cause)}
  ${part('Cleared', clearedText(item))} ${evidenceView(deck, item.evidence, reveal)}
  ${
    as === 'body'
      ? nothing
      : html`<div class="card-actions">
          ${blockerActions(deck, item)} <button type="button" class="link" @click=${() => reveal(item.event)}>Show in Timeline</button>
        </div>`
  }`;
}

/** How long it stood in the way. */
function ageText({ at, clearedAt }: BlockerItem): string {
  const ageMs = Math.max(0, (clearedAt === undefined ? Date.now() : Date.parse(clearedAt)) - Date.parse(at));
  return clearedAt === undefined ? `open for ${durationText(ageMs)}` : `stood ${durationText(ageMs)}`;
}

function clearedText({ clearedAt, clearedWhy, clearedBy }: BlockerItem): string | undefined {
  if (clearedAt === undefined) return undefined;
  const by = clearedBy === undefined ? '' : `by ${authorName(clearedBy)}`;
  return clearedWhy === undefined || clearedWhy === '' ? by : `${clearedWhy}${by === '' ? '' : ` (${by})`}`;
}

export function blockerActions(deck: Deck, item: BlockerItem): TemplateResult | typeof nothing {
  if (item.clearedAt !== undefined) return nothing;
  return html`<vscode-button appearance="secondary" @click=${() => deck.act('clearBlocker', { id: item.id })}
    >Clear Blocker</vscode-button
  >`;
}

export function decisionsTab(deck: Deck, reveal: Reveal): TemplateResult {
  const { decisions, notes } = deck.entries;
  return html`<div class="pad">
    <div class="tab-head">
      <vscode-button appearance="secondary" @click=${() => deck.act('logDecision', {})}>Log Decision…</vscode-button>
      <vscode-button appearance="secondary" @click=${() => deck.act('addNote', {})}>Add Note…</vscode-button>
      ${
        decisions.length === 0
          ? nothing
          : html`<vscode-button appearance="secondary" @click=${() => deck.act('exportDecisions', {})}>Export…</vscode-button>`
      }
    </div>
    ${
      decisions.length === 0
        ? html`<p class="hint">
            No decisions yet. Log what was decided and why, so that the next session need not decide it again. What agents decide is
            proposed here for you to confirm.
          </p>`
        : html`<ul class="cards" aria-label="Decisions">
            ${decisions.map(
              (item) =>
                html`<li class="card ${item.status === 'proposed' || item.status === 'confirmed' ? '' : 'past'}">
                  ${decisionView(deck, item, reveal, 'card')}
                </li>`,
            )}
          </ul>`
    }
    ${notes.length === 0 ? nothing : notesView(deck, notes, reveal)}
  </div>`;
}

function notesView(deck: Deck, notes: readonly NoteItem[], reveal: Reveal): TemplateResult {
  return html`<h2 class="section-title">Notes</h2>
    <ul class="cards" aria-label="Notes">
      ${notes.map(
        (note) =>
          html`<li class="card">
            <p class="card-text"><bdi>${note.text}</bdi></p>
            <p class="card-sub">
              <span class="meta">${authorName(note.by)} · ${timeView(deck, note)}</span>
              <button type="button" class="link" @click=${() => reveal(note.event)}>Show in Timeline</button>
            </p>
          </li>`,
      )}
    </ul>`;
}

export function blockersTab(deck: Deck, reveal: Reveal): TemplateResult {
  const open = deck.entries.blockers.filter(({ clearedAt }) => clearedAt === undefined);
  const cleared = deck.entries.blockers.filter(({ clearedAt }) => clearedAt !== undefined);
  return html`<div class="pad">
    <div class="tab-head">
      <vscode-button appearance="secondary" @click=${() => deck.act('logBlocker', {})}>Log Blocker…</vscode-button>
    </div>
    ${open.length === 0 ? html`<p class="hint">Nothing is in the way.</p>` : nothing}
    <ul class="cards" aria-label="Blockers">
      ${[...open, ...cleared].map(
        (item) => html`<li class="card ${item.clearedAt === undefined ? '' : 'past'}">${blockerView(deck, item, reveal, 'card')}</li>`,
      )}
    </ul>
  </div>`;
}

function timeView(deck: Deck, item: { readonly event: string; readonly at: string }): TemplateResult {
  const at = deck.timeline.happenedAt(item.event) ?? item.at;
  return html`<time datetime=${at} title=${deck.times.exact(at)}>${deck.times.clock(at)}</time>`;
}

const part = (title: string, text: string | undefined): TemplateResult | typeof nothing =>
  text === undefined || text === ''
    ? nothing
    : html`<h3>${title}</h3>
        <p class="card-text"><bdi>${text}</bdi></p>`;

function evidenceView(deck: Deck, evidence: readonly string[] | undefined, reveal: Reveal): TemplateResult | typeof nothing {
  if (evidence === undefined || evidence.length === 0) return nothing;
  // Events of one row are one ground.
  const grounds = new Map<string, string>();
  for (const [index, event] of evidence.entries()) {
    const words = deck.wordsOf(event) ?? `Event ${index + 1}`;
    if (!grounds.has(words)) grounds.set(words, event);
  }
  return html`<h3>Rests on</h3>
    <ul class="plain">
      ${[...grounds].map(
        ([words, event]) =>
          html`<li>
            <button type="button" class="link" @click=${() => reveal(event)}>
              <bdi>${words}</bdi>
            </button>
          </li>`,
      )}
    </ul>`;
}
