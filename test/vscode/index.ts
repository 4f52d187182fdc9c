// The entry of the in-host tests: VS Code loads this in its extension host and calls `run`. A new suite is one file and
// one line in the table.
import Mocha from 'mocha';
import { activationSuite } from './activationSuite.ts';
import { pastSuite } from './pastSuite.ts';
import { recordingSuite } from './recordingSuite.ts';
import { rewindSuite } from './rewindSuite.ts';
import { searchSuite } from './searchSuite.ts';
import { verifySuite } from './verifySuite.ts';
import { writeResults } from './resultReporter.ts';

const suites: readonly (() => void)[] = [activationSuite, recordingSuite, rewindSuite, searchSuite, verifySuite, pastSuite];

/** Runs every suite. Rejects when a test failed, which the editor turns into its exit code. */
export async function run(): Promise<void> {
  // A real editor on a machine that may be busy: each test that needed its second run is named, with the reason.
  const mocha = new Mocha({ ui: 'bdd', timeout: 30_000, color: false, retries: 1 });
  const grep = process.env['TAPEDECK_TEST_GREP'];
  if (grep !== undefined && grep !== '') mocha.fgrep(grep);
  mocha.suite.emit('pre-require', globalThis, '', mocha);
  for (const suite of suites) suite();
  const failures = await new Promise<number>((resolve) => {
    const runner = mocha.run(resolve);
    const resultsFile = process.env['TAPEDECK_TEST_RESULTS'];
    if (resultsFile !== undefined) writeResults(runner, resultsFile);
  });
  if (failures > 0) throw new Error(`${failures} in-host tests failed.`);
}
