import { html, nothing, type TemplateResult } from 'lit';
import { displayName } from '../src/core/timelineWords.ts';
import { icon } from './icons.ts';
import type { Order } from './listItems.ts';
import { savedLimit } from './pageState.ts';

const quickTokens: readonly { readonly token: string; readonly name: string }[] = [
  { token: 'failed', name: 'Failures' },
  { token: 'kind:edit', name: 'Edits' },
  { token: 'kind:command', name: 'Commands' },
  { token: 'kind:decision', name: 'Decisions' },
  { token: 'kind:commit', name: 'Commits' },
  { token: 'by:me', name: 'By me' },
];

export const filterName = 'Filter the timeline';

export interface FilterBoxSetting {
  readonly text: string;
  readonly saved: readonly string[];
  /** Names of those that were at work. */
  readonly agents: readonly string[];
  readonly isOpen: boolean;
  readonly save: (saved: readonly string[]) => void;
  readonly change: (text: string) => void;
  readonly toggle: () => void;
  readonly order: Order;
  /** Turns the order round. */
  readonly turn: () => void;
  readonly collapse: () => void;
  /** The text is a time: its words, and the way there. */
  readonly goal: { readonly words: string; readonly go: () => void } | undefined;
}

/** The filter's text, the tokens that are used most as switches, and fold-away for all turns. */
export function filterBox({
  text,
  saved,
  agents,
  isOpen,
  order,
  save,
  change,
  toggle,
  turn,
  collapse,
  goal,
}: FilterBoxSetting): TemplateResult {
  const tokens = text.split(/\s+/);
  const flip = (token: string): void =>
    change((tokens.includes(token) ? tokens.filter((other) => other !== token) : [...tokens, token]).join(' ').trim());
  return html`<div class="filter" role="search">
    <vscode-text-field
      class="filter-text"
      placeholder="Filter, e.g. file:auth failed"
      aria-label=${filterName}
      .value=${text}
      @input=${(event: Event) => change((event.target as HTMLInputElement).value)}
      @keydown=${(event: KeyboardEvent) => {
        if (event.key === 'Enter' && !event.isComposing) goal?.go();
        if (event.key === 'Escape' && text !== '') {
          event.stopPropagation();
          change('');
        }
      }}
    >
      <span slot="start">${icon('search')}</span>
      ${
        text === ''
          ? nothing
          : html`<button
              slot="end"
              type="button"
              class="icon-button"
              title="Clear"
              aria-label="Clear the filter"
              @click=${() => change('')}
            >
              ${icon('close')}
            </button>`
      }
    </vscode-text-field>
    <button type="button" class="icon-button" title="Filters" aria-label="Filters" aria-expanded=${String(isOpen)} @click=${toggle}>
      ${icon('filter')}
    </button>
    <button
      type="button"
      class="icon-button"
      title=${order === 'newest' ? 'Newest First. Show Oldest First' : 'Oldest First. Show Newest First'}
      aria-label="Oldest first"
      aria-pressed=${String(order === 'oldest')}
      @click=${turn}
    >
      ${icon('sort-precedence')}
    </button>
    <button type="button" class="icon-button" title="Collapse All Turns" aria-label="Collapse all turns" @click=${collapse}>
      ${icon('collapse-all')}
    </button>
    ${
      goal === undefined
        ? nothing
        : html`<button type="button" class="link go-to" @click=${goal.go}>${icon('clock')} Go to ${goal.words}</button>`
    }
    ${
      isOpen
        ? html`<div class="quick" role="group" aria-label="Filters">
            ${[...quickTokens, ...agents.map((name) => ({ token: `by:${name}`, name: displayName(name) }))].map(({ token, name }) =>
              toggleView(name, tokens.includes(token), () => flip(token)),
            )}
            ${saved.map((filter) => toggleView(filter, filter === text, () => change(filter === text ? '' : filter), 'pinned'))}
            ${text === '' ? html`<p class="hint">A time, such as 14:00 or 2h ago, leads there.</p>` : nothing}
            ${
              text.trim() === '' || quickTokens.some(({ token }) => token === text)
                ? nothing
                : saved.includes(text)
                  ? html`<button type="button" class="link" @click=${() => save(saved.filter((filter) => filter !== text))}>
                      Forget This Filter
                    </button>`
                  : html`<button type="button" class="link" @click=${() => save([...saved, text].slice(-savedLimit))}>
                      Save This Filter
                    </button>`
            }
          </div>`
        : nothing
    }
  </div>`;
}

const toggleView = (name: string, isOn: boolean, flip: () => void, sign?: string): TemplateResult =>
  html`<button type="button" class="toggle" aria-pressed=${String(isOn)} @click=${flip}>
    ${sign === undefined ? nothing : icon(sign)}<bdi>${name}</bdi>
  </button>`;
