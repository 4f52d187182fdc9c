import { html, type TemplateResult } from 'lit';

/** The line between list and detail: dragged, or moved with the arrow keys. `share` is the detail's, 0 to 1. */
export function sash(isWide: boolean, share: number, move: (share: number) => void): TemplateResult {
  const clamp = (value: number): void => move(Math.min(0.8, Math.max(0.2, value)));
  const drag = (event: PointerEvent): void => {
    const handle = event.currentTarget as HTMLElement;
    if (event.type === 'pointerdown') handle.setPointerCapture(event.pointerId);
    else if (!handle.hasPointerCapture(event.pointerId)) return;
    const box = handle.parentElement?.getBoundingClientRect();
    if (box === undefined) return;
    clamp(isWide ? (box.right - event.clientX) / box.width : (box.bottom - event.clientY) / box.height);
  };
  const onKey = (event: KeyboardEvent): void => {
    const [more, less] = isWide ? ['ArrowLeft', 'ArrowRight'] : ['ArrowUp', 'ArrowDown'];
    if (event.key !== more && event.key !== less) return;
    event.preventDefault();
    clamp(share + (event.key === more ? 0.05 : -0.05));
  };
  return html`<div
    class="sash"
    role="separator"
    tabindex="0"
    aria-label="Size of the details"
    aria-orientation=${isWide ? 'vertical' : 'horizontal'}
    aria-valuemin="20"
    aria-valuemax="80"
    aria-valuenow=${Math.round(share * 100)}
    @pointerdown=${drag}
    @pointermove=${drag}
    @keydown=${onKey}
  ></div>`;
}
