import type { EventId } from '../model/ids.ts';

/** One statement of a resume prompt, with the events that it rests on. */
export interface ResumeItem {
  readonly text: string;
  readonly events: readonly EventId[];
  /** The same, shorter, for when there is no room. */
  readonly short?: string;
  readonly shortest?: string;
}
