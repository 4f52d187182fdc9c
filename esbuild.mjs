// Bundles what ships into dist/ (the extension, its log worker, the CLI, the webview) and, with --tests, the in-host tests into out/.
//   node esbuild.mjs [--dev] [--watch] [--tests] [--cli FOLDER]
// --cli: only the command line, into that folder. Metafiles go to out/meta/: the budgets and borders of the bundles are read from them.
// What the extension, its log worker and the CLI stand on, the rooms below the roofs, is bundled once, into rooms.js beside them.
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { build, context } from 'esbuild';

const words = process.argv.slice(2);
const flags = new Set(words);
const isDev = flags.has('--dev');
const cliFolder = flags.has('--cli') ? words[words.indexOf('--cli') + 1] : undefined;
const dist = cliFolder ?? 'dist';
const source = path.resolve('src');

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

/** Modules of the rooms that a roof imports, by their path in src. @type {Set<string>} */
const rooms = new Set();

/** In a roof's bundle, every module below it is taken from rooms.js. @type {import('esbuild').Plugin} */
const fromRooms = {
  name: 'from-rooms',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^\.\.?\// }, ({ path: asked, resolveDir, namespace }) => {
      if (namespace !== 'file') return undefined;
      const file = path.relative(source, path.resolve(resolveDir, asked)).split(path.sep).join('/');
      if (!/^(?:base|model|core|store|services)\//.test(file)) return undefined;
      rooms.add(file);
      return { path: file, namespace: 'rooms' };
    });
    onResolve({ filter: /^\.\/rooms\.js$/, namespace: 'rooms' }, () => ({ path: './rooms.js', external: true }));
    onLoad({ filter: /.*/, namespace: 'rooms' }, ({ path: file }) => ({
      contents: `module.exports = require('./rooms.js')(${JSON.stringify(file)});`,
    }));
  },
};

/** Each module is begun when a roof first asks for it. @returns {import('esbuild').BuildOptions} */
function roomsBundle() {
  const begin = [...rooms]
    .toSorted((a, b) => (a < b ? -1 : 1))
    .map((file) => `${JSON.stringify(file)}: () => require(${JSON.stringify(`./${file}`)}),`);
  return {
    ...node,
    stdin: { contents: `const begin = {\n${begin.join('\n')}\n};\nmodule.exports = (file) => begin[file]();\n`, resolveDir: source },
    outfile: `${dist}/rooms.js`,
    target: 'node20',
  };
}

/** @type {Record<string, import('esbuild').BuildOptions>} */
const roofs = {
  extension: {
    ...node,
    entryPoints: ['src/extension.ts'],
    outfile: 'dist/extension.js',
    target: 'node22',
    external: ['vscode'],
    plugins: [fromRooms],
  },
  logWorker: { ...node, entryPoints: ['src/logWorker.ts'], outfile: 'dist/logWorker.js', target: 'node22', plugins: [fromRooms] },
  cli: {
    ...node,
    entryPoints: ['src/cli.ts'],
    outfile: `${dist}/cli.js`,
    target: 'node20',
    banner: { js: '#!/usr/bin/env node' },
    plugins: [fromRooms],
  },
};
/** @type {Record<string, import('esbuild').BuildOptions>} */
const others = {
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
  others.inHostTests = {
    ...node,
    minify: false,
    entryPoints: ['test/vscode/index.ts'],
    outfile: 'out/test-vscode/index.js',
    target: 'node22',
    external: ['vscode', 'mocha'],
  };
}

/** @param {string} name @param {import('esbuild').BuildOptions} options */
async function make(name, options) {
  const { metafile } = await build(options);
  if (cliFolder === undefined) writeFileSync(`out/meta/${name}.json`, JSON.stringify(metafile));
}

if (cliFolder === undefined) {
  if (!flags.has('--watch')) rmSync('dist', { recursive: true, force: true });
  mkdirSync('dist/webview', { recursive: true });
  mkdirSync('out/meta', { recursive: true });
  cpSync('node_modules/@vscode/codicons/dist/codicon.ttf', 'dist/webview/codicon.ttf');
  for (const [name, options] of Object.entries(roofs)) await make(name, options);
} else await make('cli', roofs.cli);
await make('rooms', roomsBundle());
if (cliFolder === undefined) for (const [name, options] of Object.entries(others)) await make(name, options);

if (flags.has('--watch'))
  for (const options of [...Object.values(roofs), roomsBundle(), ...Object.values(others)]) await (await context(options)).watch();
