// A recorder in a process of its own, to be killed: tells its session, then each file event.
import { systemClock } from '../../src/base/clock.ts';
import { chokidarWatcher } from '../../src/services/chokidarWatcher.ts';
import { openRecorder } from '../../src/services/recorder.ts';
import { defaultRecorderSettings } from '../../src/services/recorderSettings.ts';
import { nodeDigest } from '../../src/store/digest.ts';

const folder = process.argv[2]!;
const recorder = await openRecorder({
  folders: [{ name: 'work', path: folder }],
  root: `${folder}/.tapedeck`,
  settings: { ...defaultRecorderSettings, quietMs: 50 },
  clock: systemClock,
  digest: nodeDigest,
  app: 'cli',
  watcher: chokidarWatcher,
});
await recorder.whenReady;
const tell = (line: string): void => void process.stdout.write(`${line}\n`);
recorder.journal.onDidRecord((event) => {
  if (event.kind === 'baseline.taken') tell(`session ${recorder.status().session}`);
  if (event.kind.startsWith('file.')) tell(event.kind);
});
await recorder.start();
// Ends with its input, so that a test which dies leaves nothing behind.
process.stdin.resume().on('end', () => void recorder.close().then(() => process.exit(0)));
