// What Tapedeck costs when VS Code starts: its activation as the running editor itself measured it, in the same start as
// that of the extensions that VS Code ships; and the loading of its bundle against a Node process that loads nothing.
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

// The harness finds the project by its own place, so it is loaded from there and not bundled.
const source = process.env['TAPEDECK_BENCH_SOURCE'] ?? '.';
const load = async <T>(file: string): Promise<T> => (await import(pathToFileURL(path.join(source, '..', 'setup', file)).href)) as T;
const { launchChromium } = await load<typeof import('../setup/chromium.mjs')>('chromium.mjs');
const { startCodeServer } = await load<typeof import('../setup/codeServer.mjs')>('codeServer.mjs');
const { outFolder } = await load<typeof import('../setup/project.mjs')>('project.mjs');

const vsix = path.join(outFolder, 'tapedeck.vsix');
if (!existsSync(vsix)) throw new Error('Package the extension first: npm test -- package');
const rounds = process.argv.includes('--quick') ? 2 : 5;

/** `Activation: 12ms` of each running extension, by its name, in one start of the editor. */
async function measureActivations(): Promise<Map<string, number>> {
  const folder = await mkdtemp(path.join(tmpdir(), 'td-bench-'));
  await writeFile(path.join(folder, 'README.md'), '# A folder\n');
  execFileSync('git', ['init', '-q'], { cwd: folder });
  const server = await startCodeServer({ edition: 'current', extensions: [vsix], settings: {} });
  const browser = await launchChromium();
  try {
    const page = await browser.newPage({ viewport: { width: 1400, height: 2400 } });
    await page.goto(`${server.url}?${new URLSearchParams({ folder })}`);
    await page.locator('.statusbar-item[id*="tapedeck"]').waitFor({ timeout: 60_000 });
    await page.waitForTimeout(4000);
    await page.keyboard.press('F1');
    await page.locator('.quick-input-widget input').first().fill('>Developer: Show Running Extensions');
    await page.keyboard.press('Enter');
    await page.locator('.runtime-extensions-editor .extension').first().waitFor();
    const found = new Map<string, number>();
    for (const row of await page.locator('.runtime-extensions-editor .extension').all()) {
      const text = await row.innerText();
      const match = /Activation:\s*(\d+)ms/.exec(text);
      if (match !== null) found.set(text.split('\n')[0]!.trim(), Number(match[1]));
    }
    return found;
  } finally {
    await browser.close();
    await server.stop();
    await rm(folder, { recursive: true, force: true, maxRetries: 10 });
  }
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

const starts: Map<string, number>[] = [];
for (let round = 0; round < rounds; round++) starts.push(await measureActivations());
const names = [...new Set(starts.flatMap((start) => [...start.keys()]))];
const rows = names.map((name) => ({ name, ms: median(starts.flatMap((start) => start.get(name) ?? [])) })).toSorted((a, b) => b.ms - a.ms);
const ours = rows.find(({ name }) => name.startsWith('Tapedeck'))?.ms ?? Number.NaN;
console.log(`Medians of ${rounds} starts, as the editor's own *Running Extensions* tells them.\n`);
console.log('| extension | activation | Tapedeck to it |\n|---|---|---|');
for (const { name, ms } of rows)
  console.log(`| ${name} | ${ms} ms | ${name.startsWith('Tapedeck') ? '1' : ms === 0 ? '-' : (ours / ms).toFixed(2)} |`);

// A stand-in for the editor's module is enough to load the bundle: nothing of it runs on import.
const loading = `const M=require('module');const o=M._load;M._load=(n,...r)=>n==='vscode'?new Proxy(function(){},{get:(t,k)=>k==='__esModule'?false:new Proxy(function(){},{get:()=>class{},construct:()=>({})})}):o(n,...r);const t=process.hrtime.bigint();require(process.argv[1]);console.log(Number(process.hrtime.bigint()-t)/1e6)`;
const loads = Array.from({ length: rounds * 4 }, () =>
  Number(execFileSync(process.execPath, ['-e', loading, path.resolve('dist/extension.js')], { encoding: 'utf8' })),
);
const empties = Array.from({ length: rounds * 4 }, () => {
  const start = process.hrtime.bigint();
  execFileSync(process.execPath, ['-e', '0']);
  return Number(process.hrtime.bigint() - start) / 1e6;
});
console.log(
  `\nLoading the bundle: ${median(loads).toFixed(1)} ms, ${(median(loads) / median(empties)).toFixed(2)} x the start of a Node process that does nothing.`,
);
