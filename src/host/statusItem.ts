import * as vscode from 'vscode';
import type { Disposable } from '../base/disposable.ts';
import { counted } from '../core/timelineWords.ts';
import type { Header } from '../protocol/messages.ts';
import type { RecordingNote } from './recordingNotes.ts';

const icons: Record<Header['state'], string> = {
  noFolder: 'circle-slash',
  off: 'circle-large-outline',
  recording: 'record',
  paused: 'debug-pause',
  degraded: 'warning',
  viewing: 'eye',
  untrusted: 'workspace-untrusted',
};

/** What the item says without being pointed at: no more than the name, unless something keeps it from recording. */
function textOf(state: Header['state']): string {
  const { t } = vscode.l10n;
  if (state === 'degraded') return t('Tapedeck: trouble');
  return state === 'paused' ? t('Tapedeck: paused') : 'Tapedeck';
}

/** The one status bar item. */
export class StatusItem implements Disposable {
  readonly #item: vscode.StatusBarItem;

  constructor() {
    this.#item = vscode.window.createStatusBarItem('tapedeck.status', vscode.StatusBarAlignment.Left, 1);
    this.#item.name = 'Tapedeck';
    this.#item.command = 'tapedeck.menu';
  }

  /** `notes`: what else is good to know, a sentence each; they are no trouble. */
  show(status: Header, notes: readonly RecordingNote[]): void {
    const words = [describe(status), ...notes.map(({ text }) => text)].join('\n');
    this.#item.text = `$(${icons[status.state]}) ${textOf(status.state)}`;
    this.#item.tooltip = words;
    this.#item.accessibilityInformation = { label: vscode.l10n.t('Tapedeck: {0}', words), role: 'button' };
    this.#item.backgroundColor = status.state === 'degraded' ? new vscode.ThemeColor('statusBarItem.warningBackground') : undefined;
    this.#item.show();
  }

  dispose(): void {
    this.#item.dispose();
  }
}

function describe({ state, label, counts, reason }: Header): string {
  const { t } = vscode.l10n;
  switch (state) {
    case 'recording': {
      const [events, files] = [counted(counts.events, 'event'), counted(counts.files, 'file')];
      const words =
        label === undefined
          ? t('Recording: {0}, {1} changed', events, files)
          : t('Recording “{0}”: {1}, {2} changed', label, events, files);
      return reason === undefined ? words : `${words}\n${reason}`;
    }
    case 'paused':
      return t('Recording is paused: nothing is recorded until you resume it');
    case 'degraded':
      return reason ?? t('Something is not recorded: the reason is in the output');
    case 'viewing':
      return t('Showing an earlier session; recording goes on');
    case 'untrusted':
      return t('Restricted Mode: nothing is recorded until you trust this folder');
    case 'noFolder':
      return t('Open a folder to record');
    case 'off':
      return reason ?? t('Ready: a session starts with the first activity');
  }
}
