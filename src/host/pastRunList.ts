import path from 'node:path';
import { PastRuns } from '../services/pastRuns.ts';
import { ProjectPlaces, type ProjectPlacesOptions } from '../services/projectPlaces.ts';
import { nodeDigest } from '../store/digest.ts';
import type { Deck } from './deck.ts';

/** Undefined where there is no folder, or it is not trusted. */
export function placesOptionsOf({ layout, folders, agents }: Deck): ProjectPlacesOptions | undefined {
  if (layout === undefined || agents === undefined) return undefined;
  return { layout, folders, platform: process.platform, isTrusted: true, now: () => Date.now() };
}

/** What the agents keep of this window's project; undefined as above. */
export async function pastRunsOf(deck: Deck): Promise<PastRuns | undefined> {
  const options = placesOptionsOf(deck);
  if (options === undefined || deck.agents === undefined) return undefined;
  return new PastRuns({
    ...deck.agents,
    digest: nodeDigest,
    places: await ProjectPlaces.open(options),
    cacheFile: path.join(options.layout.cache, 'past.json'),
  });
}
