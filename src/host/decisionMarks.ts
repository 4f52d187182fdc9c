import * as vscode from 'vscode';
import { DisposableStore, type Disposable } from '../base/disposable.ts';
import { Delayer } from '../base/delayer.ts';
import { counted, oneLine } from '../core/timelineWords.ts';
import { eventId } from '../model/ids.ts';
import type { Decision } from '../model/sessionState.ts';
import type { Deck } from './deck.ts';
import { absoluteUri } from './fileActions.ts';
import { readSettings } from './settings.ts';

const mostOfFile = 3;

/**
 * Marks, above the first line of a file, the decisions that name it or a folder above it. Only those of the session that is
 * shown, in force or proposed; nothing is looked up while there are none.
 */
export class DecisionMarks implements Disposable, vscode.CodeLensProvider {
  readonly #disposables = new DisposableStore();
  readonly #changed = this.#disposables.add(new vscode.EventEmitter<void>());
  readonly onDidChangeCodeLenses = this.#changed.event;
  readonly #refresh = this.#disposables.add(new Delayer(() => this.#changed.fire(), 300, 2000));
  readonly #deck: () => Deck;

  constructor(deck: () => Deck) {
    this.#deck = deck;
    this.#disposables.add(vscode.languages.registerCodeLensProvider({ scheme: 'file' }, this));
  }

  /** Something of the session has changed. */
  refresh(): void {
    this.#refresh.request();
  }

  provideCodeLenses(document: vscode.TextDocument): vscode.CodeLens[] {
    const deck = this.#deck();
    const { feed } = deck;
    if (feed === undefined || feed.state.trace.decisionFiles.size === 0 || !readSettings().marksDecisions) return [];
    const decisions = [...feed.state.decisions.values()]
      .filter(({ status, isSetAside }) => !isSetAside && (status === 'confirmed' || status === 'proposed'))
      .filter(({ files }) => files.some((file) => names(deck, file, document.uri)))
      .toReversed();
    const range = new vscode.Range(0, 0, 0, 0);
    const shown = decisions.slice(0, mostOfFile).map((decision) => new vscode.CodeLens(range, commandOf(decision)));
    const left = decisions.length - shown.length;
    if (left > 0) shown.push(new vscode.CodeLens(range, { title: counted(left, 'more decision'), command: 'tapedeck.decisions' }));
    return shown;
  }

  dispose(): void {
    this.#disposables.dispose();
  }
}

function commandOf(decision: Decision): vscode.Command {
  const { t } = vscode.l10n;
  const state = decision.isStale ? t('stale decision') : decision.status === 'proposed' ? t('proposed decision') : t('decision');
  return {
    title: `$(lightbulb) ${state}: ${oneLine(decision.what, 80).replaceAll('$(', '$ (')}`,
    tooltip: decision.why ?? '',
    command: 'tapedeck.row.showDecision',
    arguments: [{ rowEvents: [eventId(decision.mark)] }],
  };
}

/** The file itself, or a folder that holds it. */
function names(deck: Deck, file: string, uri: vscode.Uri): boolean {
  const found = absoluteUri(deck.folders, file.endsWith('/') ? file.slice(0, -1) : file);
  if (found === undefined) return false;
  return uri.path === found.path || uri.path.startsWith(`${found.path}/`);
}
