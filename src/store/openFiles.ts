import { ChunkPool } from './chunkPool.ts';
import { FileWindow } from './fileWindow.ts';
import { openSegment, type SegmentFile, type SegmentRef } from './segmentFile.ts';

export interface OpenFile {
  /** As it was when it was opened. */
  readonly segment: SegmentFile;
  readonly window: FileWindow;
}

/** The segments that one reading has open: each is opened once, and closed with the reading at the latest. */
export class OpenFiles {
  readonly pool: ChunkPool;
  readonly #open = new Map<string, ReturnType<typeof openSegment>>();
  readonly #files = new Map<string, OpenFile>();

  constructor(pool: ChunkPool = new ChunkPool()) {
    this.pool = pool;
  }

  /** Undefined when it is gone, or no file. Rejects when it cannot be read. */
  async open(ref: SegmentRef): Promise<OpenFile | undefined> {
    let opening = this.#open.get(ref.name);
    if (opening === undefined) this.#open.set(ref.name, (opening = openSegment(ref)));
    const opened = await opening;
    if (opened === undefined) return undefined;
    let file = this.#files.get(ref.name);
    if (file === undefined) this.#files.set(ref.name, (file = { segment: opened.segment, window: new FileWindow(opened.file, this.pool) }));
    return file;
  }

  has(ref: { readonly name: string }): boolean {
    return this.#open.has(ref.name);
  }

  async close(ref: { readonly name: string }): Promise<void> {
    const opening = this.#open.get(ref.name);
    this.#open.delete(ref.name);
    this.#files.get(ref.name)?.window.release();
    this.#files.delete(ref.name);
    try {
      await (await opening)?.file.close();
    } catch {
      // It could not be opened, or it cannot even be closed: nothing is lost by that.
    }
  }

  async closeAll(): Promise<void> {
    await Promise.all([...this.#open.keys()].map((name) => this.close({ name })));
  }
}
