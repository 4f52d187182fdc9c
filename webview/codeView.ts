import { html, nothing, type TemplateResult } from 'lit';
import { languageOf, tokenize, type Carry, type Language, type Part } from './syntax.ts';

/** A block of code with the colours of its language. More lines than this are left plain. */
const colouredLines = 400;

export function codeView(text: string, language: string): TemplateResult {
  const known = languageOf(language);
  const lines = text.split('\n');
  return html`<pre class="code md-code" tabindex="0" role="group" aria-label=${language === '' ? 'Code' : `Code, ${language}`} dir="ltr">
${known === undefined || lines.length > colouredLines ? text : colouredText(lines, known)}</pre>`;
}

function colouredText(lines: readonly string[], language: Language): readonly (TemplateResult | string)[] {
  let carry: Carry;
  return lines.map((line, index) => {
    const { parts, carry: next } = tokenize(line, language, carry);
    carry = next;
    return html`${partsView(parts)}${index === lines.length - 1 ? nothing : '\n'}`;
  });
}

export const partsView = (parts: readonly Part[]): readonly (TemplateResult | string)[] =>
  parts.map(({ tone, text }) => (tone === 'plain' ? text : html`<span class="tone-${tone}">${text}</span>`));
