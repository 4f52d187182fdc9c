import { html, nothing, type TemplateResult } from 'lit';
import { counted, durationText } from '../src/core/timelineWords.ts';
import type { Header, RecordingState } from '../src/protocol/messages.ts';
import type { Deck } from './deck.ts';
import { icon } from './icons.ts';

const stateWords: Readonly<Record<RecordingState, string>> = {
  recording: 'Recording',
  paused: 'Paused',
  degraded: 'Recording with trouble',
  off: 'Not recording',
  viewing: 'Viewing an earlier session',
  untrusted: 'Not recording: the workspace is not trusted',
  noFolder: 'Not recording: no folder is open',
};

/** Which session this is, whether it is being recorded, and what it holds. */
export function headerView(deck: Deck, header: Header, nowMs: number, isTab: boolean): TemplateResult {
  const { startedAt } = header;
  const label = header.label ?? header.title ?? (startedAt === undefined ? 'Session' : `Session of ${deck.times.brief(startedAt, nowMs)}`);
  const started = startedAt === undefined ? '' : `, started ${deck.times.exact(startedAt)}`;
  const words = stateWords[header.state];
  return html`<header class="header">
    <div class="header-name">
      <span class="state state-${header.state}" role="img" aria-label=${words} title=${words}></span>
      <h1>
        <button
          type="button"
          class="session-name"
          title=${`${label}${started}. Show Another Session…`}
          aria-label=${`Session ${label}. Show another session`}
          @click=${() => deck.act('openSession', {})}
        >
          <bdi>${label}</bdi>${icon('chevron-down')}
        </button>
      </h1>
      ${isTab ? html`<span class="meta header-more"><bdi>${[header.session, header.folders.join(', ')].filter(Boolean).join(' · ')}</bdi></span>` : nothing}
    </div>
    <span class="meta header-counts">${countsText(header, nowMs)}</span>
    ${
      isTab
        ? html`<span class="header-actions">
            ${
              // Of a session that is not recorded now there is no point to name.
              header.state === 'recording'
                ? html`<vscode-button appearance="secondary" @click=${() => deck.act('checkpoint', {})}
                    >${icon('flag')} Checkpoint</vscode-button
                  >`
                : nothing
            }
            <vscode-button @click=${() => deck.act('copyResume', { size: 'standard' })}>${icon('copy')} Copy Resume Prompt</vscode-button>
          </span>`
        : nothing
    }
  </header>`;
}

function countsText(header: Header, nowMs: number): string {
  const from = header.startedAt === undefined ? Number.NaN : Date.parse(header.startedAt);
  const to = header.endedAt === undefined ? nowMs : Date.parse(header.endedAt);
  const parts: string[] = [];
  if (to - from > 1000 && header.state !== 'off') parts.push(durationText(to - from));
  if (header.counts.agents > 0) parts.push(counted(header.counts.agents, 'agent'));
  parts.push(counted(header.counts.files, 'file'));
  return parts.join(' · ');
}

/** What keeps it from recording, and the next step. */
export function bannerView(deck: Deck, header: Header): TemplateResult | typeof nothing {
  const banner = (kind: 'info' | 'warning', text: string, action?: { readonly name: string; readonly run: () => void }): TemplateResult =>
    html`<div class="banner ${kind}" role="status">
      ${icon(kind === 'info' ? 'info' : 'warning')}<span class="banner-text">${text}</span>${
        action === undefined ? nothing : html`<button type="button" class="link" @click=${action.run}>${action.name}</button>`
      }
    </div>`;
  switch (header.state) {
    case 'paused':
      return banner('warning', header.reason ?? 'Recording is paused.', { name: 'Continue', run: () => deck.act('resumeRecording', {}) });
    case 'degraded':
      return banner('warning', header.reason ?? 'Something is not being recorded.', {
        name: 'Show Output',
        run: () => deck.act('revealLog', {}),
      });
    case 'viewing':
      return banner('info', header.reason ?? 'An earlier session.', { name: 'Back to Now', run: () => deck.act('openCurrent', {}) });
    case 'untrusted':
      return banner('info', header.reason ?? 'Restricted mode: history only.', {
        name: 'Manage Trust',
        run: () => deck.act('manageTrust', {}),
      });
    case 'off':
      return banner('info', header.reason ?? 'Nothing is being recorded.', {
        name: 'Start Session',
        run: () => deck.act('startSession', {}),
      });
    case 'recording':
      return header.reason === undefined ? nothing : banner('info', header.reason);
    case 'noFolder':
      return nothing;
  }
}

/** At the foot: the last point that was seen to work, and the log's health. */
export function footerView(deck: Deck, header: Header, reveal: (event: string) => void): TemplateResult | typeof nothing {
  const { lastGreen, log } = header;
  if (lastGreen === undefined && (log === undefined || log.isHealthy)) return nothing;
  return html`<footer class="footer">
    ${
      lastGreen === undefined
        ? nothing
        : html`<span class="green">
            ${icon('pass-filled')}<button type="button" class="plain-link" title="Show in Timeline" @click=${() => reveal(lastGreen.event)}>
              Last green ${deck.times.clock(lastGreen.at)}
            </button>
            <span class="meta"
              >${lastGreen.changedFiles === 0 ? 'nothing changed since' : `${counted(lastGreen.changedFiles, 'file')} changed`}</span
            >
            ${lastGreen.changedFiles === 0 ? nothing : html`<button type="button" class="link" @click=${() => deck.act('compareLastGreen', {})}>Compare</button>`}
          </span>`
    }
    ${log === undefined ? nothing : healthView(deck, log)}
  </footer>`;
}

/** What is wrong with the log, where, and the next step. */
function healthView(deck: Deck, { isHealthy, text, findings = [] }: NonNullable<Header['log']>): TemplateResult {
  if (isHealthy)
    return html`<button type="button" class="plain-link log-health healthy" title="Show Output" @click=${() => deck.act('revealLog', {})}>
      ${text}
    </button>`;
  const words = html`${icon('warning')}<span>${text}</span>`;
  return html`<div class="log-health unhealthy" role="status">
    ${
      findings.length === 0
        ? html`<span class="health-words">${words}</span>`
        : html`<details>
            <summary title="Where"><span class="health-words">${words}</span></summary>
            <ul>
              ${findings.map((line) => html`<li>${line}</li>`)}
            </ul>
          </details>`
    }
    <button type="button" class="link" title="Check every line of the log" @click=${() => deck.act('verify', {})}>Verify Log</button>
  </div>`;
}
