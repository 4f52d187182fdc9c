import type { TimelineSection } from './timeline.ts';
import type { RowKind, TimelineRow } from './timelineRow.ts';
import { authorName } from './timelineWords.ts';

/**
 * What is typed into the filter box: words, `"two words"`, `file:auth`, `kind:command`, `by:codex`, `run:81f2`, `failed`. All of them must
 * hold; a `-` in front turns one round. What is not understood is a plain word, so nothing typed is ever an error.
 */
export interface TimelineFilter {
  readonly isEmpty: boolean;
  matches(row: TimelineRow): boolean;
}

type Test = (row: TimelineRow) => boolean;

export function parseFilter(text: string): TimelineFilter {
  const tests: Test[] = [];
  for (const [, minus, key, quotedValue, plainValue, quoted, plain] of text.matchAll(tokenPattern)) {
    const test =
      key === undefined
        ? wordTest(quoted ?? plain ?? '', quoted !== undefined)
        : keyTest(key.toLowerCase(), quotedValue ?? plainValue ?? '');
    if (test === undefined) continue;
    tests.push(minus === '-' ? (row) => !test(row) : test);
  }
  return { isEmpty: tests.length === 0, matches: (row) => tests.every((test) => test(row)) };
}

const tokenPattern = /(-?)(?:(file|path|kind|by|run):(?:"([^"]*)"?|(\S*))|"([^"]*)"?|(\S+))/gi;

function keyTest(key: string, value: string): Test | undefined {
  const wanted = value.toLowerCase();
  // A key without its value is still being typed.
  if (wanted === '') return undefined;
  if (key === 'kind') {
    const kinds = kindWords[wanted.replace(/s$/, '')];
    if (kinds === undefined) return () => false;
    return (row) => kinds.includes(row.kind);
  }
  if (key === 'run') return ({ by }) => (by?.run ?? '').toLowerCase().includes(wanted);
  if (key === 'by') {
    if (['me', 'you', 'user'].includes(wanted)) return ({ by }) => by?.actor === 'user';
    return ({ by }) =>
      by !== undefined && (by.actor === wanted || authorName(by).toLowerCase().includes(wanted) || (by.name ?? '').includes(wanted));
  }
  return ({ paths }) => paths.some((path) => path.toLowerCase().includes(wanted));
}

function wordTest(word: string, isQuoted: boolean): Test | undefined {
  const wanted = word.toLowerCase();
  if (wanted === '') return undefined;
  if (!isQuoted && wanted === 'failed') return (row) => row.kind === 'failure' || row.failure !== undefined;
  return (row) =>
    row.title.toLowerCase().includes(wanted) ||
    (row.meta?.toLowerCase().includes(wanted) ?? false) ||
    (row.who?.toLowerCase().includes(wanted) ?? false) ||
    row.chips.some(({ text }) => text.toLowerCase().includes(wanted)) ||
    row.paths.some((path) => path.toLowerCase().includes(wanted)) ||
    row.texts.some((text) => text.toLowerCase().includes(wanted));
}

const kindWords: Readonly<Record<string, readonly RowKind[]>> = {
  prompt: ['turn'],
  turn: ['turn'],
  edit: ['files', 'file'],
  file: ['files', 'file'],
  command: ['action', 'actions', 'failure', 'check'],
  read: ['action', 'actions'],
  tool: ['action', 'actions', 'failure'],
  failure: ['failure'],
  fail: ['failure'],
  test: ['check', 'failure'],
  check: ['check'],
  reply: ['reply'],
  replie: ['reply'],
  plan: ['plan'],
  decision: ['decision'],
  blocker: ['blocker'],
  note: ['note'],
  checkpoint: ['checkpoint'],
  commit: ['commit'],
  git: ['commit', 'git'],
  rewind: ['rewind'],
  session: ['session', 'capture'],
};

/** The sections with only what matches: a heading that matches keeps all its rows, a folded row only what matches in it. */
export function filterSections(sections: readonly TimelineSection[], filter: TimelineFilter): readonly TimelineSection[] {
  if (filter.isEmpty) return sections;
  return sections.flatMap((section): TimelineSection[] => {
    if (section.heading !== undefined && filter.matches({ ...section.heading, paths: [] })) return [section];
    const rows = section.rows.flatMap((row): TimelineRow[] => {
      const children = row.children.filter((child) => filter.matches({ ...child, by: child.by ?? row.by }));
      if (children.length > 0 && children.length < row.children.length) return [{ ...row, children }];
      return children.length > 0 || filter.matches(row) ? [row] : [];
    });
    return rows.length === 0 ? [] : [{ ...section, rows }];
  });
}
