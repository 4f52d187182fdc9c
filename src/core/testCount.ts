/** Passed and failed tests, where the end of a test run's output says so in one of the usual ways. */
export function countTests(output: string): { readonly passed?: number; readonly failed?: number } {
  const text = output.slice(-8192);
  const node = /^(?:#|ℹ) pass (\d+)[\s\S]*?^(?:#|ℹ) fail (\d+)/m.exec(text);
  if (node !== null) return { passed: Number(node[1]), failed: Number(node[2]) };
  // Runners tell files (or suites) first and tests after them: the last such line counts.
  const lines = text.split('\n').filter((line) => counted.test(line) && !/^\s*(?:Test Files|Test Suites|Suites)\b/.test(line));
  const last = lines.at(-1);
  if (last === undefined) return {};
  // Mocha and its like tell each number on a line of its own.
  const summary = /passing|failing/.test(last) ? lines.slice(-2).join('\n') : last;
  const passed = /(\d+) (?:passed|passing)\b/.exec(summary);
  const failed = /(\d+) (?:failed|failing)\b/.exec(summary);
  return { ...(passed === null ? {} : { passed: Number(passed[1]) }), ...(failed === null ? {} : { failed: Number(failed[1]) }) };
}

const counted = /\b\d+ (?:passed|failed|passing|failing)\b/;
