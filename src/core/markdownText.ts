import { oneLine } from './timelineWords.ts';
import { withoutHidden } from './quotedText.ts';

/**
 * Text from outside in a Markdown document that a person reads and an editor renders: every sign that Markdown or HTML gives a
 * meaning is escaped, so it is shown as it stands, on one line, whatever it holds.
 */
export function markdownText(text: string, limit = 300): string {
  return (
    oneLine(withoutHidden(text.slice(0, limit * 4)), limit)
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      .replaceAll(/[\\`*_[\]{}|~$]/g, '\\$&')
      // An address would become a link by itself.
      .replaceAll(/\b(https?|ftp|file|mailto|vscode|command):/gi, '$1&#58;')
      .replaceAll(/\bwww\./gi, 'www&#46;')
      .replaceAll(/(?<=\S)@/g, '&#64;')
      .replace(/^(?=[#+!=-])/, '\\')
      .replace(/^(\d+)(?=[.)])/, '$1\\')
  );
}

/** The text for HTML, between tags and in quoted attributes alike. Control characters go, line ends stay. */
export function htmlText(text: string): string {
  return withoutHidden(text)
    .replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/g, '')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}
