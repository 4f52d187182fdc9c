import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { runCli } from './cli/program.ts';
import { serveScans } from './store/scanCrew.ts';

/** The roof of the command line: hands the process to the program, and lives until the answer has been written. */
async function main(): Promise<void> {
  // A reader that has gone away (`tapedeck log | head`) is no failure; an answer that finds no room (`> file` on a full disk) is one.
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE' || error.code === 'EOF' || error.code === 'ERR_STREAM_DESTROYED') process.exit(0);
      // That there is no room to complain in stops no work.
      if (stream === process.stderr) return;
      process.stderr.write(`tapedeck: The answer could not be written: ${error.message}\n`);
      process.exit(1);
    });
  }
  const exitCode = await runCli(
    process.argv.slice(2),
    {
      cwd: process.cwd(),
      environment: process.env,
      stdout: process.stdout,
      stderr: process.stderr,
      stdin: process.stdin,
      isInteractive: process.stdin.isTTY && process.stderr.isTTY,
      whenStopped: () =>
        new Promise((resolve) => {
          for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve());
        }),
      startScanThread: () => new Worker(__filename),
    },
    readVersion(),
  );
  // Not process.exit: what was written to a pipe may still be on its way.
  process.exitCode = exitCode;
}

/** From the package that the bundle lies in. */
function readVersion(): string {
  try {
    return String((JSON.parse(readFileSync(join(__dirname, '..', 'package.json'), 'utf8')) as { version?: unknown }).version);
  } catch {
    return 'unknown';
  }
}

// The bundle is its own thread too, so that it is one file wherever it lies.
if (isMainThread || parentPort === null) void main();
else serveScans(parentPort);
