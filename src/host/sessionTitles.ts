import { DisposableStore } from '../base/disposable.ts';
import { oneLine } from '../core/timelineWords.ts';
import type { SessionId } from '../model/ids.ts';
import { nodeDigest } from '../store/digest.ts';
import type { TapedeckLayout } from '../store/layout.ts';
import { openLogReader } from '../store/logReader.ts';

const titleLimit = 80;
/** A list is not waited for: what is not known by then goes without. */
const patienceMs = 600;
const lookedAt = 40;

/** What the newest sessions were begun for, in the words of their first prompt; those without one, or not read in time, are missing. */
export async function firstPrompts(layout: TapedeckLayout, sessions: readonly SessionId[]): Promise<ReadonlyMap<SessionId, string>> {
  const titles = new Map<SessionId, string>();
  const disposables = new DisposableStore();
  let isOver = false;
  const look = async (): Promise<void> => {
    for (const session of sessions.slice(0, lookedAt)) {
      if (isOver) return;
      const reader = disposables.add(await openLogReader({ layout, session, digest: nodeDigest }));
      reading: for await (const batch of reader.batches({ filter: { kinds: ['prompt.submitted'] } }))
        for (const event of batch) {
          if (isOver) return;
          if (event.kind !== 'prompt.submitted' || event.provenance !== 'user') continue;
          titles.set(session, oneLine(event.text.head, titleLimit));
          break reading;
        }
    }
  };
  let timer: NodeJS.Timeout | undefined;
  try {
    // A session that cannot be read has no title here; opening it says why.
    await Promise.race([look().catch(() => {}), new Promise<void>((resolve) => (timer = setTimeout(resolve, patienceMs)))]);
    return titles;
  } finally {
    isOver = true;
    clearTimeout(timer);
    disposables.dispose();
  }
}
