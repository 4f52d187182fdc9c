import { html, nothing, type TemplateResult } from 'lit';
import type { Header } from '../src/protocol/messages.ts';
import type { Deck } from './deck.ts';
import { Times } from './times.ts';

/** What the view says while there is no session to show: why, and the next step. */
export function emptyView(deck: Deck, header: Header): TemplateResult {
  const history = header.hasHistory
    ? html`<p>Earlier sessions are recorded here.</p>
        <vscode-button appearance="secondary" @click=${() => deck.act('openSession', {})}>Show a Session…</vscode-button>`
    : nothing;
  const { past } = header;
  const times = new Times(undefined, header.timeZone);
  const before =
    past === undefined || header.hasHistory
      ? nothing
      : html`<p>
            Your agents kept ${past.count}${past.hasMore ? ' and more' : ''} ${past.count === 1 ? 'session' : 'sessions'} of this
            folder${past.count > past.newest.length ? ', the newest' : ''}:
          </p>
          <ul>
            ${past.newest.map(({ title, agent, at }) => html`<li>${title} (${agent}, ${times.day(at, Date.now())})</li>`)}
          </ul>
          <vscode-button appearance="secondary" @click=${() => deck.act('importPast', {})}>Import Past Sessions…</vscode-button>
          <vscode-button appearance="secondary" @click=${() => deck.act('findPast', {})}>Find and Resume One…</vscode-button>`;
  switch (header.state) {
    case 'noFolder':
      return welcome(
        'No folder is open',
        html`<p>Tapedeck records what you and your agents do in a folder. Open one to begin.</p>
          <vscode-button @click=${() => deck.act('openFolder', {})}>Open Folder</vscode-button>`,
      );
    case 'untrusted':
      return welcome(
        'Restricted mode',
        html`<p>${header.reason ?? 'Tapedeck records nothing and rewinds nothing until you trust this workspace.'}</p>
          <vscode-button @click=${() => deck.act('manageTrust', {})}>Manage Workspace Trust</vscode-button>
          ${history}`,
      );
    default:
      return welcome(
        'Nothing recorded yet',
        html`<p>
            ${header.reason ?? 'Edit a file, run a command, or let an agent work in the terminal. It all shows up here by itself, and stays on this machine.'}
          </p>
          <vscode-button @click=${() => deck.act('startSession', {})}>Start Session</vscode-button>
          ${before} ${history}`,
      );
  }
}

const welcome = (title: string, body: TemplateResult): TemplateResult =>
  html`<div class="welcome">
    <h1>${title}</h1>
    ${body}
  </div>`;
