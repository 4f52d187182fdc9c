import path from 'node:path';
import { build } from 'esbuild';
import { expect, it } from 'vitest';

it('[V52] the page brings only those of the controls that it uses', async () => {
  const { metafile } = await build({
    absWorkingDir: path.resolve(import.meta.dirname, '../..'),
    entryPoints: ['webview/main.ts'],
    bundle: true,
    minify: true,
    write: false,
    metafile: true,
    format: 'iife',
    target: 'es2022',
    logLevel: 'silent',
  });
  const [{ inputs, bytes } = { inputs: {}, bytes: 0 }] = Object.values(metafile.outputs);
  const shipped = Object.entries(inputs).flatMap(([file, { bytesInOutput }]) => (bytesInOutput > 0 ? [file] : []));
  expect(shipped.some((file) => file.includes('text-field'))).toBe(true);
  expect(shipped.filter((file) => /data-grid|tooltip|slider/.test(file))).toEqual([]);
  expect(bytes).toBeLessThan(320_000);
});
