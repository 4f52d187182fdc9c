import { Recall, recallKind } from './recall.ts';
import type { SidecarRecipe } from './sidecarBuilder.ts';

/** A smaller segment is read in a few milliseconds. */
const minSegmentBytes = 1 << 20;

/** How the keeper of sidecars makes what a recorder recalls of a segment, before one asks. */
export const recallRecipe: SidecarRecipe = {
  kind: recallKind,
  minBytes: minSegmentBytes,
  begin({ writer }, digest) {
    const recall = new Recall(digest);
    return {
      add(bytes, from, to) {
        if (bytes !== undefined && to > from) recall.addLine(bytes.subarray(from, to), writer);
      },
      finish() {
        const pieces = recall.encode();
        for (;;) {
          const step = pieces.next();
          if (step.done === true) return step.value;
        }
      },
    };
  },
};
