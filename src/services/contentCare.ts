import type { Clock } from '../base/clock.ts';
import type { Digest } from '../model/digest.ts';
import { readCondemned } from '../store/condemnedContents.ts';
import { collectContents, collectionGraceMs, type Collection } from '../store/contentCollection.ts';
import type { TapedeckLayout } from '../store/layout.ts';
import { readForeignRecorders, readRecorders } from '../store/presence.ts';
import { createWriterId } from '../store/writerClaim.ts';

export interface ContentCareOptions {
  readonly layout: TapedeckLayout;
  readonly digest: Digest;
  readonly clock: Clock;
}

export type ContentCare =
  | ({ readonly state: 'collected' } & Collection)
  /** `waiting-events`: a process could not write all it knows. `other-machine`: one records here, and cannot be asked. */
  | { readonly state: 'refused'; readonly reason: 'waiting-events' | 'other-machine'; readonly message: string };

/** A card of another machine that nobody has written to for so long is of a recorder that is gone. */
const foreignCardMs = 7 * collectionGraceMs;

/** Gives back the room of contents that no log mentions; see `collectContents`. Rejects when something cannot be read. */
export async function careForContents({ layout, digest, clock }: ContentCareOptions): Promise<ContentCare> {
  const recorders = await readRecorders(layout);
  const troubled = recorders.find(({ trouble }) => trouble !== undefined);
  if (troubled !== undefined)
    return {
      state: 'refused',
      reason: 'waiting-events',
      message: `Process ${troubled.pid} could not write all that it knows yet: what it needs cannot be told`,
    };
  const foreign = (await readForeignRecorders(layout)).find(({ writtenMs }) => clock.now() - writtenMs < foreignCardMs);
  if (foreign !== undefined)
    return {
      state: 'refused',
      reason: 'other-machine',
      message: `${foreign.card.host} has recorded here in the last week: collect there, or when it has ended`,
    };
  const writing = new Set(recorders.map(({ writer }) => writer));
  const collection = await collectContents({
    layout,
    digest,
    writer: createWriterId(),
    now: clock.now(),
    isWriting: (writer) => writing.has(writer),
  });
  return { state: 'collected', ...collection };
}

/** True when nobody has looked for a day. */
export async function isCareDue(layout: TapedeckLayout, clock: Clock): Promise<boolean> {
  const { lookedAt } = await readCondemned(layout.blobs);
  return lookedAt === undefined || Math.abs(clock.now() - Date.parse(lookedAt)) >= collectionGraceMs;
}
