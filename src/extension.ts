import path from 'node:path';
import * as vscode from 'vscode';
import { Delayer } from './base/delayer.ts';
import { DisposableStore } from './base/disposable.ts';
import { SerialQueue } from './base/serialQueue.ts';
import { createActions } from './host/actionSet.ts';
import type { Actions } from './host/actions.ts';
import { askToRecord } from './host/askToRecord.ts';
import { registerCommands } from './host/commandTable.ts';
import { Deck } from './host/deck.ts';
import { recoverRewinds } from './host/deckRewinder.ts';
import { DiagnosticWatch } from './host/diagnosticCounts.ts';
import { DecisionMarks } from './host/decisionMarks.ts';
import { showMenu } from './host/menu.ts';
import { watchPast } from './host/pastWatch.ts';
import { PastFiles } from './host/pastFiles.ts';
import { vscodePrompts, type Prompts } from './host/prompts.ts';
import { watchDocuments } from './host/savedDocuments.ts';
import { watchReports } from './host/reportPages.ts';
import { recordingNotes } from './host/recordingNotes.ts';
import { headerOf } from './host/sessionFacts.ts';
import { tellingRefusals } from './host/refusals.ts';
import { readSettings } from './host/settings.ts';
import { watchSidecars } from './host/sidecarWatch.ts';
import { ShownText } from './host/shownText.ts';
import { StatusItem } from './host/statusItem.ts';
import { TerminalCommands } from './host/terminalCommands.ts';
import { TimelineView } from './host/timelineView.ts';
import { openLogWorker } from './services/logWorker.ts';
import { nodeDigest } from './store/digest.ts';

/** What tests in the extension host hold on to. Not for other extensions. */
export interface TapedeckApi {
  /** Resolves when the first deck is open. */
  readonly whenReady: Promise<void>;
  readonly deck: () => Deck;
  readonly actions: Actions;
  /** Answers in the user's place from now on. */
  readonly setPrompts: (prompts: Prompts) => void;
}

let closeDeck: (() => Promise<void>) | undefined;

/**
 * Builds every part once and wires them. Activation itself only registers; the deck opens behind it, so that the
 * editor is never kept waiting.
 */
export function activate(context: vscode.ExtensionContext): TapedeckApi {
  const disposables = new DisposableStore();
  context.subscriptions.push(disposables);
  const output = disposables.add(vscode.window.createOutputChannel('Tapedeck', { log: true }));
  const trace = (message: string): void => output.info(message);

  // Until the first one is open there is an empty deck, so that nothing need ask whether there is one.
  let deck = Deck.opening(trace);
  let prompts = vscodePrompts;
  const currentDeck = (): Deck => deck;
  const currentPrompts = (): Prompts => prompts;

  const logWorker = disposables.add(
    openLogWorker({ digest: nodeDigest, program: context.asAbsolutePath(path.join('dist', 'logWorker.js')), onTrace: trace }),
  );
  const texts = disposables.add(new ShownText());
  const plain = createActions({
    context,
    deck: currentDeck,
    prompts: currentPrompts,
    trace,
    openTab: () => view.openTab(),
    showView: (tab, event) => view.showView(tab, event),
    logWorker,
    showText: (title, markdown) => texts.show(title, markdown),
    showOutput: () => output.show(),
    reopen: () => openDeck(),
    terminalOf: (agent) => terminals.terminalOf(agent),
  });
  const actions = tellingRefusals(plain, currentPrompts);
  const view = disposables.add(new TimelineView({ extensionUri: context.extensionUri, deck: currentDeck, actions: () => actions, trace }));
  disposables.add(registerCommands(actions, currentPrompts, () => showMenu(deck, prompts), trace));
  const status = disposables.add(new StatusItem());
  const marks = disposables.add(new DecisionMarks(currentDeck));
  // A diff that comes back with the window asks before the deck is open.
  disposables.add(
    new PastFiles(async (hash) => {
      await whenReady;
      return deck.content?.get(hash);
    }),
  );
  const terminals = disposables.add(
    new TerminalCommands(
      () => deck.recorder,
      () => readSettings().keepsTerminalOutput,
    ),
  );
  disposables.add(new DiagnosticWatch((counts) => deck.recorder?.diagnostics(counts)));
  disposables.add(watchDocuments(() => deck.recorder));

  const refresh = (): void => {
    const header = headerOf(deck);
    const recorder = deck.recorder?.status();
    status.show(header, recorder === undefined ? [] : recordingNotes(recorder));
    view.refresh();
    const keys = {
      state: header.state,
      hasSession: header.session !== undefined,
      isOpen: header.session !== undefined && header.endedAt === undefined && deck.recorder !== undefined,
      canUndoRewind: header.undoableRewind !== undefined,
    };
    for (const [key, value] of Object.entries(keys)) void vscode.commands.executeCommand('setContext', `tapedeck.${key}`, value);
  };
  const refreshSoon = disposables.add(new Delayer(refresh, 100, 500));

  const queue = new SerialQueue();
  let listening = new DisposableStore();
  const openDeck = (): Promise<void> =>
    queue.run(async () => {
      const former = deck;
      listening.dispose();
      await former.close();
      if (disposables.isDisposed) return;
      const settings = readSettings(vscode.workspace.workspaceFolders?.[0]?.uri);
      deck = await Deck.open(context, settings, { trace, logWorker });
      await recoverRewinds(deck, prompts).catch((error: unknown) => trace(`Interrupted rewinds: ${String(error)}`));
      listening = new DisposableStore();
      listening.add(deck.onDidChange(() => refreshSoon.request()));
      listening.add(deck.onDidAppend(() => refreshSoon.request()));
      listening.add(watchSidecars(deck, logWorker, trace));
      listening.add(watchReports(deck, trace));
      listening.add(deck.onDidAppend((events) => events.some(({ kind }) => /^(?:decision|file|rewind)\./.test(kind)) && marks.refresh()));
      listening.add(deck.onDidChange(() => marks.refresh()));
      listening.add(watchPast(deck, { context, prompts: currentPrompts, trace }));
      view.attach();
      refresh();
      void askToRecord(context, deck, prompts, openDeck).catch((error: unknown) => trace(String(error)));
    });
  const whenReady = openDeck();
  whenReady.catch((error: unknown) => output.error(error instanceof Error ? error : String(error)));

  const reopen = (): void => void openDeck().catch((error: unknown) => output.error(error instanceof Error ? error : String(error)));
  disposables.add(vscode.workspace.onDidChangeWorkspaceFolders(reopen));
  disposables.add(vscode.workspace.onDidGrantWorkspaceTrust(reopen));
  disposables.add(
    vscode.workspace.onDidChangeConfiguration(
      (event) =>
        event.affectsConfiguration('tapedeck') &&
        !event.affectsConfiguration('tapedeck.resume') &&
        !event.affectsConfiguration('tapedeck.retention') &&
        reopen(),
    ),
  );
  disposables.add(
    vscode.window.onDidChangeWindowState(
      ({ focused }) => focused && void deck.recorder?.reconcile('focus').catch((error: unknown) => trace(String(error))),
    ),
  );

  closeDeck = () =>
    queue.run(async () => {
      listening.dispose();
      await deck.close();
    });
  return { whenReady, deck: currentDeck, actions: plain, setPrompts: (other) => (prompts = other) };
}

/** VS Code waits a few seconds for this: what was recorded is on disk when it resolves. */
export async function deactivate(): Promise<void> {
  await closeDeck?.();
  closeDeck = undefined;
}
