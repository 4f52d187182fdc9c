import { html, nothing, type TemplateResult } from 'lit';
import type { Entries, Tab } from '../src/protocol/messages.ts';

/** The tabs above the panel. Arrows, Home and End go through them; `choose` is told whether the tab should get the focus. */
export function tabBar(entries: Entries, chosen: Tab, choose: (tab: Tab, withFocus: boolean) => void): TemplateResult {
  const openDecisions = entries.decisions.filter(({ status }) => status === 'proposed' || status === 'confirmed').length;
  const openBlockers = entries.blockers.filter(({ clearedAt }) => clearedAt === undefined).length;
  const tabs: { tab: Tab; name: string; count: number; what: string }[] = [
    { tab: 'timeline', name: 'Timeline', count: 0, what: '' },
    { tab: 'decisions', name: 'Decisions', count: openDecisions, what: 'decisions' },
  ];
  if (entries.blockers.length > 0 || chosen === 'blockers')
    tabs.push({ tab: 'blockers', name: 'Blockers', count: openBlockers, what: 'open' });
  if (entries.progress !== undefined || chosen === 'progress') {
    const left = entries.progress?.plan.filter(({ status }) => status !== 'completed').length ?? 0;
    tabs.push({ tab: 'progress', name: 'Progress', count: left, what: 'left to do' });
  }
  tabs.push({ tab: 'resume', name: 'Resume', count: 0, what: '' });
  const onKey = (event: KeyboardEvent): void => {
    const index = tabs.findIndex(({ tab }) => tab === chosen);
    const to = { ArrowRight: index + 1, ArrowLeft: index - 1, Home: 0, End: tabs.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    choose(tabs[(to + tabs.length) % tabs.length]!.tab, true);
  };
  return html`<div class="tabs" role="tablist" aria-label="Tapedeck" @keydown=${onKey}>
    ${tabs.map(
      ({ tab, name, count, what }) =>
        html`<button
          type="button"
          role="tab"
          id=${`tab-${tab}`}
          class="tab"
          aria-selected=${String(tab === chosen)}
          aria-controls="panel"
          aria-label=${count > 0 ? `${name}, ${count} ${what}` : name}
          tabindex=${tab === chosen ? 0 : -1}
          @click=${() => choose(tab, false)}
        >
          ${name}${count > 0 ? html`<vscode-badge>${count}</vscode-badge>` : nothing}
        </button>`,
    )}
  </div>`;
}
