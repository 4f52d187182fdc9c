import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { besideReader, readBeside } from '../../src/store/besideFile.ts';

let base: string;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'beside-'));
  mkdirSync(join(base, 'root/a'), { recursive: true });
  writeFileSync(join(base, 'root/a/s.json'), '{}');
  writeFileSync(join(base, 'outside.json'), 'secret');
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

test('[A4] reads a file beside a transcript, and none that lies elsewhere', () => {
  const root = join(base, 'root');
  expect(readBeside(root, 'a/s.json')).toBe('{}');
  for (const relative of [
    'a',
    'a/none.json',
    '../outside.json',
    'a/../../outside.json',
    '/etc/passwd',
    '',
    'a//s.json',
    '..\\outside.json',
    'C:/x',
    'a\0b',
  ])
    expect(readBeside(root, relative), relative).toBeUndefined();
});

test('[A18] leaves alone what is too large to be read at once', () => {
  truncateSync(join(base, 'root/a/s.json'), 8 * 1024 * 1024 + 1);
  expect(readBeside(join(base, 'root'), 'a/s.json')).toBeUndefined();
});

test.skipIf(process.platform === 'win32')('[A23] stands a link that leads nowhere', () => {
  symlinkSync(join(base, 'gone'), join(base, 'root/a/link.json'));
  expect(readBeside(join(base, 'root'), 'a/link.json')).toBeUndefined();
});

test('[A4] finds what lies beside a transcript by its own place below the root', () => {
  const path = join(base, 'root/a/t.jsonl');
  expect(besideReader({ path, relative: 'a/t.jsonl' })('a/s.json')).toBe('{}');
  expect(besideReader({ path, relative: 't.jsonl' })('s.json')).toBe('{}');
  expect(besideReader({ path, relative: 'a/t.jsonl/session' })('a/s.json')).toBeUndefined();
  expect(besideReader({ path, relative: '.jsonl' })('s.json')).toBeUndefined();
});
