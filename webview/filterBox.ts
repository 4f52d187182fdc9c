import { html, nothing, type TemplateResult } from 'lit';
import { icon } from './icons.ts';
import type { Order } from './listItems.ts';

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
  readonly isOpen: boolean;
  readonly change: (text: string) => void;
  readonly toggle: () => void;
  readonly order: Order;
  /** Turns the order round. */
  readonly turn: () => void;
  readonly collapse: () => void;
}

/** The filter's text, the tokens that are used most as switches, and fold-away for all turns. */
export function filterBox({ text, isOpen, order, change, toggle, turn, collapse }: FilterBoxSetting): TemplateResult {
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
      isOpen
        ? html`<div class="quick" role="group" aria-label="Filters">
            ${quickTokens.map(({ token, name }) => html`<button type="button" class="toggle" aria-pressed=${String(tokens.includes(token))} @click=${() => flip(token)}>${name}</button>`)}
          </div>`
        : nothing
    }
  </div>`;
}
