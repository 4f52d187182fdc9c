import { html, nothing, type TemplateResult } from 'lit';
import type { ResumePart, ResumeSize, ResumeText } from '../src/protocol/messages.ts';
import type { Deck } from './deck.ts';
import { icon } from './icons.ts';

const sizes: readonly { readonly size: ResumeSize; readonly name: string }[] = [
  { size: 'short', name: 'Short' },
  { size: 'standard', name: 'Standard' },
  { size: 'full', name: 'Full' },
];

/** The resume prompt, exactly as it is copied: in a size, a form and for an agent to choose, each section to be ticked off, each line leading to what it rests on. */
export function resumeTab(deck: Deck, size: ResumeSize, choose: (size: ResumeSize) => void): TemplateResult {
  const { resume } = deck;
  return html`<div class="pad resume">
    <div class="tab-head">
      ${dropdown(
        'Size of the resume prompt',
        size,
        sizes.map((option) => [option.size, option.name]),
        (value) => choose(value as ResumeSize),
      )}
      ${resume === undefined ? nothing : choices(deck, resume)}
    </div>
    <div class="tab-head">
      <vscode-button ?disabled=${resume === undefined} @click=${() => deck.act('copyResume', { size })}>${icon('copy')} Copy</vscode-button>
      ${resume === undefined ? nothing : openButton(deck, resume)}
      <vscode-button appearance="secondary" ?disabled=${resume === undefined} @click=${() => deck.act('saveResume', { size })}
        >Save…</vscode-button
      >
      <vscode-button appearance="secondary" ?disabled=${resume === undefined} @click=${() => deck.act('editResume', { size })}
        >Edit</vscode-button
      >
      ${resume === undefined ? nothing : html`<span class="meta">about ${resume.tokens.toLocaleString()} tokens</span>`}
    </div>
    ${
      resume === undefined
        ? html`<p class="hint"><vscode-progress-ring aria-label="Loading"></vscode-progress-ring></p>`
        : html`${sectionTicks(deck, resume)}
            <div class="prompt-text" tabindex="0" role="region" aria-label="Resume prompt">
              <pre>${resume.header}</pre>
              ${resume.sections.filter(({ isOff, items }) => !isOff && items.length > 0).map((part) => partView(deck, part))}
            </div>`
    }
  </div>`;
}

function choices(deck: Deck, { choice, agents }: ResumeText): TemplateResult {
  return html`${dropdown(
    'The agent that takes it up',
    choice.target ?? '',
    [['', 'For any agent'], ...agents.map(({ id, name }): [string, string] => [id, `For ${name}`])],
    (target) => deck.act('chooseResume', { target: target === '' ? undefined : target }),
  )}
  ${dropdown(
    'Form of the resume prompt',
    choice.form,
    [
      ['markdown', 'Markdown'],
      ['plain', 'Plain text'],
    ],
    (form) => deck.act('chooseResume', { form: form === 'plain' ? 'plain' : 'markdown' }),
  )}`;
}

function openButton(deck: Deck, { choice, agents }: ResumeText): TemplateResult {
  const { target } = choice;
  const name = agents.find(({ id }) => id === target)?.name;
  return html`<vscode-button
    appearance="secondary"
    title="Starts it in a terminal; it reads the prompt from a file"
    @click=${() => deck.act('openAgent', target === undefined || name === undefined ? {} : { agent: target })}
    >${icon('terminal')} ${name === undefined ? 'Open Agent…' : `Open ${name}`}</vscode-button
  >`;
}

function sectionTicks(deck: Deck, { sections, choice }: ResumeText): TemplateResult {
  const toggle = (id: string, isOn: boolean): unknown =>
    deck.act('chooseResume', { without: isOn ? choice.without.filter((other) => other !== id) : [...choice.without, id] });
  const off = sections.filter(({ isOff }) => isOff).length;
  return html`<details class="ticks">
    <summary>Sections${off === 0 ? '' : `, ${off} left out`}</summary>
    <ul class="plain">
      ${sections.map(
        ({ id, title, isOff }) =>
          html`<li>
            <label
              ><input
                type="checkbox"
                .checked=${!isOff}
                @change=${(event: Event) => toggle(id, (event.target as HTMLInputElement).checked)}
              />
              ${title}</label
            >
          </li>`,
      )}
    </ul>
  </details>`;
}

function partView(deck: Deck, { title, items, left }: ResumePart): TemplateResult {
  return html`<section class="prompt-part">
    <h2>${title}</h2>
    ${items.map(
      ({ text, events }) =>
        html`<div class="prompt-item">
          <pre>${text}</pre>
          ${events.length === 0 ? nothing : traceLinks(deck, events)}
        </div>`,
    )}
    ${left === 0 ? nothing : html`<p class="meta">… and ${left.toLocaleString()} more</p>`}
  </section>`;
}

/** To the events that a line rests on, newest first. */
function traceLinks(deck: Deck, events: readonly string[]): TemplateResult {
  const event = events[0]!;
  const words = deck.wordsOf(event) ?? 'the event that it rests on';
  return html`<button
    type="button"
    class="icon-button trace"
    title=${`Show in Timeline: ${words}`}
    aria-label=${`Show in Timeline: ${words}`}
    @click=${() => deck.act('showEvent', { event })}
  >
    ${icon('history')}
  </button>`;
}

function dropdown(
  label: string,
  value: string,
  options: readonly (readonly [string, string])[],
  choose: (value: string) => unknown,
): TemplateResult {
  return html`<vscode-dropdown
    aria-label=${label}
    .value=${value}
    @change=${(event: Event) => choose((event.target as HTMLSelectElement).value)}
  >
    ${options.map(([option, name]) => html`<vscode-option value=${option} ?selected=${option === value}>${name}</vscode-option>`)}
  </vscode-dropdown>`;
}
