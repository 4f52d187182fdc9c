import { html, type TemplateResult } from 'lit';

/** What stands there until the session is known, and in the page's HTML before its script runs: the shape of what will come. */
export function loadingView(): TemplateResult {
  return html`<div class="skeleton" role="status" aria-label="Loading the timeline">
    <h1 class="spoken">Loading the timeline</h1>
    ${Array.from({ length: 9 }, () => html`<span></span>`)}
  </div>`;
}
