import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import zlib from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { transcriptAdapters } from '../../src/core/transcripts/table.ts';
import { recogniseTranscript } from '../../src/services/transcriptRecognition.ts';
import { hasZstd } from '../../src/store/zstd.ts';
import { fixturesOf } from '../core/transcripts/adapterContract.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tapedeck-whose-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const environment = { platform: 'linux', homeFolder: '/home/nobody', variables: {} };
async function whose(content: string | Buffer): Promise<string | undefined> {
  const path = join(folder, 'some');
  await writeFile(path, content);
  const found = await recogniseTranscript(path, transcriptAdapters, environment);
  return found === undefined ? undefined : `${found.adapter.id} ${found.framing}`;
}
/** Agents whose files are another's by their form alone: where they lie tells. */
const formOf: Readonly<Record<string, string>> = { roo: 'cline', kilo: 'cline' };

describe('a file that lies nowhere in particular', () => {
  test.each(transcriptAdapters.flatMap(({ id }) => fixturesOf(id).map((fixture) => [id, fixture.scenario, fixture.path] as const)))(
    '[A42] is known to be %s’s by its beginning: %s',
    async (id, _, path) => {
      expect((await whose(await readFile(path)))?.split(' ')[0]).toBe(formOf[id] ?? id);
    },
  );

  test.skipIf(!hasZstd())('[A42] is known though it is packed', async () => {
    const { path } = fixturesOf('codex').find((fixture) => fixture.path.endsWith('.jsonl'))!;
    expect(await whose(zlib.zstdCompressSync(await readFile(path)))).toBe('codex packed-lines');
    expect(await whose(zlib.zstdCompressSync('{"type":"something"}\n'))).toBeUndefined();
  });

  test('[A42] is nobody’s when only a few of its lines could be somebody’s', async () => {
    const lines = (...records: readonly object[]): string => records.map((record) => `${JSON.stringify(record)}\n`).join('');
    const strange = { type: 'session_start', id: 's', owner: 'dev', cwd: '/w' };
    const said = (id: string, content: readonly object[]) => ({
      type: 'message',
      id,
      timestamp: '2026-01-01T00:00:00Z',
      message: { role: 'user', content },
    });
    expect(await whose(lines(strange, said('a', [{ type: 'text', text: 'x' }])))).toBeUndefined();
    expect(await whose(lines(strange, strange, strange, { type: 'system', sessionId: 's', subtype: 'init' }))).toBeUndefined();
    // A line of JSON is a document too, and so is many a file with members of usual names.
    expect(await whose(lines({ kind: 'run.started', agent: 'kimi', run: 'r', by: {} }, { kind: 'x' }))).toBeUndefined();
    expect(
      await whose(JSON.stringify({ version: 1, updated_at: 'x', agent: 'y', sessionId: 'z', creationDate: 5, items: [{ id: 1 }] })),
    ).toBeUndefined();
    expect(await whose('')).toBeUndefined();
    expect(await whose('\0'.repeat(100_000))).toBeUndefined();
    expect(await whose('['.repeat(100_000))).toBeUndefined();
    expect(await whose(Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 1, 2, 3]))).toBeUndefined();
  });
});
