import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';

/** Where the webview's own files lie; nothing else can be loaded into it. */
export function pageRoot(extensionUri: vscode.Uri): vscode.Uri {
  return vscode.Uri.joinPath(extensionUri, 'dist', 'webview');
}

/**
 * The page that holds the timeline. Nothing from the log is ever written into it: it starts empty and asks for data by
 * message. Scripts run with a nonce only. `style-src` allows inline styles, because the control toolkit registers its
 * own style elements without one; a style can't run code, and `default-src 'none'` keeps it from loading anything.
 */
export function pageHtml(webview: vscode.Webview, extensionUri: vscode.Uri, place: 'view' | 'tab'): string {
  const nonce = randomBytes(18).toString('base64url');
  const file = (name: string): string => webview.asWebviewUri(vscode.Uri.joinPath(pageRoot(extensionUri), name)).toString();
  const policy = [
    `default-src 'none'`,
    `img-src ${webview.cspSource} data:`,
    `font-src ${webview.cspSource}`,
    `style-src ${webview.cspSource} 'unsafe-inline'`,
    `script-src 'nonce-${nonce}'`,
  ].join('; ');
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta property="csp-nonce" content="${nonce}">
<link rel="stylesheet" href="${file('style.css')}">
<title>Tapedeck</title>
</head>
<body data-place="${place}">
<tapedeck-app><div class="skeleton" role="status" aria-label="Loading the timeline"><h1 class="spoken">Loading the timeline</h1>${'<span></span>'.repeat(9)}</div></tapedeck-app>
<script nonce="${nonce}" src="${file('main.js')}"></script>
</body>
</html>`;
}
