import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ensureTool } from './toolCache.mjs';

describe('the cache of tools', () => {
  let home = '';

  beforeEach(async () => {
    home = await mkdtemp(path.join(tmpdir(), 'td-cache-'));
    vi.stubEnv('XDG_CACHE_HOME', home);
    vi.spyOn(console, 'log').mockImplementation(() => {});
  });

  afterEach(async () => {
    vi.unstubAllEnvs();
    vi.restoreAllMocks();
    await rm(home, { recursive: true, force: true });
  });

  const tool = (install: (folder: string) => Promise<void>) => ({ name: 'lathe', version: '1.2.3', why: 'to turn', takes: '1 s', install });

  it('installs once and is reused afterwards', async () => {
    const install = vi.fn(async (folder: string) => await writeFile(path.join(folder, 'blade'), 'sharp'));
    const first = await ensureTool(tool(install));
    const second = await ensureTool(tool(install));
    expect(second).toBe(first);
    expect(first).toBe(path.join(home, 'tapedeck-dev', 'lathe-1.2.3'));
    expect(await readdir(first)).toEqual(['blade']);
    expect(install).toHaveBeenCalledTimes(1);
  });

  it('leaves nothing behind when an install fails, and tries again the next time', async () => {
    const breaks = async (folder: string): Promise<void> => {
      await writeFile(path.join(folder, 'half'), '');
      throw new Error('out of steel');
    };
    await expect(ensureTool(tool(breaks))).rejects.toThrow('out of steel');
    expect(await readdir(path.join(home, 'tapedeck-dev'))).toEqual([]);
    const folder = await ensureTool(tool(async (fresh) => await writeFile(path.join(fresh, 'blade'), 'sharp')));
    expect(await readdir(folder)).toEqual(['blade']);
  });

  it('never takes a folder of an interrupted install for the tool', async () => {
    await mkdir(path.join(home, 'tapedeck-dev', '.unfinished-lathe-Ab12'), { recursive: true });
    const install = vi.fn(async () => {});
    await ensureTool(tool(install));
    expect(install).toHaveBeenCalledTimes(1);
  });

  it('lets the first of two installs at once win, whole', async () => {
    const slow = (mark: string, waitMs: number) =>
      tool(async (folder) => {
        await writeFile(path.join(folder, `${mark}-begun`), '');
        await new Promise((resolve) => setTimeout(resolve, waitMs));
        await writeFile(path.join(folder, `${mark}-done`), '');
      });
    const folders = await Promise.all([ensureTool(slow('a', 120)), ensureTool(slow('b', 20))]);
    expect(folders[0]).toBe(folders[1]);
    expect(await readdir(folders[0])).toEqual(['b-begun', 'b-done']);
    expect(await readdir(path.join(home, 'tapedeck-dev'))).toEqual(['lathe-1.2.3']);
  });
});
