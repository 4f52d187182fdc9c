// Tells the outside what happened, one JSON object a line, written at once so that a crash loses nothing before it.
// Read by test/setup/inHostResults.mjs.
import { appendFileSync } from 'node:fs';
import type Mocha from 'mocha';

/** Appends each outcome of a run, which may have begun but not yet run a test, to `file`. */
export function writeResults(runner: Mocha.Runner, file: string): void {
  const write = (result: Readonly<Record<string, unknown>>): void => appendFileSync(file, `${JSON.stringify(result)}\n`);
  runner.on('pass', (test) => write({ kind: 'passed', title: test.fullTitle(), durationMs: test.duration ?? 0 }));
  runner.on('pending', (test) => write({ kind: 'skipped', title: test.fullTitle() }));
  // Failed, and is run once more; what it failed with is told all the same.
  runner.on('retry', (test, error: Error) => write({ kind: 'retried', title: test.fullTitle(), message: error.stack ?? error.message }));
  runner.on('fail', (test, error: Error) => write({ kind: 'failed', title: test.fullTitle(), message: error.stack ?? error.message }));
  runner.on('end', () => write({ kind: 'finished' }));
}
