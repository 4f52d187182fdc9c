import { writeSync } from 'node:fs';
import { systemClock } from '../../src/base/clock.ts';
import { userAuthor } from '../../src/model/author.ts';
import { nodeDigest } from '../../src/store/digest.ts';
import { tapedeckLayout } from '../../src/store/layout.ts';
import { openLogWriter } from '../../src/store/logWriter.ts';

// Appends notes and tells the id of each on its standard output once it is acknowledged; one that fails ends it, with the
// reason. Arguments: root, session, how many (0: for ever), how many at once, length of each text, `short` for a
// short-lived writer, size of a segment (0: as ever).
const [root = '', session = '', total = '0', atOnce = '1', length = '100', life = '', segmentBytes = '0'] = process.argv.slice(2);
const writer = await openLogWriter({
  layout: tapedeckLayout(root),
  session,
  clock: systemClock,
  digest: nodeDigest,
  shortLived: life === 'short',
  limits: { retryMs: 1, maxRetryMs: 20, ...(segmentBytes !== '0' && { segmentBytes: Number(segmentBytes) }) },
});
const limit = Number(total) || Number.POSITIVE_INFINITY;
let started = 0;
async function appendOneByOne(): Promise<void> {
  while (started < limit) {
    const text = `${(started += 1)} `.padEnd(Number(length), 'x');
    try {
      const event = await writer.append({ kind: 'progress.noted', by: userAuthor, text });
      writeSync(1, `${event.w}.${event.n}\n`);
    } catch (error) {
      writeSync(1, `failed ${(error as { reason?: string }).reason ?? String(error)}\n`);
      return;
    }
  }
}
await Promise.all(Array.from({ length: Number(atOnce) }, appendOneByOne));
await writer.close();
