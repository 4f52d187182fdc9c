// `npm test`: every check of the project, one stage after the other, each with a headline and its time. Runs on the
// system's Node with nothing installed; the first stage gets what the others need.
//   node test/setup/test.mjs [STAGE…] [-- ARGUMENTS OF THE STAGE]
// Promise: the first stage that fails ends it with exit code 1; the last line printed is `N passed, N failed`.
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ensureAgent } from './agentTools.mjs';
import { ensureChromium } from './chromium.mjs';
import { ensureCodeServer } from './codeServerTool.mjs';
import { ensureNode } from './nodeRuntime.mjs';
import { buildProject, outFolder, packExtension, projectFolder, runTool } from './project.mjs';
import { ensureProjectModules } from './projectModules.mjs';
import { exitOnSignals } from './signals.mjs';
import { SetupFailure } from './toolCache.mjs';

/**
 * @typedef {{ passed: number, failed: number }} Counts
 * @typedef {object} StageContext
 * @property {string} countsFile where the stage's runner leaves its counts
 * @property {readonly string[]} args
 *
 * @typedef {object} Stage
 * @property {string} headline
 * @property {(context: StageContext) => Promise<number | void>} run resolves with an exit code; nothing is 0
 * @property {readonly string[]} [needs] stages that come first when this one is asked for alone
 * @property {boolean} [onlyByName] not part of the whole run
 */

// The top level has its vitest.config.ts by name; how Vite may load it some day is no news here.
const vitestEnvironment = { VITE_CONFIG_NATIVE_IGNORE_WARNING: 'true' };

/** @type {Readonly<Record<string, Stage>>} */
const stages = {
  setup: {
    headline: 'Set-up: Node, packages, a browser, an editor, the agents',
    run: async () => {
      await ensureProjectModules(projectFolder, await ensureNode(24));
      await ensureChromium();
      await ensureCodeServer('current');
      // The real agents, which tests of all kinds follow at work.
      for (const agent of /** @type {const} */ (['codex', 'claude', 'opencode', 'pi'])) await ensureAgent(agent);
    },
  },
  packages: {
    headline: "Set-up: Node and the project's packages",
    onlyByName: true,
    run: async () => await ensureProjectModules(projectFolder, await ensureNode(24)),
  },
  types: { headline: 'Types, and the borders between the rooms', needs: ['packages'], run: () => runTool('tsc', ['-b']) },
  lint: { headline: 'Lint', needs: ['packages'], run: () => runTool('oxlint', ['--type-aware']) },
  format: { headline: 'Format', needs: ['packages'], run: () => runTool('oxfmt', ['--check', '.']) },
  deadcode: { headline: 'Dead code', needs: ['packages'], run: () => runTool('knip', []) },
  build: { headline: 'Build', needs: ['packages'], run: buildProject },
  package: {
    headline: 'Package',
    needs: ['packages', 'build'],
    run: async () => {
      await packExtension();
    },
  },
  unit: {
    headline: 'House and unit tests',
    needs: ['packages', 'build', 'package'],
    run: ({ countsFile, args }) => runTool('vitest', ['run', ...vitestReports(countsFile), ...args], vitestEnvironment),
  },
  vscode: {
    headline: 'In-host tests: the extension in a real extension host',
    needs: ['setup', 'build'],
    run: ({ countsFile, args }) => runTool('test/setup/inHostTests.mjs', ['current', '--counts', countsFile, ...args]),
  },
  ui: {
    headline: 'UI tests: the packed extension, installed and clicked',
    needs: ['setup', 'build', 'package'],
    run: ({ countsFile, args }) => {
      const config = ['--config', 'test/ui/vitest.config.ts'];
      return runTool('vitest', ['run', ...config, ...vitestReports(countsFile), ...args], {
        TAPEDECK_VSIX: path.join(outFolder, 'tapedeck.vsix'),
      });
    },
  },
  oldest: {
    headline: 'In-host tests in the oldest VS Code that is served',
    onlyByName: true,
    needs: ['packages', 'build'],
    run: async ({ countsFile, args }) => {
      await ensureChromium();
      return await runTool('test/setup/inHostTests.mjs', ['oldest', '--counts', countsFile, ...args]);
    },
  },
  corpus: {
    headline: 'Every transcript in a folder',
    onlyByName: true,
    needs: ['packages'],
    run: ({ args }) => runTool('test/corpus/run.mjs', args),
  },
  electron: {
    headline: 'In-host tests in the desktop VS Code',
    onlyByName: true,
    needs: ['packages', 'build'],
    run: ({ countsFile, args }) => runTool('test/setup/electronTests.mjs', ['--counts', countsFile, ...args]),
  },
};

/** @param {string} countsFile */
function vitestReports(countsFile) {
  return ['--reporter=default', '--reporter=json', `--outputFile.json=${countsFile}`];
}

/** @param {readonly string[]} asked @returns {string[]} the stages to run, in order, with what they need before them */
function planStages(asked) {
  const wanted = asked.length > 0 ? asked : Object.keys(stages).filter((name) => !stages[name]?.onlyByName);
  /** @type {string[]} */
  const plan = [];
  const add = (/** @type {string} */ name) => {
    const stage = stages[name];
    if (stage === undefined) throw new SetupFailure(`There is no stage "${name}"; there are: ${Object.keys(stages).join(', ')}.`);
    if (name === 'packages' && plan.includes('setup')) return;
    for (const need of stage.needs ?? []) add(need);
    if (!plan.includes(name)) plan.push(name);
  };
  for (const name of wanted) add(name);
  return plan;
}

/** @param {string} file @returns {Promise<Counts>} from our own runner's counts or Vitest's report; none is none */
async function readCounts(file) {
  if (!existsSync(file)) return { passed: 0, failed: 0 };
  const report = JSON.parse(await readFile(file, 'utf8'));
  if (report.numTotalTests === undefined) return report;
  return { passed: report.numPassedTests, failed: report.numFailedTests };
}

async function main() {
  exitOnSignals();
  const split = process.argv.indexOf('--', 2);
  const asked = process.argv.slice(2, split === -1 ? undefined : split);
  const args = split === -1 ? [] : process.argv.slice(split + 1);
  const scratch = await mkdtemp(path.join(tmpdir(), 'td-test-'));
  const total = { passed: 0, failed: 0 };
  let exitCode = 0;
  try {
    for (const name of planStages(asked)) {
      const stage = stages[name];
      if (stage === undefined) continue;
      const startedAt = Date.now();
      console.log(`\n== ${stage.headline} (${name})`);
      const countsFile = path.join(scratch, `${name}.json`);
      const code = await stage.run({ countsFile, args: name === asked.at(-1) ? args : [] });
      const counts = await readCounts(countsFile);
      total.passed += counts.passed;
      total.failed += counts.failed;
      const took = `${((Date.now() - startedAt) / 1000).toFixed(1)} s`;
      if (typeof code === 'number' && code !== 0) {
        console.log(`== ${name} FAILED after ${took}; to run it alone: node test/setup/test.mjs ${name}`);
        exitCode = 1;
        break;
      }
      console.log(`== ${name}: ok, ${took}`);
    }
  } catch (error) {
    console.log(error instanceof SetupFailure ? `== FAILED: ${error.message}` : error);
    exitCode = 1;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
  console.log(`\n${total.passed} passed, ${total.failed} failed`);
  process.exitCode = exitCode;
}

await main();
