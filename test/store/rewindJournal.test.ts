import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { diskFileSystem } from '../../src/store/diskFileSystem.ts';
import { RewindJournals, type JournalOwner, type OpenJournal } from '../../src/store/rewindJournal.ts';

let folder: string;
const opened: OpenJournal[] = [];
const owner = (pid: number, host: string, alive: readonly number[] = []): JournalOwner => ({
  pid,
  host,
  isAlive: (other) => alive.includes(other),
  now: () => Date.now(),
});
const entry = {
  id: 'abcd1234',
  target: 'w.1',
  targetAt: '2026',
  checkpoint: 'cp',
  checkpointEvent: 'w.2',
  steps: [],
  skips: [],
  newFolders: [],
};
const open = async (journals: RewindJournals): Promise<OpenJournal> => {
  const journal = await journals.open(entry);
  opened.push(journal);
  return journal;
};

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tapedeck-journal-'));
});
afterEach(() => {
  for (const journal of opened.splice(0)) journal.release();
  rmSync(folder, { recursive: true, force: true });
});

describe('rewind journal', () => {
  it('[R17] takes a living owner here, and one elsewhere that showed itself within the minute, for live', async () => {
    await open(new RewindJournals(folder, diskFileSystem, owner(10, 'here')));
    const liveTo = async (reader: JournalOwner): Promise<boolean> =>
      (await new RewindJournals(folder, diskFileSystem, reader).list())[0]!.isLive;
    expect(await liveTo(owner(11, 'here', [10]))).toBe(true);
    expect(await liveTo(owner(11, 'here', []))).toBe(false);
    expect(await liveTo(owner(11, 'elsewhere'))).toBe(true);
    expect(await liveTo(owner(10, 'here'))).toBe(true);
    utimesSync(join(folder, 'abcd1234.json'), 1, 1);
    expect(await liveTo(owner(11, 'elsewhere'))).toBe(false);
  });

  it('[R18] does not take itself for the dead process whose number it bears', async () => {
    (await open(new RewindJournals(folder, diskFileSystem, owner(10, 'here')))).release();
    expect((await new RewindJournals(folder, diskFileSystem, owner(10, 'here', [10])).list())[0]!.isLive).toBe(false);
  });

  it('[R18] lets one process of several put a dead rewind right', async () => {
    (await open(new RewindJournals(folder, diskFileSystem, owner(10, 'here')))).release();
    const first = new RewindJournals(folder, diskFileSystem, owner(11, 'here', [12]));
    const second = new RewindJournals(folder, diskFileSystem, owner(12, 'here', [11]));
    const [a] = await first.list();
    const [b] = await second.list();
    const claimed = (await Promise.all([first.claim(a!), second.claim(b!)])).filter((claim) => claim !== undefined);
    opened.push(...claimed);
    expect(claimed).toHaveLength(1);
    const third = await new RewindJournals(folder, diskFileSystem, owner(13, 'here', [11, 12])).list();
    expect(third).toMatchObject([{ isLive: true, entry: { id: 'abcd1234' } }]);
    await claimed[0]!.remove();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('[R18] leaves alone what it cannot read, and sweeps the half journal of a dead process only', async () => {
    writeFileSync(join(folder, 'torn.json'), '{"format":1,"id":"x');
    writeFileSync(join(folder, 'hostile.json'), JSON.stringify({ ...entry, format: 1, id: '../../x', host: 'h', pid: 1 }));
    writeFileSync(join(folder, 'aaaa~here~11.json.tmp'), 'half');
    writeFileSync(join(folder, 'bbbb~here~12.json.tmp'), 'half');
    const found = await new RewindJournals(folder, diskFileSystem, owner(10, 'here', [12])).list();
    expect(found.map(({ entry }) => entry)).toEqual([undefined, undefined]);
    expect(readdirSync(folder).sort()).toEqual(['bbbb~here~12.json.tmp', 'hostile.json', 'torn.json']);
  });
});
