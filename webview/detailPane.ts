import { html, nothing, type TemplateResult } from 'lit';
import type { TimelineRow, TokenCounts } from '../src/core/timelineRow.ts';
import { authorName, durationText, knowledgeText } from '../src/core/timelineWords.ts';
import type { Author } from '../src/model/author.ts';
import type { LoggedEvent } from '../src/model/event.ts';
import { eventId } from '../src/model/ids.ts';
import type { BlockerItem, DecisionItem, EventsDetail } from '../src/protocol/messages.ts';
import type { Deck } from './deck.ts';
import { diffView } from './diffView.ts';
import { blockerActions, blockerView, decisionActions, decisionView, type Reveal } from './entryView.ts';
import { icon, laneClass, rowIcon } from './icons.ts';
import { markdownView } from './markdownView.ts';
import { outputView } from './outputView.ts';
import { excerptText } from './plainText.ts';
import type { RowRequest } from './rowActions.ts';
import { countsView, rewindWords } from './rowView.ts';

export interface DetailActions {
  readonly close: () => void;
  readonly reveal: Reveal;
  readonly act: (request: RowRequest) => void;
}

/** Between the parts of a line; where the line breaks, it stays at the end, and begins none. */
const dot = '\u00a0· ';

/** Everything about the chosen row. `value` is undefined while it is being fetched. */
export function detailPane(
  deck: Deck,
  row: TimelineRow,
  { value: detail, isLoading }: { readonly value: EventsDetail | undefined; readonly isLoading: boolean },
  actions: DetailActions,
): TemplateResult {
  const path = row.kind === 'file' || (row.kind === 'files' && row.children.length === 0) ? row.paths[0] : undefined;
  return html`<div class="detail-head ${laneClass(row)}">
      ${icon(rowIcon(row), 'detail-icon')}
      <h2 class="detail-title ${row.titleKind}"><bdi>${row.title}</bdi></h2>
      <button type="button" class="icon-button" title="Close" aria-label="Close details" @click=${actions.close}>${icon('close')}</button>
    </div>
    <p class="detail-sub">
      ${row.failure === undefined ? nothing : html`<span class="failure">${row.failure}</span>`} ${countsView(row.added, row.removed)}
      ${row.chips.map((chip) => html`<span class="chip tone-${chip.tone}">${chip.text}</span>`)}
      ${row.isAside ? html`<span class="chip">set aside</span>` : nothing}
      <span class="meta"
        >${row.by === undefined || row.by.actor === 'system' ? nothing : `${authorName(row.by)} · `}<time datetime=${row.at}
          >${deck.times.exact(row.at)}</time
        >${row.durationMs === undefined ? nothing : `${dot}${durationText(row.durationMs)}`}${row.tokens === undefined ? nothing : html`${dot}<span title="As the agent told">${tokenText(row.tokens)}</span>`}</span
      >
    </p>
    <div class="detail-actions">
      ${row.kind === 'decision' || row.kind === 'blocker' ? entryActions(deck, row) : nothing}
      ${row.hasDiff ? html`<vscode-button appearance="secondary" @click=${() => actions.act('diff')}>Open Changes</vscode-button>` : nothing}
      ${deck.canChange && row.kind === 'rewind' && row.entry !== undefined && row.entry === deck.header?.undoableRewind ? html`<vscode-button appearance="secondary" @click=${() => actions.act('undoRewind')}>${row.targetAt === undefined ? (row.wayBack ?? 'Undo') : 'Undo Rewind'}</vscode-button>` : nothing}
      ${deck.canChange && row.kind === 'turn' ? html`<vscode-button appearance="secondary" @click=${() => actions.act('rewindBefore')}>Rewind to Before This Turn…</vscode-button>` : nothing}
      ${deck.canChange ? html`<vscode-button appearance="secondary" @click=${() => actions.act('rewind')}>${rewindWords(row)}</vscode-button>` : nothing}
      ${!deck.canChange || path === undefined ? nothing : html`<vscode-button appearance="secondary" @click=${() => actions.act('rewindFile')}>Rewind File…</vscode-button>`}
      ${deck.canChange && row.isAside ? html`<button type="button" class="link" @click=${() => actions.act('returnToFuture')}>Return to This Future…</button>` : nothing}
      ${deck.canChange && row.isAside && row.hasDiff ? html`<button type="button" class="link" @click=${() => actions.act('bringBack')}>Bring This Change Back…</button>` : nothing}
      <button type="button" class="link" @click=${() => actions.act('filesAt')}>Files at This Point</button>
      ${deck.canChange && row.entry === undefined ? html`<button type="button" class="link" @click=${() => actions.act('decide')}>Log Decision…</button>` : nothing}
    </div>
    ${entryPart(deck, row, actions.reveal)}
    ${
      detail === undefined
        ? isLoading
          ? html`<p class="hint"><vscode-progress-ring aria-label="Loading details"></vscode-progress-ring></p>`
          : nothing
        : html`${detail.events.map((event) => eventPart(event, row))}
          ${detail.diffs.map((diff) => diffView(diff, () => deck.act('openDiff', { events: row.events.slice(-64), path: diff.path })))}`
    }
    ${row.by === undefined || row.kind === 'turn' ? nothing : knowledgePart(row.by, row.hasDiff)} `;
}

/** `12k tokens in, 88k from its cache, 2.1k out`. */
function tokenText({ input, output, cached }: TokenCounts): string {
  const short = (count: number): string =>
    count < 1000 ? String(count) : count < 10_000 ? `${(count / 1000).toFixed(1)}k` : `${Math.round(count / 1000)}k`;
  return [`${short(input)} tokens in`, ...(cached === 0 ? [] : [`${short(cached)} from the cache`]), `${short(output)} out`].join(', ');
}

function entryPart(deck: Deck, row: TimelineRow, reveal: Reveal): TemplateResult | typeof nothing {
  if (!deck.canChange) return nothing;
  const decision = decisionOf(deck, row);
  if (decision !== undefined) {
    // In a row of something else it is what a rule found there.
    const words =
      row.kind === 'decision'
        ? nothing
        : html`<h3>Proposed decision</h3>
            <p class="card-text"><bdi>${decision.what}</bdi></p>`;
    // Its buttons stand with it: beside those of the row they would be taken to confirm the row.
    const judging = row.kind === 'decision' ? nothing : html`<div class="card-actions">${entryActions(deck, row)}</div>`;
    return html`<div class="entry">${words}${decisionView(deck, decision, reveal, 'body')}${judging}</div>`;
  }
  const blocker = blockerOf(deck, row);
  return blocker === undefined ? nothing : html`<div class="entry">${blockerView(deck, blocker, reveal, 'body')}</div>`;
}

function entryActions(deck: Deck, row: TimelineRow): TemplateResult | typeof nothing {
  const decision = decisionOf(deck, row);
  if (decision !== undefined) return decisionActions(deck, decision);
  const blocker = blockerOf(deck, row);
  return blocker === undefined ? nothing : blockerActions(deck, blocker);
}

const decisionOf = (deck: Deck, row: TimelineRow): DecisionItem | undefined =>
  row.kind === 'decision'
    ? deck.entries.decisions.find(({ id }) => id === row.entry)
    : deck.entries.decisions.find(
        ({ foundBy, status, event }) => foundBy !== undefined && status === 'proposed' && row.events.includes(event),
      );
const blockerOf = (deck: Deck, row: TimelineRow): BlockerItem | undefined =>
  row.kind === 'blocker' ? deck.entries.blockers.find(({ id }) => id === row.entry) : undefined;

function knowledgePart(by: Author, isOfFile: boolean): TemplateResult {
  return html`<section class="part">
    <h3>How we know</h3>
    <p>
      ${authorName(by)}:
      ${knowledgeText(by)}${isOfFile && by.how === 'transcript' ? ', and the content on disk matches' : ''}.${
        by.others === undefined || by.others.length === 0
          ? nothing
          : html` At work at the same time: ${by.others.map((name) => authorName({ actor: 'agent', name, how: 'none' })).join(', ')}.`
      }
    </p>
  </section>`;
}

function eventPart(event: LoggedEvent, row: TimelineRow): TemplateResult | typeof nothing {
  switch (event.kind) {
    case 'prompt.submitted':
      return textPart(event.provenance === 'user' ? 'Prompt' : 'Told to the agent', excerptText(event.text));
    case 'reply.given':
      return markdownPart('Reply', excerptText(event.text));
    case 'command.ended': {
      const output = event.output === undefined ? '' : excerptText(event.output).trimEnd();
      const place = [event.cwd, event.terminal].filter((part) => part !== undefined).join(' · ');
      if (row.kind === 'turn') return nothing;
      return html`<section class="part">
        <h3>
          ${row.children.length > 0 ? html`<code>${event.command}</code>` : 'Output'}${event.exitCode === null ? nothing : html` <span class="chip ${event.exitCode === 0 ? '' : 'tone-bad'}">exit ${event.exitCode}</span>`}
        </h3>
        ${row.children.length === 0 && event.command !== row.title ? html`<pre class="text mono">${event.command}</pre>` : nothing}
        ${place === '' ? nothing : html`<p class="hint">in <bdi>${place}</bdi></p>`}
        ${output === '' ? html`<p class="hint">No output was kept.</p>` : outputView(output)}
      </section>`;
    }
    case 'tool.called':
      if (event.input === undefined || row.kind === 'turn' || event.command !== undefined) return nothing;
      return textPart(event.name, excerptText(event.input), true);
    case 'tool.returned':
      if (event.output === undefined || row.kind === 'turn') return nothing;
      return html`<section class="part">
        <h3>Answer</h3>
        ${outputView(excerptText(event.output).trimEnd())}
      </section>`;
    case 'plan.changed':
      return html`<section class="part">
        <h3>Plan</h3>
        <ul class="plan">
          ${event.entries.map(
            (entry) =>
              html`<li class="plan-${entry.status}">
                ${icon(entry.status === 'completed' ? 'pass' : entry.status === 'in_progress' ? 'play' : 'circle-outline')}<span
                  class="spoken"
                  >${entry.status.replace('_', ' ')}: </span
                ><bdi>${entry.content}</bdi>
              </li>`,
          )}
        </ul>
      </section>`;
    case 'progress.noted':
      return textPart('Note', event.text);
    case 'git.committed':
      return textPart(
        `Commit ${event.commit.slice(0, 10)}${event.branch === undefined ? '' : ` on ${event.branch}`}`,
        [event.subject, event.body ?? ''].join('\n\n').trim(),
      );
    case 'run.compacted':
      return event.summary === undefined ? nothing : markdownPart('Summary', excerptText(event.summary));
    case 'rewind.applied':
    case 'rewind.undone':
      return html`<section class="part">
        <h3>Report</h3>
        <p>${event.written} written, ${event.deleted} deleted, ${event.skipped.length} skipped.</p>
        ${
          event.skipped.length === 0
            ? nothing
            : html`<ul>
                ${event.skipped.map(({ path, reason }) => html`<li><bdi>${path}</bdi> <span class="meta">${reason}</span></li>`)}
              </ul>`
        }
      </section>`;
    case 'file.skipped':
      if (event.after !== undefined)
        return html`<p class="hint">
          <bdi>${event.path}</bdi> is recorded from now on. It may have been there before, left out by an ignore rule: a rewind to before
          this leaves it alone.
        </p>`;
      return html`<p class="hint">
        The content of <bdi>${event.path}</bdi> was not kept: ${event.reason}${event.detail === undefined ? '' : ` (${event.detail})`}.
      </p>`;
    case 'foreign':
      return textPart(`Event ${eventId(event)}`, JSON.stringify(event.raw, undefined, 2).slice(0, 20_000), true);
    default:
      return nothing;
  }
}

function markdownPart(title: string, text: string): TemplateResult | typeof nothing {
  if (text === '') return nothing;
  return html`<section class="part">
    <h3>${title}</h3>
    ${markdownView(text)}
  </section>`;
}

function textPart(title: string, text: string, isMono = false): TemplateResult | typeof nothing {
  if (text === '') return nothing;
  return html`<section class="part">
    <h3>${title}</h3>
    <pre class="text ${isMono ? 'mono' : ''}" dir="auto">${text}</pre>
  </section>`;
}
