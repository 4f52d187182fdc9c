import { expect, it } from 'vitest';
import { countTests } from '../../src/core/testCount.ts';

it.each([
  ['vitest', ' Test Files  1 failed | 2 passed (3)\n      Tests  4 failed | 38 passed (42)\n   Duration 1s', { passed: 38, failed: 4 }],
  ['jest', 'Test Suites: 1 failed, 1 total\nTests:       1 failed, 2 passed, 3 total\nSnapshots:   0 total', { passed: 2, failed: 1 }],
  ['pytest', '==== 3 failed, 17 passed in 0.12s ====', { passed: 17, failed: 3 }],
  ['cargo', 'test result: FAILED. 5 passed; 1 failed; 0 ignored; finished in 0.00s', { passed: 5, failed: 1 }],
  ['mocha', '  12 passing (30ms)\n  2 failing\n', { passed: 12, failed: 2 }],
  ['node', '# tests 3\n# pass 2\n# fail 1\n', { passed: 2, failed: 1 }],
  ['go', 'ok  \texample.org/x\t0.003s', {}],
])('[C17] counts what %s says', (_, output, counts) => expect(countTests(output)).toEqual(counts));
