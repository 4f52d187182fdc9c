import { html, type TemplateResult } from 'lit';

/** What stands there until the session is known: the page's own shape, so that nothing jumps when it fills. */
export function loadingView(): TemplateResult {
  return html`<div class="skeleton" role="status" aria-label="Loading the timeline">
    ${[46, 100, 62, 88, 74, 92, 58, 80, 68].map((width) => html`<span style=${`width:${width}%`}></span>`)}
  </div>`;
}
