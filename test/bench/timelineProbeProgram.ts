import { PackedEvents } from '../../src/core/packedEvents.ts';

/** In the timeline's own document: when its first rows could be seen, and when a large page was there, line by line. */
const probe = { firstRowsMs: 0, pages: [] as { ms: number; lines: number; bytes: number }[] };
Object.assign(globalThis, { tapedeckProbe: probe });

const look = new MutationObserver(() => {
  if (document.querySelector('[role=treeitem]') === null) return;
  look.disconnect();
  // The frame in which they are drawn has begun with the next one.
  requestAnimationFrame(() => requestAnimationFrame(() => (probe.firstRowsMs = performance.now())));
});
look.observe(document, { childList: true, subtree: true });

addEventListener('message', ({ data }) => {
  if ((data as { bench?: string } | null)?.bench !== 'page') return;
  const { sentAt, lines } = data as { sentAt: number; lines: Uint8Array };
  const { count } = new PackedEvents(lines);
  probe.pages.push({ ms: performance.timeOrigin + performance.now() - sentAt, lines: count, bytes: lines.length });
});
