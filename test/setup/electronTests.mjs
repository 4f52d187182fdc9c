// Runs the in-host tests in the desktop VS Code through @vscode/test-electron, which downloads one (kept in
// .vscode-test) or takes the one named in TAPEDECK_VSCODE.
//   node test/setup/electronTests.mjs [VERSION] [--counts FILE]
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { downloadAndUnzipVSCode, runTests } from '@vscode/test-electron';
import { countInHostResults, describeInHostResults, readInHostResults } from './inHostResults.mjs';
import { layWorkspace } from './inHostTests.mjs';
import { outFolder, projectFolder } from './project.mjs';

const { values, positionals } = parseArgs({ allowPositionals: true, options: { counts: { type: 'string' } } });

/** @returns {Promise<string | undefined>} */
async function findEditor() {
  const { TAPEDECK_VSCODE } = process.env;
  if (TAPEDECK_VSCODE) return TAPEDECK_VSCODE;
  try {
    return await downloadAndUnzipVSCode({ version: positionals[0] ?? 'stable', cachePath: path.join(projectFolder, '.vscode-test') });
  } catch (error) {
    console.error(`The desktop VS Code could not be downloaded: ${String(error)}`);
    console.error('Where downloads do not work, name an installed one in TAPEDECK_VSCODE, or run `npm run test:vscode` instead.');
    return undefined;
  }
}

async function main() {
  const vscodeExecutablePath = await findEditor();
  if (vscodeExecutablePath === undefined) return 1;
  const scratch = await mkdtemp(path.join(tmpdir(), 'td-el-'));
  try {
    const workspace = path.join(scratch, 'workspace');
    const resultsFile = path.join(scratch, 'results.jsonl');
    await layWorkspace(workspace);
    await writeFile(resultsFile, '');
    const code = await runTests({
      vscodeExecutablePath,
      extensionDevelopmentPath: projectFolder,
      extensionTestsPath: path.join(outFolder, 'test-vscode', 'index.js'),
      launchArgs: [workspace, '--user-data-dir', path.join(scratch, 'data'), '--extensions-dir', path.join(scratch, 'extensions')],
      extensionTestsEnv: { TAPEDECK_TEST_RESULTS: resultsFile },
    }).catch((/** @type {unknown} */ error) => {
      console.error(String(error));
      return 1;
    });
    const results = await readInHostResults(resultsFile);
    const counts = countInHostResults(results);
    console.log(describeInHostResults(results));
    if (values.counts !== undefined) await writeFile(values.counts, JSON.stringify(counts));
    return code === 0 && counts.passed > 0 && counts.failed === 0 ? 0 : 1;
  } finally {
    await rm(scratch, { recursive: true, force: true, maxRetries: 5 });
  }
}

process.exitCode = await main();
