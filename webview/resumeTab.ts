import { html, nothing, type TemplateResult } from 'lit';
import type { ResumeSize } from '../src/protocol/messages.ts';
import type { Deck } from './deck.ts';
import { icon } from './icons.ts';

const sizes: readonly { readonly size: ResumeSize; readonly name: string }[] = [
  { size: 'short', name: 'Short' },
  { size: 'standard', name: 'Standard' },
  { size: 'full', name: 'Full' },
];

/** The resume prompt in a size to choose, to read and to copy. */
export function resumeTab(deck: Deck, size: ResumeSize, choose: (size: ResumeSize) => void): TemplateResult {
  const { resume } = deck;
  return html`<div class="pad resume">
    <div class="tab-head">
      <vscode-dropdown
        aria-label="Size of the resume prompt"
        .value=${size}
        @change=${(event: Event) => choose((event.target as HTMLSelectElement).value as ResumeSize)}
      >
        ${sizes.map((option) => html`<vscode-option value=${option.size} ?selected=${option.size === size}>${option.name}</vscode-option>`)}
      </vscode-dropdown>
      <vscode-button ?disabled=${resume === undefined} @click=${() => deck.act('copyResume', { size })}>${icon('copy')} Copy</vscode-button>
      ${resume === undefined ? nothing : html`<span class="meta">about ${resume.tokens.toLocaleString()} tokens</span>`}
    </div>
    ${
      resume === undefined
        ? html`<p class="hint"><vscode-progress-ring aria-label="Loading"></vscode-progress-ring></p>`
        : html`<pre class="prompt-text" tabindex="0" role="region" aria-label="Resume prompt">${resume.text}</pre>`
    }
  </div>`;
}
