// What the in-host tests report: one JSON object a line, written by test/vscode/resultReporter.ts.
import { readFile } from 'node:fs/promises';

/**
 * @typedef {{ kind: "passed", title: string, durationMs: number }
 *   | { kind: "failed", title: string, message: string }
 *   | { kind: "retried", title: string, message: string }
 *   | { kind: "skipped", title: string }
 *   | { kind: "finished" }} InHostResult
 */

/** @param {string} file @returns {Promise<InHostResult[]>} */
export async function readInHostResults(file) {
  const text = await readFile(file, 'utf8');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

/** @param {readonly InHostResult[]} results */
export function countInHostResults(results) {
  const count = (/** @type {InHostResult["kind"]} */ kind) => results.filter((result) => result.kind === kind).length;
  return { passed: count('passed'), failed: count('failed'), skipped: count('skipped') };
}

/** @param {readonly InHostResult[]} results @returns {string} */
export function describeInHostResults(results) {
  /** @type {string[]} */
  const lines = [];
  for (const result of results) {
    if (result.kind === 'passed') lines.push(`  ok ${result.title} (${result.durationMs} ms)`);
    if (result.kind === 'skipped') lines.push(`  skipped ${result.title}`);
    if (result.kind === 'retried') lines.push(`  once more ${result.title}\n${result.message.replaceAll(/^/gm, '    ')}`);
    if (result.kind === 'failed') lines.push(`  FAILED ${result.title}\n${result.message.replaceAll(/^/gm, '    ')}`);
  }
  return lines.join('\n');
}
