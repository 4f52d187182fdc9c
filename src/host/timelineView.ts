import * as vscode from 'vscode';
import { DisposableStore, type Disposable } from '../base/disposable.ts';
import type { EventId } from '../model/ids.ts';
import type { Port } from '../protocol/channel.ts';
import type { Tab } from '../protocol/messages.ts';
import type { Actions } from './actions.ts';
import type { Deck } from './deck.ts';
import { pageHtml, pageRoot } from './pageHtml.ts';
import { PageServer } from './pageServer.ts';

const viewId = 'tapedeck.timeline';
const tabType = 'tapedeck.timelineTab';

type ShowTarget = Parameters<PageServer['show']>[0];

/**
 * The timeline's two places: the view in its own container, and an editor tab that comes back after a reload. Both show
 * the same page. A page may be thrown away while hidden; all state lives in the host.
 */
export class TimelineView implements vscode.WebviewViewProvider, vscode.WebviewPanelSerializer, Disposable {
  readonly #disposables = new DisposableStore();
  readonly #servers = new Set<PageServer>();
  readonly #extensionUri: vscode.Uri;
  readonly #deck: () => Deck;
  readonly #actions: () => Actions;
  readonly #trace: (message: string) => void;
  #view: { readonly webview: vscode.WebviewView; readonly server: PageServer } | undefined;
  #tab: vscode.WebviewPanel | undefined;
  #toShow: ShowTarget | undefined;

  constructor(options: {
    readonly extensionUri: vscode.Uri;
    readonly deck: () => Deck;
    readonly actions: () => Actions;
    readonly trace: (message: string) => void;
  }) {
    this.#extensionUri = options.extensionUri;
    this.#deck = options.deck;
    this.#actions = options.actions;
    this.#trace = options.trace;
    this.#disposables.add(vscode.window.registerWebviewViewProvider(viewId, this));
    this.#disposables.add(vscode.window.registerWebviewPanelSerializer(tabType, this));
  }

  resolveWebviewView(view: vscode.WebviewView): void {
    const server = this.#serve(view.webview, 'view');
    this.#view = { webview: view, server };
    if (this.#toShow !== undefined) server.show(this.#toShow);
    this.#toShow = undefined;
    this.refresh();
    view.onDidDispose(() => {
      this.#view = undefined;
      this.#release(server);
    });
  }

  deserializeWebviewPanel(panel: vscode.WebviewPanel): Promise<void> {
    this.#hold(panel);
    return Promise.resolve();
  }

  openTab(): void {
    if (this.#tab !== undefined) return this.#tab.reveal();
    this.#hold(vscode.window.createWebviewPanel(tabType, 'Tapedeck', vscode.ViewColumn.Active, {}));
  }

  async showView(tab?: Tab, point?: EventId | { readonly ms: number }): Promise<void> {
    await vscode.commands.executeCommand(`${viewId}.focus`);
    if (tab !== undefined || point !== undefined)
      this.#showSoon({ ...(tab === undefined ? {} : { tab }), ...(typeof point === 'string' ? { event: point } : point) });
  }

  /** A view that was never open is resolved a moment after it got the focus. */
  #showSoon(target: ShowTarget): void {
    if (this.#view === undefined) this.#toShow = target;
    else this.#view.server.show(target);
  }

  /** The deck was replaced: every page listens to the new one. */
  attach(): void {
    for (const server of this.#servers) server.attach();
    this.refresh();
  }

  /** The view's badge and description. */
  refresh(): void {
    const feed = this.#deck().feed;
    if (this.#view === undefined) return;
    const open = feed === undefined ? 0 : [...feed.state.decisions.values()].filter(({ status }) => status === 'proposed').length;
    this.#view.webview.badge = open === 0 ? undefined : { value: open, tooltip: vscode.l10n.t('{0} proposed decisions to confirm', open) };
  }

  #hold(panel: vscode.WebviewPanel): void {
    this.#tab = panel;
    const icon = (name: string): vscode.Uri => vscode.Uri.joinPath(this.#extensionUri, 'media', name);
    panel.iconPath = { light: icon('icon-light.svg'), dark: icon('icon.svg') };
    const server = this.#serve(panel.webview, 'tab');
    panel.onDidDispose(() => {
      this.#tab = undefined;
      this.#release(server);
    });
  }

  #serve(webview: vscode.Webview, place: 'view' | 'tab'): PageServer {
    webview.options = { enableScripts: true, localResourceRoots: [pageRoot(this.#extensionUri)] };
    const port: Port = { post: (message) => webview.postMessage(message), onMessage: (listener) => webview.onDidReceiveMessage(listener) };
    const server = new PageServer(port, this.#deck, this.#actions(), this.#trace);
    this.#servers.add(server);
    webview.html = pageHtml(webview, this.#extensionUri, place);
    return server;
  }

  #release(server: PageServer): void {
    this.#servers.delete(server);
    server.dispose();
  }

  dispose(): void {
    for (const server of this.#servers) server.dispose();
    this.#tab?.dispose();
    this.#disposables.dispose();
  }
}
