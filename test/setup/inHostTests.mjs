// Runs the in-host tests: Mocha inside the extension host of a real VS Code, in code-server with a browser in front.
//   node test/setup/inHostTests.mjs [current|oldest] [--grep TEXT] [--counts FILE]
// The tests write what happened, one JSON object a line, into a file that is named to them in the environment; the
// workbench says when they have ended.
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { launchChromium } from './chromium.mjs';
import { startCodeServer } from './codeServer.mjs';
import { codeServerEditions } from './codeServerTool.mjs';
import { countInHostResults, describeInHostResults, readInHostResults } from './inHostResults.mjs';
import { outFolder, projectFolder } from './project.mjs';
import { exitOnSignals } from './signals.mjs';

const limitMs = 10 * 60_000;

/**
 * @typedef {object} InHostOptions
 * @property {import("./codeServerTool.mjs").CodeServerEdition} edition
 * @property {string} [extensionFolder] the extension under development
 * @property {string} [testsModule] a CommonJS module that exports `run`
 * @property {string} [grep] only tests whose title contains this
 */

/**
 * @param {InHostOptions} options
 * @returns {Promise<{ results: import("./inHostResults.mjs").InHostResult[], exitCode: number | undefined, log: string }>}
 */
export async function runInHostTests({ edition, extensionFolder = projectFolder, testsModule, grep }) {
  const tests = testsModule ?? path.join(outFolder, 'test-vscode', 'index.js');
  const scratch = await mkdtemp(path.join(tmpdir(), 'td-host-'));
  const resultsFile = path.join(scratch, 'results.jsonl');
  await writeFile(resultsFile, '');
  const workspace = path.join(scratch, 'workspace');
  await layWorkspace(workspace);
  const server = await startCodeServer({
    edition,
    forInHostTests: true,
    env: { TAPEDECK_TEST_RESULTS: resultsFile, ...(grep === undefined ? {} : { TAPEDECK_TEST_GREP: grep }) },
  });
  /** @type {string[]} */
  const said = [];
  try {
    const exitCode = await untilExit(server.url, workspace, extensionFolder, tests, said);
    return { results: await readInHostResults(resultsFile), exitCode, log: [...said, await server.log()].join('\n') };
  } finally {
    await server.stop();
    await rm(scratch, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** A small git repository with one commit. @param {string} folder */
export async function layWorkspace(folder) {
  await mkdir(path.join(folder, 'src'), { recursive: true });
  await writeFile(path.join(folder, 'README.md'), '# A workspace for tests\n');
  await writeFile(path.join(folder, 'src', 'greet.js'), 'export const greet = (name) => `Hello, ${name}`;\n');
  await writeFile(path.join(folder, '.gitignore'), 'ignored/\n');
  const identity = ['-c', 'user.name=Tess Deck', '-c', 'user.email=tess@example.invalid', '-c', 'commit.gpgsign=false'];
  for (const args of [
    ['init', '-q', '-b', 'main'],
    ['add', '.'],
    [...identity, 'commit', '-qm', 'Begin'],
  ]) {
    execFileSync('git', args, { cwd: folder, stdio: 'ignore' });
  }
}

/** @param {string} url @param {string} workspace @param {string} extensionFolder @param {string} tests @param {string[]} said */
async function untilExit(url, workspace, extensionFolder, tests, said) {
  const remote = (/** @type {string} */ file) => `vscode-remote://remote${path.resolve(file)}`;
  const payload = [
    ['extensionDevelopmentPath', remote(extensionFolder)],
    ['extensionTestsPath', remote(tests)],
  ];
  const browser = await launchChromium();
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    await page.exposeFunction('codeAutomationLog', (/** @type {string} */ type, /** @type {unknown[]} */ args) => {
      said.push(`${type}: ${args.map(String).join(' ')}`);
    });
    const exit = new Promise((resolve) => {
      void page.exposeFunction('codeAutomationExit', (/** @type {number} */ code) => resolve(code));
    });
    const query = new URLSearchParams({ folder: workspace, payload: JSON.stringify(payload) });
    await page.goto(`${url}?${query.toString()}`);
    /** @type {NodeJS.Timeout | undefined} */
    let timer;
    const late = new Promise((resolve) => {
      timer = setTimeout(() => resolve(undefined), limitMs);
    });
    /** @type {number | undefined} */
    const code = await Promise.race([exit, late]);
    clearTimeout(timer);
    return code;
  } finally {
    await browser.close();
  }
}

async function main() {
  exitOnSignals();
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { grep: { type: 'string' }, counts: { type: 'string' } },
  });
  const edition = positionals[0] === 'oldest' ? 'oldest' : 'current';
  console.log(`In-host tests in VS Code ${codeServerEditions[edition].vscode}:`);
  const run = await runInHostTests({ edition, ...(values.grep === undefined ? {} : { grep: values.grep }) });
  console.log(describeInHostResults(run.results));
  const counts = countInHostResults(run.results);
  if (values.counts !== undefined) await writeFile(values.counts, JSON.stringify(counts));
  const hasEnded = run.results.some((result) => result.kind === 'finished');
  if (run.exitCode === 0 && hasEnded && counts.failed === 0 && counts.passed > 0) return 0;
  const trouble = run.exitCode === undefined ? `did not end within ${limitMs / 60_000} min` : `ended with ${run.exitCode}`;
  console.error(`The in-host tests ${trouble}; ${counts.passed} passed, ${counts.failed} failed. The editor said:`);
  console.error(run.log.split('\n').slice(-60).join('\n'));
  return 1;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) process.exitCode = await main();
