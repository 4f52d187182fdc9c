import { readdirSync, readFileSync, statSync } from 'node:fs';
import { mkdir, open } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { encodeLine, firstPrev, lineHash } from '../../src/core/logCodec.ts';
import type { TapedeckEvent } from '../../src/model/event.ts';
import { nodeDigest } from '../../src/store/digest.ts';
import type { SessionLayout } from '../../src/store/layout.ts';

/** Text to be said, printed and edited in a log: of a file that stays the same for a while. */
export interface TextSource {
  next(): { readonly path: string; readonly text: string };
}

/** The sources, pages and data that are installed beside us, one after another in a fixed order: what agents read and write all day. */
export function realText(root: string): TextSource {
  const files: string[] = [];
  const walk = (folder: string, depth: number): void => {
    if (depth > 7) return;
    for (const entry of readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) walk(path, depth + 1);
      else if (/(?<!\.min)\.(?:[mc]?[jt]s|md|json|css|html|txt)$/.test(entry.name)) {
        const { size } = statSync(path);
        if (size > 400 && size < 300_000) files.push(path);
      }
    }
  };
  walk(root, 0);
  if (files.length === 0) throw new Error(`No text in ${root}`);
  return {
    next: () => {
      const path = files[draw(files.length)]!;
      return { path: relative(root, path).replaceAll('\\', '/'), text: readFileSync(path, 'utf8') };
    },
  };
}

/** Sixty words over and over. */
export function fewWords(): TextSource {
  const words =
    'the a to of cart total price session token limit window retry order client server test fails because null undefined route handler cache stale write read file module import export type value check parse render list item user login rate queue worker event state fold merge index page'.split(
      ' ',
    );
  return {
    next: () => ({
      path: `packages/part${draw(23)}/src/module${draw(2000)}.ts`,
      text: Array.from({ length: 2000 }, () => words[draw(words.length)]!).join(' '),
    }),
  };
}

let seed = 1;

function draw(below: number): number {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
  return Math.floor((seed / 0x1_0000_0000) * below);
}

const hex = (length: number): string => Array.from({ length }, () => draw(16).toString(16)).join('');

/** About 500 bytes an event: prompts, replies, tool calls with edits, commands with output, changes of files. */
export function* textEvents(count: number, source: TextSource): Generator<TapedeckEvent> {
  seed = 1;
  let page = source.next();
  const by = { actor: 'agent', name: 'codex', how: 'transcript' } as const;
  const run = '0199e5a1-7c2f-7f40-9d2e-3f1f5e0c9a11';
  const cut = (most: number): string => {
    const length = 20 + draw(draw(8) === 0 ? most * 4 : most);
    const from = draw(Math.max(1, page.text.length - length));
    return page.text.slice(from, from + length);
  };
  for (let n = 1; n <= count; n++) {
    if (n % 40 === 0) page = source.next();
    const frame = { v: 1, w: 'k3f9ab2c', n, at: new Date(Date.UTC(2026, 0, 1) + n * 700).toISOString() };
    const excerpt = (most: number): { head: string; sizeBytes: number } => ({ head: cut(most), sizeBytes: 9 });
    const what = n % 8;
    if (what === 0) yield { ...frame, kind: 'prompt.submitted', by, run, turn: 3, text: excerpt(400), provenance: 'user' };
    else if (what === 1) yield { ...frame, kind: 'reply.given', by, run, turn: 3, text: excerpt(400) };
    else if (what < 4)
      yield {
        ...{ ...frame, kind: 'tool.called', by, run, turn: 3, call: `call_${hex(16)}`, name: 'Edit', tool: 'edit', paths: [page.path] },
        edits: [{ path: page.path, op: 'update', oldText: cut(100), newText: cut(120) }],
      };
    else if (what < 6)
      yield {
        ...frame,
        kind: 'command.ended',
        by,
        run,
        command: `sed -n ${draw(900)}p ${page.path}`,
        exitCode: 0,
        durationMs: draw(900),
        output: excerpt(320),
      };
    else
      yield {
        ...{ ...frame, kind: 'file.changed', by, path: page.path, added: draw(20), removed: draw(9) },
        before: { hash: hex(64), sizeBytes: draw(9000), type: 'file', mode: 0o644 },
        after: { hash: hex(64), sizeBytes: draw(9000), type: 'file', mode: 0o644 },
      };
  }
}

/** Writes them as one writer's segments of 64 MB. The bytes written. */
export async function writeTextLog(session: SessionLayout, events: Iterable<TapedeckEvent>): Promise<number> {
  await mkdir(session.events, { recursive: true });
  let prev = firstPrev;
  let number = 1;
  let bytes = 0;
  let inFile = 0;
  let lines: string[] = [];
  let file = await open(session.segment('k3f9ab2c', number), 'w');
  const flush = async (): Promise<void> => {
    const chunk = Buffer.from(lines.join(''));
    lines = [];
    await file.write(chunk);
    bytes += chunk.length;
    inFile += chunk.length;
    if (inFile < 64 << 20) return;
    await file.close();
    file = await open(session.segment('k3f9ab2c', (number += 1)), 'w');
    inFile = 0;
  };
  for (const event of events) {
    const line = encodeLine(event, prev, nodeDigest);
    prev = lineHash(line.slice(0, -1), nodeDigest);
    if (lines.push(line) >= 2000) await flush();
  }
  await flush();
  await file.close();
  return bytes;
}
