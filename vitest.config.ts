import { defineConfig } from 'vitest/config';

/** The unit tests: all but the in-host and the UI tests, which need an editor. */
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/ui/**', 'test/vscode/**', 'test/bench/**'],
    // A test that was given up goes on beside its second run and writes into its room: late is better.
    testTimeout: 60_000,
    // Real disks, watchers and processes on a machine that may be busy: the report names each test that needed it.
    retry: 1,
    // Two cores are the smallest machine that is served.
    maxWorkers: 2,
  },
});
