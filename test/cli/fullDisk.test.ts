import { execFileSync } from 'node:child_process';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { bundleCli, openCliRoom, type CliRoom } from './cliRoom.ts';

let cli: Awaited<ReturnType<typeof bundleCli>>;
let room: CliRoom;
beforeAll(async () => {
  cli = await bundleCli();
  room = await openCliRoom(cli.path);
});
afterAll(async () => {
  await room.close();
  await cli.remove();
});

/** A disk of 64 KB at that folder, or why there is none. */
function mountSmallDisk(folder: string): string | undefined {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'a small disk can be mounted by root on Linux only';
  }
}

it('[L18] [L4] a command on a full disk says so, leaves nothing of a session behind, and works when there is room', async (context) => {
  const disk = join(room.folder, 'disk');
  await mkdir(disk);
  const obstacle = mountSmallDisk(disk);
  if (obstacle !== undefined) return context.skip(obstacle);
  try {
    const deck = join(disk, '.tapedeck');
    await writeFile(join(disk, 'filler'), new Uint8Array(1 << 20)).catch(() => {});
    const failed = await room.run(['--dir', disk, 'note', 'no room']);
    expect(failed).toMatchObject({ code: 1, err: expect.stringContaining('The disk is full') });
    expect(await readdir(join(deck, 'sessions')).catch(() => [])).toEqual([]);
    await rm(join(disk, 'filler'));
    expect(await room.run(['--dir', disk, 'note', 'room'])).toMatchObject({ code: 0 });
    expect(await readFile(join(deck, '.gitignore'), 'utf8')).toBe('*\n');
    const [session] = await readdir(join(deck, 'sessions'));
    const events = join(deck, 'sessions', session!, 'events');
    const before = await readdir(events);
    expect(before).toHaveLength(1);
    // Now with a session that is there.
    await writeFile(join(disk, 'filler'), new Uint8Array(1 << 20)).catch(() => {});
    expect(await room.run(['--dir', disk, 'note', 'x'.repeat(8000)])).toMatchObject({ code: 1 });
    await rm(join(disk, 'filler'));
    expect(await room.run(['--dir', disk, 'note', 'after'])).toMatchObject({ code: 0 });
    const told = await room.run(['--dir', disk, 'log']);
    expect(told.out).toContain('"after"');
    expect(await room.run(['--dir', disk, 'verify'])).toMatchObject({ code: 0 });
    expect(await Promise.all((await readdir(events)).map((name) => readFile(join(events, name), 'utf8')))).not.toContain('');
  } finally {
    execFileSync('umount', ['-l', disk], { stdio: 'ignore' });
  }
});
