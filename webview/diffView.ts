import { html, nothing, type TemplateResult } from 'lit';
import type { FileDiff } from '../src/protocol/messages.ts';
import { partsView } from './codeView.ts';
import { countsView, pathView } from './rowView.ts';
import { languageOf, tokenize, type Carry } from './syntax.ts';

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
              <div class="code-lines">${linesView(diff)}</div>
            </div>`
        : html`<p class="hint">
            ${diff.reason ?? (diff.content === 'binary' ? 'Not text: there is no line to show.' : 'Its content was not kept.')}
          </p>`
    }
    ${diff.isTruncated ? html`<p class="hint">There is more: <button type="button" class="link" @click=${openDiff}>Open Changes</button></p>` : nothing}
  </section>`;
}

/** The lines with the colours of their language: what was there and what is there now go on each from their own last line. */
function linesView({ path, lines }: FileDiff): readonly TemplateResult[] {
  const language = languageOf(path);
  let before: Carry;
  let now: Carry;
  return lines.map((line) => {
    const sign = line[0];
    const kind = line.startsWith('@@') ? 'hunk' : sign === '+' ? 'plus' : sign === '-' ? 'minus' : sign === '\\' ? 'note' : 'same';
    if (kind === 'hunk' || kind === 'note') {
      [before, now] = [undefined, undefined];
      return html`<div class="code-line ${kind}">${line}</div>`;
    }
    const text = line.slice(1);
    if (language === undefined) return lineView(kind, text);
    const { parts, carry } = tokenize(text, language, kind === 'minus' ? before : now);
    if (kind !== 'plus') before = carry;
    if (kind !== 'minus') now = carry;
    return lineView(kind, partsView(parts));
  });
}

function lineView(kind: 'plus' | 'minus' | 'same', content: unknown): TemplateResult {
  const spoken = kind === 'plus' ? 'added' : kind === 'minus' ? 'removed' : '';
  return html`<div class="code-line ${kind}">
    <span class="sign" aria-hidden="true">${kind === 'minus' ? '−' : kind === 'plus' ? '+' : ''}</span>${
      spoken === '' ? nothing : html`<span class="spoken">${spoken}: </span>`
    }<bdi dir="ltr">${content}</bdi>
  </div>`;
}
