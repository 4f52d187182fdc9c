import { readMarks } from '../core/lineMark.ts';
import type { Digest } from '../model/digest.ts';
import type { EventMark } from '../model/sessionState.ts';
import type { SessionLayout } from './layout.ts';
import { lineIndexKind, readLineIndex } from './lineIndex.ts';
import { backwardLines, forwardLines } from './lineSource.ts';
import type { OpenFile, OpenFiles } from './openFiles.ts';
import { describeSegment, type SegmentRef } from './segmentFile.ts';
import { SegmentMap } from './segmentMap.ts';
import { seekPlace } from './segmentSeek.ts';
import { readSidecar } from './sidecar.ts';
import { mostBatchBytes, mostCopies } from './writtenTwice.ts';

/** A place in one writer's events: in the segment of that index, at that offset. */
export interface WriterPlace {
  readonly index: number;
  readonly offset: number;
}

export interface PlaceOptions {
  /** One writer's, in order; at least one. */
  readonly segments: readonly SegmentRef[];
  /** False for the writer's events before the place, true for those behind it. */
  readonly isBehind: (event: EventMark) => boolean;
  readonly files: OpenFiles;
  readonly ahead?: { readonly before: number; readonly behind: number };
}

const edgeBytes = 4 << 10;
const nowhere = { from: 0, to: 0 };

/**
 * Finds places in the segments of a session, and remembers what it saw on the way: which event each segment begins and ends
 * with, and what `SegmentMap` keeps. What is remembered of a file holds as long as it is the same file, untouched; of the one
 * that a place is found in, and of its neighbour, that is made sure each time.
 */
export class WriterMaps {
  readonly #session: SessionLayout;
  readonly #digest: Digest;
  readonly #maps = new Map<string, SegmentMap>();

  constructor(session: SessionLayout, digest: Digest) {
    this.#session = session;
    this.#digest = digest;
  }

  /**
   * Where to begin to read the events behind the place: at the last one before it in that file, so that damage in between is
   * met. Lines that were written again in the next segment are behind it in both.
   */
  async startOf(options: PlaceOptions): Promise<WriterPlace> {
    const { segments, isBehind, files } = options;
    let index = await this.#segmentOf(options);
    for (let before = index - 1, count = 1; before >= 0 && count <= mostCopies; before -= 1, count += 1) {
      const last = await this.#edge(segments[before]!, 'last', files);
      if (last !== undefined && isBehind(last)) index = before;
      else if (last !== undefined && !this.#mayBeCopy(segments[before]!)) break;
    }
    return { index, offset: (await this.#seek(options, index)).from };
  }

  /** Where to begin to read the events before the place backward: behind the first one after it in that file, as above. */
  async endOf(options: PlaceOptions): Promise<WriterPlace> {
    const { segments, isBehind, files } = options;
    let index = await this.#segmentOf(options);
    for (let behind = index + 1, count = 1; behind < segments.length && count <= mostCopies; behind += 1, count += 1) {
      const first = await this.#edge(segments[behind]!, 'first', files);
      if (first !== undefined && !isBehind(first)) index = behind;
      else if (first !== undefined && !this.#mayBeCopy(segments[behind]!)) break;
    }
    return { index, offset: (await this.#seek(options, index)).to };
  }

  /** It may hold a write that failed, and nothing else: then what is sound of it says nothing of where others begin and end. */
  #mayBeCopy(ref: SegmentRef): boolean {
    return this.#map(ref).sizeBytes <= mostBatchBytes;
  }

  /** The first or the last event of those segments, of their own writer; undefined when they hold none. */
  async edgeOf(segments: readonly SegmentRef[], edge: 'first' | 'last', files: OpenFiles): Promise<EventMark | undefined> {
    for (const ref of edge === 'first' ? segments : [...segments].reverse()) {
      const file = await files.open(ref).catch(() => undefined);
      if (file === undefined) continue;
      this.#map(ref).recognise(file.segment);
      const mark = await this.#edge(ref, edge, files);
      if (mark !== undefined) return mark;
    }
    return undefined;
  }

  /** The last segment that begins with an event which is not behind the place; the first when there is none. */
  async #segmentOf(options: PlaceOptions): Promise<number> {
    const { segments, files } = options;
    for (let attempt = 1; ; attempt++) {
      const index = await this.#chooseSegment(options);
      const [here, next] = await Promise.all([
        files.open(segments[index]!).catch(() => undefined),
        index + 1 < segments.length ? describeSegment(this.#session.events, segments[index + 1]!.name) : undefined,
      ]);
      const isSameHere = here === undefined || this.#map(segments[index]!).recognise(here.segment);
      const isSameNext = next === undefined || this.#map(segments[index + 1]!).recognise(next);
      // A file that changes all the time is taken as it was seen last.
      if ((isSameHere && isSameNext) || attempt === 3) return index;
    }
  }

  async #chooseSegment({ segments, isBehind, files }: PlaceOptions): Promise<number> {
    let low = 0;
    let high = segments.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      // Segments without a sound event say nothing: the next that has one speaks for them.
      let speaker = middle;
      let first = await this.#edge(segments[speaker]!, 'first', files);
      while (first === undefined && speaker + 1 < high) first = await this.#edge(segments[(speaker += 1)]!, 'first', files);
      if (first === undefined || isBehind(first)) high = middle;
      else low = speaker;
    }
    return low;
  }

  async #seek({ segments, isBehind, files, ahead }: PlaceOptions, index: number): Promise<{ readonly from: number; readonly to: number }> {
    const ref = segments[index]!;
    let file: OpenFile | undefined;
    try {
      file = await files.open(ref);
      if (file === undefined) return nowhere;
      const map = this.#map(ref);
      const { segment, window } = file;
      if (index < segments.length - 1 && !map.isAsked) {
        map.isAsked = true;
        const sidecar = await readSidecar(this.#session, segment, lineIndexKind, this.#digest);
        const entries = sidecar && readLineIndex(sidecar.payload);
        if (entries !== undefined) map.load(entries);
      }
      const { sizeBytes } = segment;
      return await seekPlace({
        file: window,
        sizeBytes,
        writer: ref.writer,
        isBehind,
        digest: this.#digest,
        map,
        ...(ahead === undefined ? {} : { ahead }),
      });
    } catch {
      // Unreadable: whoever reads there will say so.
      return nowhere;
    }
  }

  async #edge(ref: SegmentRef, edge: 'first' | 'last', files: OpenFiles): Promise<EventMark | undefined> {
    const map = this.#map(ref);
    if (map[edge] !== undefined) return map[edge];
    const isOpen = files.has(ref);
    try {
      const file = await files.open(ref);
      if (file === undefined) return undefined;
      map.recognise(file.segment);
      return (map[edge] = await readEdge(file, edge, this.#digest));
    } catch {
      return undefined;
    } finally {
      // Of eighty segments a search looks at seven; a reading needs one or two.
      if (!isOpen) await files.close(ref);
    }
  }

  #map(ref: SegmentRef): SegmentMap {
    const known = this.#maps.get(ref.name);
    if (known !== undefined) return known;
    const map = new SegmentMap();
    this.#maps.set(ref.name, map);
    return map;
  }
}

async function readEdge({ segment, window }: OpenFile, edge: 'first' | 'last', digest: Digest): Promise<EventMark | undefined> {
  const range = { file: window, from: 0, to: segment.sizeBytes, chunkBytes: edgeBytes };
  const lines = edge === 'first' ? forwardLines(range) : backwardLines(range);
  for (;;) {
    const line = lines.take();
    if (line === undefined) {
      if (!(await lines.fill())) return undefined;
      continue;
    }
    const own = readMarks(line.bytes, digest).filter(({ mark }) => mark.w === segment.writer);
    const mark = edge === 'first' ? own[0] : own.at(-1);
    if (mark !== undefined) return mark.mark;
  }
}
