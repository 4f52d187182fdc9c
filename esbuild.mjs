// Bundles what ships into dist/ (the extension, its log worker, the CLI, the webview) and, with --tests, the in-host tests into out/.
//   node esbuild.mjs [--dev] [--watch] [--tests]
// Metafiles go to out/meta/: the budgets and borders of the bundles are read from them.
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { build, context } from 'esbuild';

const flags = new Set(process.argv.slice(2));
const isDev = flags.has('--dev');

/** @type {import('esbuild').BuildOptions} */
const shared = {
  bundle: true,
  minify: !isDev,
  sourcemap: isDev ? 'linked' : false,
  metafile: true,
  logLevel: 'warning',
  legalComments: 'none',
  charset: 'utf8',
};
/** @type {import('esbuild').BuildOptions} */
const node = {
  ...shared,
  platform: 'node',
  format: 'cjs',
  mainFields: ['module', 'main'],
  // Zod asks it for one cloud's name; the extension host takes the question for a fault and logs it at each start.
  define: { navigator: 'undefined' },
};

/** @type {Record<string, import('esbuild').BuildOptions>} */
const bundles = {
  extension: { ...node, entryPoints: ['src/extension.ts'], outfile: 'dist/extension.js', target: 'node22', external: ['vscode'] },
  logWorker: { ...node, entryPoints: ['src/logWorker.ts'], outfile: 'dist/logWorker.js', target: 'node22' },
  cli: { ...node, entryPoints: ['src/cli.ts'], outfile: 'dist/cli.js', target: 'node20', banner: { js: '#!/usr/bin/env node' } },
  webview: {
    ...shared,
    entryPoints: ['webview/main.ts'],
    outfile: 'dist/webview/main.js',
    platform: 'browser',
    format: 'iife',
    target: 'es2022',
  },
  style: { ...shared, entryPoints: ['webview/style.css'], outfile: 'dist/webview/style.css', external: ['*.ttf'] },
};
if (flags.has('--tests')) {
  bundles.inHostTests = {
    ...node,
    minify: false,
    entryPoints: ['test/vscode/index.ts'],
    outfile: 'out/test-vscode/index.js',
    target: 'node22',
    external: ['vscode', 'mocha'],
  };
}

if (!flags.has('--watch')) rmSync('dist', { recursive: true, force: true });
mkdirSync('dist/webview', { recursive: true });
mkdirSync('out/meta', { recursive: true });
cpSync('node_modules/@vscode/codicons/dist/codicon.ttf', 'dist/webview/codicon.ttf');

for (const [name, options] of Object.entries(bundles)) {
  if (flags.has('--watch')) {
    const watcher = await context(options);
    await watcher.watch();
    continue;
  }
  const result = await build(options);
  writeFileSync(`out/meta/${name}.json`, JSON.stringify(result.metafile));
}
