import { execFileSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';

const root = path.resolve(import.meta.dirname, '../..');
const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');

interface Metafile {
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly outputs: Readonly<Record<string, { readonly bytes: number }>>;
}
const metafile = (bundle: string): Metafile => JSON.parse(read(`out/meta/${bundle}.json`)) as Metafile;
const sizeOf = (bundle: string): number => Math.max(...Object.values(metafile(bundle).outputs).map(({ bytes }) => bytes));
const inputsOf = (bundle: string): string[] => Object.keys(metafile(bundle).inputs);

// The packed extension and the metafiles come from the build and package stages that run before.
describe('what ships', () => {
  it('[H11] is on the checked-in list, and nothing else', () => {
    const listed = execFileSync(process.execPath, [path.join(root, 'node_modules/@vscode/vsce/vsce'), 'ls', '--no-dependencies'], {
      cwd: root,
      encoding: 'utf8',
    })
      .trim()
      .split('\n')
      .filter((line) => line !== '' && !line.includes(' '))
      .toSorted();
    expect(listed).toEqual(read('test/house/shipped.txt').trim().split('\n').toSorted());
    expect(listed.length).toBeLessThan(30);
    expect(listed.filter((file) => file.includes('node_modules'))).toEqual([]);
  });

  it('[H11] is under 700 kB', () => {
    expect(statSync(path.join(root, 'out/tapedeck.vsix')).size).toBeLessThan(700_000);
  });

  it('[H12] keeps the page free of schemas and of Node, and the core free of the editor', () => {
    expect(
      inputsOf('webview').filter((file) => /node_modules\/zod|node_modules\/react|^src\/(?:store|services|host|cli)\//.test(file)),
    ).toEqual([]);
    expect(inputsOf('rooms').filter((file) => /^src\/(?:host|protocol|cli|mcp)\/|^webview\//.test(file))).toEqual([]);
    expect(inputsOf('cli').filter((file) => /^src\/(?:host|protocol)\/|^webview\//.test(file))).toEqual([]);
    expect(inputsOf('logWorker').filter((file) => /^src\/(?:host|protocol|cli|mcp)\/|^webview\//.test(file))).toEqual([]);
    expect(inputsOf('extension').filter((file) => /^src\/(?:cli|mcp)\/|^webview\//.test(file))).toEqual([]);
  });

  it('[H12] keeps every bundle within its budget', () => {
    const budgets = { extension: 140_000, cli: 160_000, rooms: 1_000_000, logWorker: 10_000, webview: 320_000 };
    expect(Object.entries(budgets).filter(([bundle, bytes]) => sizeOf(bundle) >= bytes)).toEqual([]);
  });

  it('[H11] has a manifest that the Marketplace takes whole', () => {
    const manifest = JSON.parse(read('package.json')) as Record<string, unknown> & {
      engines: { vscode: string };
      devDependencies: Record<string, string>;
      categories: string[];
    };
    for (const key of [
      'displayName',
      'description',
      'icon',
      'categories',
      'keywords',
      'galleryBanner',
      'repository',
      'bugs',
      'license',
      'extensionKind',
      'capabilities',
    ])
      expect(manifest, key).toHaveProperty(key);
    expect(manifest.devDependencies['@types/vscode']).toBe(manifest.engines.vscode.replace('^', ''));
    expect(manifest['dependencies']).toBeUndefined();
    const icon = readFileSync(path.join(root, 'media/icon.png'));
    expect([icon.readUInt32BE(16), icon.readUInt32BE(20)]).toEqual([256, 256]);
  });
});
