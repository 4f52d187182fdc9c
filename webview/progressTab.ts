import { html, nothing, type TemplateResult } from 'lit';
import { authorName } from '../src/core/timelineWords.ts';
import type { PlanEntryItem, ProgressItem } from '../src/protocol/messages.ts';
import type { Deck } from './deck.ts';
import type { Reveal } from './entryView.ts';
import { icon } from './icons.ts';
import { pathView } from './rowView.ts';

const groups = [
  { status: 'in_progress', name: 'Doing', icon: 'play' },
  { status: 'pending', name: 'Next', icon: 'circle-outline' },
  { status: 'completed', name: 'Done, as it was said', icon: 'pass' },
] as const;

/** How far the work is: the plans of agents, what passed last and what changed since, and the points that were reached. */
export function progressTab(deck: Deck, reveal: Reveal): TemplateResult {
  const progress = deck.entries.progress;
  if (progress === undefined) return html`<div class="pad"><p class="hint">No plan and no passing check has been seen yet.</p></div>`;
  return html`<div class="pad">
    ${greenView(deck, progress, reveal)}
    ${groups.map(({ status, name, icon: sign }) =>
      planView(
        name,
        sign,
        progress.plan.filter((item) => item.status === status),
        reveal,
      ),
    )}
    ${
      progress.milestones.length === 0
        ? nothing
        : html`<h2 class="section-title">Milestones</h2>
            <ul class="plain" aria-label="Milestones">
              ${progress.milestones.map(
                ({ event, at, kind, text }) =>
                  html`<li>
                    <span class="meta"><time datetime=${at} title=${deck.times.exact(at)}>${deck.times.clock(at)}</time> ${kind}</span>
                    <button type="button" class="link" @click=${() => reveal(event)}><bdi>${text}</bdi></button>
                  </li>`,
              )}
            </ul>`
    }
  </div>`;
}

function greenView(deck: Deck, { green }: ProgressItem, reveal: Reveal): TemplateResult | typeof nothing {
  if (green === undefined) return nothing;
  const { event, at, command, changed, left } = green;
  return html`<h2 class="section-title">Last green</h2>
    <p>
      <button type="button" class="link" @click=${() => reveal(event)}><code>${command}</code></button>
      <span class="meta"><time datetime=${at} title=${deck.times.exact(at)}>${deck.times.clock(at)}</time></span>
    </p>
    ${
      changed.length === 0
        ? html`<p class="hint">Nothing changed since.</p>`
        : html`<p class="hint">Changed since:</p>
            <ul class="plain">
              ${changed.map(
                (path) =>
                  html`<li>
                    <button type="button" class="link" @click=${() => deck.act('openFile', { path })}>${pathView(path)}</button>
                  </li>`,
              )}
              ${left === 0 ? nothing : html`<li class="meta">… and ${left} more</li>`}
            </ul>`
    }`;
}

function planView(name: string, sign: string, items: readonly PlanEntryItem[], reveal: Reveal): TemplateResult | typeof nothing {
  if (items.length === 0) return nothing;
  return html`<h2 class="section-title">${name}</h2>
    <ul class="plain" aria-label=${name}>
      ${items.map(
        ({ text, by, event }) =>
          html`<li>
            ${icon(sign)}
            <button type="button" class="link" @click=${() => reveal(event)}><bdi>${text}</bdi></button>
            <span class="meta">${authorName(by)}</span>
          </li>`,
      )}
    </ul>`;
}
