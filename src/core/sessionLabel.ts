/** The longest label, in characters as people count them. */
export const labelLimit = 64;

/** A label on one line and no longer than the limit; never cut within what is one character to a reader. */
export function shortLabel(text: string): string {
  const line = text.replace(/\s+/gu, ' ').trim();
  if (line.length <= labelLimit) return line;
  let kept = '';
  let count = 0;
  for (const { segment } of new Intl.Segmenter(undefined, { granularity: 'grapheme' }).segment(line.slice(0, scanned))) {
    if (++count > labelLimit) return `${kept.slice(0, kept.lastIndexOf(lastOf(kept)))}…`;
    kept += segment;
  }
  return kept;
}

/** A character of the wildest kind takes some twenty units. */
const scanned = labelLimit * 32;

const lastOf = (text: string): string =>
  [...new Intl.Segmenter(undefined, { granularity: 'grapheme' }).segment(text)].at(-1)?.segment ?? '';
