import { ContextWeigher, type ContextWeight } from '../core/contextWeight.ts';
import type { Digest } from '../model/digest.ts';
import type { RunId, SessionId } from '../model/ids.ts';
import type { TapedeckLayout } from '../store/layout.ts';
import { openLogReader } from '../store/logReader.ts';
import { tellTranscript, type ToldTranscript } from './transcriptFacts.ts';

/** A run's context, by its own transcript: all of it is there. Undefined when it names no run. Rejects when it cannot be read. */
export async function weighTranscript(
  transcript: ToldTranscript,
  options: { readonly digest: Digest; readonly folders: readonly string[] },
): Promise<{ readonly run: RunId; readonly model: string | undefined; readonly weight: ContextWeight } | undefined> {
  const weigher = new ContextWeigher();
  const end = await tellTranscript(transcript, {
    ...options,
    take: (facts) => {
      for (const fact of facts) weigher.add(fact);
    },
  });
  return end.run.run === undefined ? undefined : { run: end.run.run, model: end.run.model, weight: weigher.finish() };
}

/** The same by what the logs of these sessions hold, in their order: where the transcript is gone. Undefined when they hold nothing of it. */
export async function weighLogged(
  run: RunId,
  sessions: readonly SessionId[],
  { layout, digest }: { readonly layout: TapedeckLayout; readonly digest: Digest },
): Promise<ContextWeight | undefined> {
  const weigher = new ContextWeigher();
  let isThere = false;
  for (const session of sessions) {
    const reader = await openLogReader({ layout, session, digest });
    try {
      for await (const events of reader.batches({ filter: { run } }))
        for (const event of events) {
          // What others did while it was at work names it, and is none of its context.
          if (event.kind === 'foreign' || event.run !== run) continue;
          isThere = true;
          weigher.add(event);
        }
    } finally {
      reader.dispose();
    }
  }
  return isThere ? weigher.finish() : undefined;
}
