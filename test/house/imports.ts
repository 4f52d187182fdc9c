import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';

/** One import of one file. `to` is a file of ours, relative to the root with `/`, or the name of a package. */
export interface Import {
  readonly from: string;
  readonly to: string;
  readonly isOurs: boolean;
  readonly isTypeOnly: boolean;
}

/** All TypeScript files under a folder, relative to the root, with `/`. */
export function sourceFiles(root: string, folder: string): string[] {
  const found: string[] = [];
  for (const name of readdirSync(path.join(root, folder))) {
    const relative = `${folder}/${name}`;
    if (statSync(path.join(root, relative)).isDirectory()) found.push(...sourceFiles(root, relative));
    else if (name.endsWith('.ts') && !name.endsWith('.d.ts')) found.push(relative);
  }
  return found;
}

const importPattern = /^\s*(?:import|export)\s+(type\s+)?(?:[^'";]*?\sfrom\s+)?['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)/gm;

/** The imports that stand in a text of TypeScript. */
export function readImports(root: string, file: string, text = readFileSync(path.join(root, file), 'utf8')): Import[] {
  return [...text.matchAll(importPattern)].map((match) => {
    const target = match[2] ?? match[3] ?? '';
    const isOurs = target.startsWith('.');
    const to = isOurs ? path.posix.join(path.posix.dirname(file), target) : target;
    return { from: file, to, isOurs, isTypeOnly: match[1] !== undefined };
  });
}

/** The rooms, from the ground up, and which of them each may reach down to. */
export const mayImport: Readonly<Record<string, readonly string[]>> = {
  base: [],
  model: ['base'],
  core: ['base', 'model'],
  protocol: ['base', 'model', 'core'],
  store: ['base', 'model', 'core'],
  services: ['base', 'model', 'core', 'store'],
  mcp: ['base', 'model', 'core', 'store', 'services'],
  cli: ['base', 'model', 'core', 'store', 'services'],
  host: ['base', 'model', 'core', 'protocol', 'store', 'services'],
  webview: ['base', 'model', 'core', 'protocol'],
  roof: ['base', 'model', 'core', 'protocol', 'store', 'services', 'mcp', 'cli', 'host'],
};

/** The room in which a file lies. A file directly in src is a roof. */
export function roomOf(file: string): string {
  if (file.startsWith('webview/')) return 'webview';
  const parts = file.split('/');
  return parts.length === 2 ? 'roof' : (parts[1] ?? '');
}

/** What each room may touch of the world outside. */
const mayTouch: Readonly<Record<'vscode' | 'node', readonly string[]>> = {
  vscode: ['host', 'roof'],
  node: ['store', 'services', 'mcp', 'cli', 'host', 'roof'],
};

/** Every import that points up, across, or at something that the room must not touch; each as one line. */
export function forbiddenImports(imports: readonly Import[]): string[] {
  const faults: string[] = [];
  for (const { from, to, isOurs } of imports) {
    const room = roomOf(from);
    const allowed = mayImport[room];
    if (allowed === undefined) faults.push(`${from}: there is no room named ${room}`);
    else if (isOurs) {
      const target = roomOf(to);
      if (target === 'roof') faults.push(`${from} -> ${to}: nobody imports a roof`);
      else if (target !== room && !allowed.includes(target)) faults.push(`${from} -> ${to}: ${room} may not reach ${target}`);
    } else if (to === 'vscode' && !mayTouch.vscode.includes(room)) faults.push(`${from} -> vscode`);
    else if (to.startsWith('node:') && !mayTouch.node.includes(room)) faults.push(`${from} -> ${to}`);
    else if (to.startsWith('@vscode/webview-ui-toolkit') && from !== 'webview/controls.ts')
      faults.push(`${from} -> ${to}: the toolkit stays in webview/controls.ts`);
    else if (room === 'webview' && to.startsWith('zod')) faults.push(`${from} -> ${to}: the page needs no schemas`);
  }
  return faults;
}

/** The first circle of imports among the files, as a path that ends where it began; undefined when there is none. */
export function findCircle(imports: readonly Import[]): string[] | undefined {
  const arrows = new Map<string, string[]>();
  for (const { from, to, isOurs } of imports) if (isOurs) arrows.set(from, [...(arrows.get(from) ?? []), to]);
  const done = new Set<string>();
  const visit = (file: string, trail: readonly string[]): string[] | undefined => {
    const at = trail.indexOf(file);
    if (at >= 0) return [...trail.slice(at), file];
    if (done.has(file)) return undefined;
    for (const next of arrows.get(file) ?? []) {
      const circle = visit(next, [...trail, file]);
      if (circle !== undefined) return circle;
    }
    done.add(file);
    return undefined;
  };
  for (const file of arrows.keys()) {
    const circle = visit(file, []);
    if (circle !== undefined) return circle;
  }
  return undefined;
}

/** Imports of ours that lead to no file. */
export function danglingImports(root: string, imports: readonly Import[]): string[] {
  return imports.filter(({ to, isOurs }) => isOurs && !existsSync(path.join(root, to))).map(({ from, to }) => `${from} -> ${to}`);
}
