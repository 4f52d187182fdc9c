import { html, nothing, type TemplateResult } from 'lit';
import type { FileDiff } from '../src/protocol/messages.ts';
import { countsView, pathView } from './rowView.ts';

/** What changed in one file, as a unified diff. Lines are text and keep their own direction. */
export function diffView(diff: FileDiff, openDiff: () => void): TemplateResult {
  return html`<section class="diff">
    <h3 class="diff-head">
      <button type="button" class="link diff-name" title="Open Changes" @click=${openDiff}>${pathView(diff.path)}</button>
      ${countsView(diff.added, diff.removed)} ${diff.change === 'changed' ? nothing : html`<span class="chip">${diff.change}</span>`}
      ${diff.from === undefined || diff.from === diff.path ? nothing : html`<span class="meta">from <bdi>${diff.from}</bdi></span>`}
    </h3>
    ${
      diff.content === 'text'
        ? diff.lines.length === 0
          ? html`<p class="hint">No difference in the end.</p>`
          : html`<div class="code" tabindex="0" role="group" aria-label=${`Changes in ${diff.path}`}>
              <div class="code-lines">${diff.lines.map(lineView)}</div>
            </div>`
        : html`<p class="hint">
            ${diff.reason ?? (diff.content === 'binary' ? 'Not text: there is no line to show.' : 'Its content was not kept.')}
          </p>`
    }
    ${diff.isTruncated ? html`<p class="hint">There is more: <button type="button" class="link" @click=${openDiff}>Open Changes</button></p>` : nothing}
  </section>`;
}

function lineView(line: string): TemplateResult {
  const sign = line[0];
  const kind = line.startsWith('@@') ? 'hunk' : sign === '+' ? 'plus' : sign === '-' ? 'minus' : sign === '\\' ? 'note' : 'same';
  if (kind === 'hunk' || kind === 'note') return html`<div class="code-line ${kind}">${line}</div>`;
  const spoken = kind === 'plus' ? 'added' : kind === 'minus' ? 'removed' : '';
  return html`<div class="code-line ${kind}">
    <span class="sign" aria-hidden="true">${kind === 'minus' ? '−' : kind === 'plus' ? '+' : ''}</span>${
      spoken === '' ? nothing : html`<span class="spoken">${spoken}: </span>`
    }<bdi>${line.slice(1)}</bdi>
  </div>`;
}
