import * as vscode from 'vscode';
import type { Disposable } from '../base/disposable.ts';
import type { Header } from '../protocol/messages.ts';

const icons: Record<Header['state'], string> = {
  noFolder: 'circle-slash',
  off: 'circle-large-outline',
  recording: 'record',
  paused: 'debug-pause',
  degraded: 'warning',
  viewing: 'eye',
  untrusted: 'workspace-untrusted',
};

/** The one status bar item. */
export class StatusItem implements Disposable {
  readonly #item: vscode.StatusBarItem;

  constructor() {
    this.#item = vscode.window.createStatusBarItem('tapedeck.status', vscode.StatusBarAlignment.Left, 1);
    this.#item.name = 'Tapedeck';
    this.#item.command = 'tapedeck.menu';
  }

  show(status: Header): void {
    const words = describe(status);
    this.#item.text = `$(${icons[status.state]}) Tapedeck`;
    if (status.state === 'degraded') this.#item.text = `$(warning) ${vscode.l10n.t('Tapedeck: not recording')}`;
    this.#item.tooltip = words;
    this.#item.accessibilityInformation = { label: vscode.l10n.t('Tapedeck: {0}', words), role: 'button' };
    this.#item.backgroundColor = status.state === 'degraded' ? new vscode.ThemeColor('statusBarItem.warningBackground') : undefined;
    this.#item.show();
  }

  dispose(): void {
    this.#item.dispose();
  }
}

function describe({ state, label, session, counts, reason }: Header): string {
  const { t } = vscode.l10n;
  switch (state) {
    case 'recording':
      return t('Recording “{0}”: {1} events, {2} files changed', label ?? session ?? '', counts.events, counts.files);
    case 'paused':
      return t('Recording is paused');
    case 'degraded':
      return t('Not recording: {0}', reason ?? t('the reason is in the output'));
    case 'viewing':
      return reason ?? t('Showing what was recorded; another window records');
    case 'untrusted':
      return t('Restricted Mode: nothing is recorded until you trust this folder');
    case 'noFolder':
      return t('Open a folder to record');
    case 'off':
      return reason ?? t('Ready: a session starts with the first activity');
  }
}
