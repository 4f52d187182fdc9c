import { readLine } from '../core/salvage.ts';
import { LineIndexBuilder, lineIndexKind } from './lineIndex.ts';
import { PlainLineReader } from './plainLine.ts';
import type { SidecarRecipe } from './sidecarBuilder.ts';

/** A smaller segment is halved in a step or two. */
const minSegmentBytes = 256 << 10;

/** How the keeper of sidecars makes a segment's line index. */
export const lineIndexRecipe: SidecarRecipe = {
  kind: lineIndexKind,
  minBytes: minSegmentBytes,
  begin({ writer }, digest) {
    const builder = new LineIndexBuilder();
    const plain = new PlainLineReader(writer, digest);
    return {
      add(bytes, from, to, offset) {
        if (bytes === undefined || to === from) return;
        const line = bytes.subarray(from, to);
        if (plain.take(line)) {
          builder.add({ from: offset, to: offset + to - from }, plain.head);
          return;
        }
        for (const record of readLine(line, digest).records)
          if (record.event.w === writer) builder.add({ from: offset + record.from, to: offset + record.to }, record.event);
      },
      finish: () => builder.finish(),
    };
  },
};
