import type { Excerpt } from '../src/model/event.ts';

/** Head and tail, and in words what lies between them. At most `limit` characters of each are shown. */
export function excerptText(excerpt: Excerpt, limit = 60_000): string {
  const head = excerpt.head.length > limit ? excerpt.head.slice(0, limit) : excerpt.head;
  const { tail } = excerpt;
  if (tail === undefined && head.length === excerpt.head.length) return head;
  const shownBytes = new TextEncoder().encode(head + (tail ?? '')).length;
  const left = Math.max(0, excerpt.sizeBytes - shownBytes);
  return `${head}\n\n… ${sizeText(left)} left out …\n\n${tail ?? ''}`;
}

export function sizeText(sizeBytes: number): string {
  if (sizeBytes < 1000) return `${sizeBytes} bytes`;
  if (sizeBytes < 1_000_000) return `${(sizeBytes / 1000).toFixed(sizeBytes < 10_000 ? 1 : 0)} kB`;
  return `${(sizeBytes / 1_000_000).toFixed(1)} MB`;
}
