import { hunksBetween, takeHunks, type Hunk } from '../core/hunks.ts';
import type { RewindPlan, RewindSkip, RewindStep } from '../core/rewindPlan.ts';
import type { FileVersion } from '../model/fileVersion.ts';
import type { WorkspacePath } from '../model/workspacePath.ts';
import type { ContentStore } from '../store/contentStore.ts';

export interface HunkParts {
  readonly content: ContentStore;
  /** The present content of a step's file, `from`; undefined when it is that no more. */
  readonly readPresent: (step: RewindStep) => Promise<Uint8Array | undefined>;
}

/** Where the choice of hunks cannot be what was meant: the file is another by now, or has not so many. */
export class HunkError extends Error {
  readonly reason: 'no-hunks' | 'no-such-hunk';
  readonly path: WorkspacePath;

  constructor(reason: HunkError['reason'], path: WorkspacePath, message: string) {
    super(message);
    this.name = 'HunkError';
    this.reason = reason;
    this.path = path;
  }
}

const byteLimit = 8 * 1024 * 1024;

/** What a step would change in a text, to be chosen from. Undefined: it makes or deletes the file, or that is no text, or too large. */
export async function hunksOfStep(step: RewindStep, parts: HunkParts): Promise<readonly Hunk[] | undefined> {
  const texts = await textsOf(step, parts);
  return texts && hunksBetween(texts.from, texts.to);
}

/**
 * The plan with only these hunks of those files; files that are not named stay as planned, and one of which none is chosen is
 * left alone. What is written then differs from what is there in the chosen hunks and in no other byte; its mode stays.
 * Puts what comes of it into the content store. Throws HunkError.
 */
export async function planWithHunks(
  plan: RewindPlan,
  chosen: ReadonlyMap<WorkspacePath, ReadonlySet<number>>,
  parts: HunkParts,
): Promise<RewindPlan> {
  const steps: RewindStep[] = [];
  const skips: RewindSkip[] = [...plan.skips];
  for (const step of plan.steps) {
    const wanted = chosen.get(step.path);
    if (wanted === undefined) {
      steps.push(step);
      continue;
    }
    const texts = await textsOf(step, parts);
    const hunks = texts && hunksBetween(texts.from, texts.to);
    if (texts === undefined || hunks === undefined)
      throw new HunkError('no-hunks', step.path, `${step.path} cannot be chosen from: it is taken whole or left alone`);
    if ([...wanted].some((index) => index < 0 || index >= hunks.length))
      throw new HunkError('no-such-hunk', step.path, `${step.path} has ${hunks.length} changes to choose from`);
    if (wanted.size === 0) skips.push({ path: step.path, reason: 'not-chosen' });
    else if (wanted.size === hunks.length) steps.push(step);
    else {
      const bytes = Buffer.from(takeHunks(texts.from, hunks, wanted), 'latin1');
      const { hash } = await parts.content.put(bytes, step.to!.hash);
      const to: FileVersion = { ...step.from!, hash, sizeBytes: bytes.length };
      steps.push({ ...step, to, hunks: { taken: wanted.size, of: hunks.length } });
    }
  }
  return { ...plan, steps, skips };
}

/** Both texts, one character a byte. */
async function textsOf(step: RewindStep, parts: HunkParts): Promise<{ readonly from: string; readonly to: string } | undefined> {
  const { from, to } = step;
  if (from === undefined || to === undefined || from.type === 'link' || to.type === 'link' || step.inTheWay.length > 0) return undefined;
  if (Math.max(from.sizeBytes, to.sizeBytes) > byteLimit) return undefined;
  const before = await parts.readPresent(step);
  const after = to.sizeBytes === 0 ? new Uint8Array() : to.hash === undefined ? undefined : await parts.content.get(to.hash);
  if (before === undefined || after === undefined || before.includes(0) || after.includes(0)) return undefined;
  return { from: Buffer.from(before).toString('latin1'), to: Buffer.from(after).toString('latin1') };
}
