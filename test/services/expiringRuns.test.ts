import { mkdir, stat, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { transcriptAdapters } from '../../src/core/transcripts/table.ts';
import { findExpiringRuns, type ExpiringRun } from '../../src/services/expiringRuns.ts';
import { nodeDigest } from '../../src/store/digest.ts';
import { now, openImportRoom, type ImportRoom } from './importRoom.ts';

let room: ImportRoom;
beforeEach(async () => {
  room = await openImportRoom();
});
afterEach(() => room.close());

const day = 86_400_000;
const daysAgo = (days: number): Date => new Date(now - days * day);

const find = (liveFrom?: number): Promise<readonly ExpiringRun[]> =>
  findExpiringRuns({
    layout: room.layout,
    folders: [{ name: 'work space', path: room.workspace }],
    adapters: transcriptAdapters,
    environment: room.environment,
    clock: { now: () => now },
    digest: nodeDigest,
    withinDays: 7,
    liveFrom,
  });

describe('what an agent is about to delete', () => {
  test('[A53] is told before, of this workspace alone, and not once it stands in a log', async () => {
    const path = await room.lay('claude', 'tools-and-resume');
    await utimes(await room.lay('codex', 'edits-and-resume'), daysAgo(400), daysAgo(400));
    const elsewhere = await room.lay('claude', 'interrupt-and-rewind', '/somewhere/else');
    await utimes(elsewhere, daysAgo(29), daysAgo(29));
    await utimes(path, daysAgo(20), daysAgo(20));
    expect(await find()).toEqual([]);
    await utimes(path, daysAgo(24), daysAgo(24));
    expect(await find()).toMatchObject([
      {
        agent: 'claude',
        agentName: 'Claude Code',
        run: '625d02c2-b83d-4f46-acf4-05a0bb32300e',
        dueAtMs: now + 6 * day,
        keptDays: 30,
        setting: 'cleanupPeriodDays',
      },
    ]);
    // A recorder is about to write it down.
    expect(await find(0)).toEqual([]);
    await expect(stat(room.layout.root)).rejects.toThrow('ENOENT');
    await room.import();
    expect(await find()).toEqual([]);
  });

  test('[A53] is told by what the agent’s settings say', async () => {
    const path = await room.lay('claude', 'tools-and-resume');
    await utimes(path, daysAgo(29), daysAgo(29));
    const settings = join(room.home, '.claude', 'settings.json');
    await mkdir(dirname(settings), { recursive: true });
    await writeFile(settings, '{"cleanupPeriodDays": 3650}');
    expect(await find()).toEqual([]);
    await writeFile(settings, '{"cleanupPeriodDays": 30, // a comment\n}');
    expect(await find()).toHaveLength(1);
  });
});
