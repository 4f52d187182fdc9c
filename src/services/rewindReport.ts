import type { RewindSkip } from '../core/rewindPlan.ts';
import type { EventId } from '../model/ids.ts';
import type { WorkspacePath } from '../model/workspacePath.ts';
import type { LeftFile } from '../store/restoreStep.ts';

/** What a rewind did: all of it, or nothing, and then why. */
export type RewindReport =
  | {
      readonly ok: true;
      readonly id: string;
      /** The rewind's own event; undefined when there was nothing to do, or when the log could not take it (then `unrecorded` says why). */
      readonly event: EventId | undefined;
      readonly checkpoint: string | undefined;
      readonly written: number;
      readonly deleted: number;
      readonly alreadySo: number;
      readonly skipped: readonly RewindSkip[];
      readonly unrecorded?: string;
    }
  | {
      readonly ok: false;
      readonly id: string;
      /**
       * `undecided`: conflicts without a choice, see `undecided`. `busy`: another rewind is under way. `not-saved`: no safety
       * checkpoint could be made. Else why the restore stopped, see RestoreFailure.
       */
      readonly reason: string;
      readonly message: string;
      readonly path?: WorkspacePath | undefined;
      readonly undecided?: readonly WorkspacePath[];
      /** Everything is as it was before. */
      readonly rolledBack: boolean;
      /** What is not. */
      readonly left: readonly LeftFile[];
    };
