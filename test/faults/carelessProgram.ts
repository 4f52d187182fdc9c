import { mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

// Writes lines as most programs do, without a sync, and tells the number of each as if it were certain. Argument: the file.
const [path = ''] = process.argv.slice(2);
mkdirSync(dirname(path), { recursive: true });
const file = openSync(path, 'a');
for (let n = 1; ; n++) {
  writeSync(file, `${n}\n`);
  writeSync(1, `${n}\n`);
}
