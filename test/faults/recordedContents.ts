import { existsSync, readdirSync } from 'node:fs';
import { expect } from 'vitest';
import { isFileEvent, type LoggedEvent } from '../../src/model/event.ts';
import { openContentStore } from '../../src/store/contentStore.ts';
import { nodeDigest } from '../../src/store/digest.ts';
import { tapedeckLayout } from '../../src/store/layout.ts';
import { openLogReader } from '../../src/store/logReader.ts';

/** The events of all sessions, whose chains must be whole, and which of the contents that they name are not there as they were. */
export async function readRecorded(root: string): Promise<{ readonly events: LoggedEvent[]; readonly lost: string[] }> {
  const layout = tapedeckLayout(root);
  const events: LoggedEvent[] = [];
  for (const session of existsSync(layout.sessions) ? readdirSync(layout.sessions).sort() : []) {
    const reader = await openLogReader({ layout, session, digest: nodeDigest });
    for await (const batch of reader.all()) events.push(...batch);
    expect((await reader.verify()).breaks).toEqual([]);
  }
  const store = await openContentStore({ layout, digest: nodeDigest, writer: 'reader' });
  const lost: string[] = [];
  for (const event of events.filter(isFileEvent))
    for (const version of [event.before, event.after]) {
      if (version?.hash === undefined) continue;
      const bytes = await store.get(version.hash);
      if (bytes === undefined || nodeDigest.sha256(bytes) !== version.hash) lost.push(`${event.path} ${version.hash}`);
    }
  await store.close();
  return { events, lost };
}
