import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { danglingImports, findCircle, forbiddenImports, readImports, sourceFiles } from './imports.ts';

const root = path.resolve(import.meta.dirname, '../..');
const files = [...sourceFiles(root, 'src'), ...sourceFiles(root, 'webview')];
const imports = files.flatMap((file) => readImports(root, file));
const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');
const tracked = execFileSync('git', ['ls-files'], { cwd: root, encoding: 'utf8' })
  .trim()
  .split('\n')
  .filter((file) => existsSync(path.join(root, file)));

describe('the house', () => {
  it('[H1] arrows go down, and each room touches only what its name permits', () => {
    expect(imports.length).toBeGreaterThan(20);
    expect(forbiddenImports(imports)).toEqual([]);
    expect(danglingImports(root, imports)).toEqual([]);
  });

  it('[H1] a planted arrow is found: up, across, into a roof, out to vscode, Node and the toolkit', () => {
    const planted = (file: string, text: string) => forbiddenImports(readImports(root, file, text)).length;
    expect(planted('src/core/a.ts', `import { b } from '../store/b.ts';`)).toBe(1);
    expect(planted('src/store/a.ts', `import type { b } from '../services/b.ts';`)).toBe(1);
    expect(planted('src/cli/a.ts', `export { b } from '../host/b.ts';`)).toBe(1);
    expect(planted('src/host/a.ts', `import '../extension.ts';`)).toBe(1);
    expect(planted('src/services/a.ts', `const v = await import('vscode');`)).toBe(1);
    expect(planted('src/model/a.ts', `import {\n  readFile,\n} from 'node:fs/promises';`)).toBe(1);
    expect(planted('webview/a.ts', `import { provideVSCodeDesignSystem } from '@vscode/webview-ui-toolkit';`)).toBe(1);
    expect(planted('src/host/a.ts', `import * as vscode from 'vscode';\nimport { x } from '../core/x.ts';`)).toBe(0);
  });

  it('[H2] there is no circle of imports', () => {
    expect(findCircle(imports)).toBeUndefined();
    const ours = (from: string, to: string) => ({ from, to, isOurs: true, isTypeOnly: false });
    expect(findCircle([ours('a', 'b'), ours('b', 'c'), ours('c', 'a')])).toEqual(['a', 'b', 'c', 'a']);
  });

  it('[H3] the top level holds what it must and what the ecosystem puts there', () => {
    const allowed = new Set([
      'src',
      'webview',
      'media',
      'test',
      'package.json',
      'tsconfig.json',
      'esbuild.mjs',
      '.vscodeignore',
      'CHANGELOG.md',
      'README.md',
      'package-lock.json',
      'LICENSE',
      'AGENTS.md',
      'vitest.config.ts',
      'knip.json',
    ]);
    const names = new Set(tracked.map((file) => file.split('/')[0] ?? ''));
    expect([...names].filter((name) => !allowed.has(name) && !name.startsWith('.'))).toEqual([]);
  });

  it('[H4] no file is named for everything, and none has a default export', () => {
    expect(files.filter((file) => /\/(utils?|helpers?|types|common|index)\.ts$/.test(file))).toEqual([]);
    expect(files.filter((file) => /^export default/m.test(read(file)))).toEqual([]);
  });

  it('[H5] every command of the manifest is registered, and every registered one is in the manifest', () => {
    const manifest = JSON.parse(read('package.json')) as { contributes: { commands: { command: string }[] } };
    const declared = manifest.contributes.commands.map(({ command }) => command).toSorted();
    const text = sourceFiles(root, 'src/host').concat('src/extension.ts').map(read).join('\n');
    const registered = [...new Set([...text.matchAll(/'(tapedeck\.(?:row\.)?[a-zA-Z]+)': /g)].map((match) => match[1] ?? ''))].toSorted();
    expect(registered).toEqual(declared);
  });

  it('[H6] every command and setting stands in the README', () => {
    const manifest = JSON.parse(read('package.json')) as {
      contributes: { commands: { command: string; title: string }[]; configuration: { properties: Record<string, unknown> } };
    };
    const readme = read('README.md');
    const missing = [
      ...manifest.contributes.commands.filter(({ command }) => !command.includes('.row.')).map(({ title }) => title),
      ...Object.keys(manifest.contributes.configuration.properties),
    ].filter((name) => !readme.includes(name));
    expect(missing).toEqual([]);
  });

  it('[H7] every npm script that a document names exists', () => {
    const scripts = Object.keys((JSON.parse(read('package.json')) as { scripts: Record<string, string> }).scripts);
    const named = ['README.md', 'AGENTS.md'].flatMap((file) =>
      [...read(file).matchAll(/npm run ([a-z][a-z:]*)/g)].map((match) => match[1] ?? ''),
    );
    expect(named.length).toBeGreaterThan(3);
    expect(named.filter((name) => !scripts.includes(name))).toEqual([]);
  });

  it('[H8] every room has its TypeScript project, and the root names them all', () => {
    const rooms = readdirSync(path.join(root, 'src'), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name);
    const named = (JSON.parse(read('tsconfig.json')) as { references: { path: string }[] }).references.map((reference) => reference.path);
    for (const room of rooms) expect(named).toContain(`./src/${room}`);
  });

  it('[H9] no proposed API of VS Code is used, though the test server would allow it', () => {
    const proposed =
      /registerTimelineProvider|onDidWriteTerminalData|onDidExecuteTerminalCommand|detailedReason|createChatSessionItemController|registerQuickDiffProvider|TabInputTextMultiDiff|enabledApiProposals/;
    expect(files.filter((file) => proposed.test(read(file)))).toEqual([]);
    expect(read('package.json')).not.toMatch(proposed);
  });

  it('[H10] every promise that a test quotes stands in the SPEC', () => {
    const spec = read('test/SPEC.md');
    const quoted = new Set(
      tracked
        .filter((file) => /^test\/.*\.test\.ts$/.test(file))
        .flatMap((file) => [...read(file).matchAll(/['"`]\[([A-Z]\d+)\]/g)].map((match) => match[1] ?? '')),
    );
    expect([...quoted].filter((id) => !new RegExp(`\\b${id}\\b`).test(spec))).toEqual([]);
  });
});
