// The demo's project: a small tea timer with a test, a formatter and two commits of history.
import { execFileSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

const lines = (/** @type {readonly string[]} */ ...text) => `${text.join('\n')}\n`;

const files = {
  'package.json': lines(
    '{',
    '  "name": "teatime",',
    '  "private": true,',
    '  "type": "module",',
    '  "scripts": { "test": "node --test" }',
    '}',
  ),
  'README.md': lines('# Teatime', '', 'How long each tea wants to steep.', '', '    node src/cli.mjs list'),
  '.gitignore': lines('node_modules/', '*.log'),
  'src/teas.mjs': lines(
    'export const teas = [',
    "  { name: 'Sencha', seconds: 90 },",
    "  { name: 'Darjeeling', seconds: 180 },",
    "  { name: 'Rooibos', seconds: 420 },",
    '];',
  ),
  'src/list.mjs': lines(
    '/** One line a tea. */',
    'export function plainList(teas) {',
    "  return teas.map(({ name, seconds }) => `${name}  ${seconds / 60} min`).join('\\n');",
    '}',
  ),
  'src/cli.mjs': lines(
    "import { plainList } from './list.mjs';",
    "import { teas } from './teas.mjs';",
    '',
    'console.log(plainList(teas));   ',
  ),
  'test/list.test.mjs': lines(
    "import assert from 'node:assert/strict';",
    "import { test } from 'node:test';",
    "import { plainList } from '../src/list.mjs';",
    '',
    "test('a plain list has one line a tea', () => {",
    "  assert.equal(plainList([{ name: 'Sencha', seconds: 90 }]), 'Sencha  1.5 min');",
    '});',
  ),
  'tools/format.mjs': lines(
    "// The project's formatter: no blanks at the ends of lines.",
    "import { readFileSync, readdirSync, writeFileSync } from 'node:fs';",
    '',
    "for (const name of readdirSync('src')) {",
    '  const file = `src/${name}`;',
    "  const text = readFileSync(file, 'utf8');",
    "  const tidy = text.replace(/[ \\t]+$/gm, '');",
    '  if (tidy !== text) writeFileSync(file, tidy);',
    '  console.log(tidy === text ? `${file}: fine` : `${file}: tidied`);',
    '}',
  ),
};

const later = {
  'notes/scratch.txt': lines('oolong? how many infusions', 'ask Mei about the gaiwan'),
};

/**
 * Writes the project into an empty folder and commits it.
 * @param {string} folder
 */
export async function layDemoWorkspace(folder) {
  const git = (/** @type {readonly string[]} */ ...args) => execFileSync('git', args, { cwd: folder, stdio: 'ignore' });
  await writeAll(folder, files);
  git('init', '-q', '-b', 'main');
  for (const [name, value] of [
    ['user.name', 'Tess Deck'],
    ['user.email', 'tess@example.invalid'],
    ['commit.gpgsign', 'false'],
    ['core.autocrlf', 'false'],
  ]) {
    git('config', String(name), String(value));
  }
  git('add', '-A');
  git('commit', '-qm', 'List teas and how long they steep');
  await writeAll(folder, later);
  git('add', '-A');
  git('commit', '-qm', 'Keep some notes');
}

/** @param {string} folder @param {Readonly<Record<string, string>>} contents */
async function writeAll(folder, contents) {
  for (const [name, content] of Object.entries(contents)) {
    const file = path.join(folder, name);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, content);
  }
}
