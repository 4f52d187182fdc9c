import { writeSync } from 'node:fs';
import { hostname } from 'node:os';
import { systemClock } from '../../src/base/clock.ts';
import { userAuthor } from '../../src/model/author.ts';
import { openContentStore } from '../../src/store/contentStore.ts';
import { nodeDigest } from '../../src/store/digest.ts';
import { tapedeckLayout } from '../../src/store/layout.ts';
import { openLogWriter } from '../../src/store/logWriter.ts';
import { openPresence } from '../../src/store/presence.ts';

// What a process does that comes after one that died: takes over, goes on with a writer that is free, and with a pack whose
// end may be torn. Tells `event <id>`, `content <hash>` and `leads <bool>` on its standard output, each once it is certain.
// Arguments: root, session, name of the pack's writer.
const [root = '', session = '', packWriter = ''] = process.argv.slice(2);
const layout = tapedeckLayout(root);
const tell = (line: string): void => void writeSync(1, `${line}\n`);

const writer = await openLogWriter({ layout, session, clock: systemClock, digest: nodeDigest, shortLived: true });
const startedAt = new Date().toISOString();
const presence = await openPresence({ layout, card: { writer: writer.id, pid: process.pid, host: hostname(), startedAt, app: 'test' } });
const { isLeader } = await presence.look();
const store = await openContentStore({ layout, digest: nodeDigest, writer: packWriter });
for (const round of ['a', 'b']) {
  const event = await writer.append({ kind: 'progress.noted', by: userAuthor, text: `${round} of ${process.pid}` });
  tell(`event ${event.w}.${event.n}`);
  const { hash } = await store.put(Buffer.from(`${round} of ${process.pid} ${startedAt}\n`.repeat(20)));
  tell(`content ${hash}`);
}
await store.close();
await writer.close();
await presence.leave();
tell(`leads ${isLeader}`);
