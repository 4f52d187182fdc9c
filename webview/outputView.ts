import { html, type TemplateResult } from 'lit';
import { styleMap } from 'lit/directives/style-map.js';
import { parseAnsi, type AnsiLook } from './ansiText.ts';

/** What a command wrote, in the colours of the theme's terminal. All of it is text. */
export function outputView(output: string): TemplateResult {
  return html`<pre class="text mono output" tabindex="0" role="group" aria-label="Output" dir="ltr">
${parseAnsi(output).map(({ text, look }) =>
  Object.keys(look).length === 0 ? text : html`<span class=${classesOf(look)} style=${styleMap(stylesOf(look))}>${text}</span>`,
)}</pre>`;
}

const classesOf = ({ isBold, isDim, isItalic, isUnderlined, isStruck, color, background }: AnsiLook): string =>
  [
    isBold === true ? 'ansi-bold' : '',
    isDim === true ? 'ansi-dim' : '',
    isItalic === true ? 'ansi-italic' : '',
    isUnderlined === true ? 'ansi-underline' : '',
    isStruck === true ? 'ansi-strike' : '',
    color === undefined ? '' : 'ansi-color',
    background === undefined ? '' : 'ansi-back',
  ]
    .filter((name) => name !== '')
    .join(' ');

/** How far a colour gives way to the text's own, so that it can be read on any background, is the style sheet's to say. */
function stylesOf({ color, background, isInverse }: AnsiLook): Record<string, string> {
  const [front, back] = isInverse === true ? [background, color ?? background] : [color, background];
  return {
    ...(front === undefined ? {} : { '--ansi': colorOf(front) }),
    ...(back === undefined ? {} : { '--ansi-back': colorOf(back) }),
  };
}

const names = ['Black', 'Red', 'Green', 'Yellow', 'Blue', 'Magenta', 'Cyan', 'White'];

const colorOf = (color: number | string): string =>
  typeof color === 'string' ? color : `var(--vscode-terminal-ansi${color < 8 ? names[color]! : `Bright${names[color - 8]!}`})`;
