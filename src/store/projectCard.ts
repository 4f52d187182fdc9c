import { readFile } from 'node:fs/promises';
import * as z from 'zod';
import type { TapedeckLayout } from './layout.ts';
import { replaceFile } from './replaceFile.ts';

/** A place at which the folder that holds this log was seen. */
const Place = z.object({
  /** Absolute, as that machine names it. */
  path: z.string(),
  /** Name of the machine, or of the container. */
  host: z.string(),
  /** ISO 8601, UTC. */
  seenAt: z.string(),
});

/**
 * Which project this is, beside its log, so that it goes where the folder goes. All of it can be made again, but for `id` and
 * what was linked by hand.
 */
export const ProjectCard = z.object({
  id: z.string(),
  rootCommits: z.array(z.string()).default([]),
  remotes: z.array(z.string()).default([]),
  /** The newest last. */
  places: z.array(Place).default([]),
  /** Folders that a person said were this one. */
  linked: z.array(z.string()).default([]),
});
export type ProjectCard = z.infer<typeof ProjectCard>;

/** The card as stored; undefined when there is none that can be read. */
export async function readProjectCard(layout: TapedeckLayout): Promise<ProjectCard | undefined> {
  try {
    const card = ProjectCard.safeParse(JSON.parse(await readFile(layout.project, 'utf8')));
    return card.success ? card.data : undefined;
  } catch {
    return undefined;
  }
}

/** Replaces the card in one step. Rejects when it cannot be written. */
export async function writeProjectCard(layout: TapedeckLayout, card: ProjectCard): Promise<void> {
  await replaceFile(layout.project, `${JSON.stringify(card, undefined, 2)}\n`);
}
