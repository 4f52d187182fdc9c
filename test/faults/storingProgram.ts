import { writeSync } from 'node:fs';
import { openContentStore } from '../../src/store/contentStore.ts';
import { nodeDigest } from '../../src/store/digest.ts';
import { tapedeckLayout } from '../../src/store/layout.ts';
import { createWriterId } from '../../src/store/writerClaim.ts';

// Puts contents, each a small change of the one before, and tells the hash of each on its standard output once it is
// acknowledged. What fails is told with its reason, and gone on from.
// Arguments: root, how many (0: for ever), how many at once, size of each, writer (none: a new one), which one is a large file.
const [root = '', total = '0', atOnce = '1', size = '2000', writer = '', large = '0'] = process.argv.slice(2);
const store = await openContentStore({
  layout: tapedeckLayout(root),
  digest: nodeDigest,
  writer: writer === '' ? createWriterId() : writer,
  maxPackBytes: 256 * 1024,
});
const limit = Number(total) || Number.POSITIVE_INFINITY;
let started = 0;
async function putOneByOne(worker: number): Promise<void> {
  let base: string | undefined;
  const body = Array.from({ length: Math.ceil(Number(size) / 9) }, (_, index) =>
    nodeDigest.sha256(`${process.pid} ${worker} ${index}`).slice(0, 8),
  );
  while (started < limit) {
    const index = (started += 1);
    body[(index * 31) % body.length] = nodeDigest.sha256(`${index}`).slice(0, 8);
    const text = `${index}\n${body.join('\n')}`;
    try {
      const bytes = Buffer.from(index === Number(large) ? text.padEnd(5 << 20, '.') : text);
      const stored = await store.put(bytes, base);
      base = stored.hash;
      writeSync(1, `${stored.hash}\n`);
    } catch (error) {
      writeSync(1, `failed ${(error as { reason?: string }).reason ?? String(error)}\n`);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }
}
await Promise.all(Array.from({ length: Number(atOnce) }, (_, worker) => putOneByOne(worker)));
await store.close();
