import { defineConfig } from 'vitest/config';

/** The UI tests: the packed .vsix in a real workbench, clicked in a real browser, one file after the other. */
export default defineConfig({
  test: {
    include: ['test/ui/**/*.test.ts'],
    globalSetup: ['test/ui/packedExtension.ts'],
    fileParallelism: false,
    testTimeout: 180_000,
    // A real workbench on a machine that may be busy: the report names each test that needed it.
    retry: 1,
    hookTimeout: 300_000,
  },
});
