// `npm run test:faults`: the fault tests in their full form. Arguments go to vitest (`npm run test:faults -- killedWriter`).
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs');
const filters = process.argv.slice(2);
const result = spawnSync(
  process.execPath,
  [vitest, 'run', '--retry=0', ...(filters.length > 0 ? filters.map((name) => `test/faults/${name}`) : ['test/faults'])],
  {
    stdio: 'inherit',
    env: { ...process.env, TAPEDECK_FAULTS: 'full' },
  },
);
process.exitCode = result.status ?? 1;
