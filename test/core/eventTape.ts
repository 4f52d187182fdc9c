import { userAuthor, type Author } from '../../src/model/author.ts';
import type { EventDraft, TapedeckEvent } from '../../src/model/event.ts';
import type { FileVersion } from '../../src/model/fileVersion.ts';
import { eventId } from '../../src/model/ids.ts';

type Loose<D> = D extends unknown ? Omit<D, 'by'> & { by?: Author } : never;

/** Events in order, one second apart, for tests of what is derived from them. */
export class EventTape {
  readonly events: TapedeckEvent[] = [];
  readonly #counts = new Map<string, number>();
  #ms = Date.parse('2026-01-01T10:00:00.000Z');

  add(draft: Loose<EventDraft>, { writer = 'aaaaaa', afterMs = 1000 }: { writer?: string; afterMs?: number } = {}): TapedeckEvent {
    this.#ms += afterMs;
    const n = (this.#counts.get(writer) ?? 0) + 1;
    this.#counts.set(writer, n);
    const event: TapedeckEvent = { by: userAuthor, ...draft, v: 1, w: writer, n, at: new Date(this.#ms).toISOString() };
    this.events.push(event);
    return event;
  }

  start(): this {
    this.add({ kind: 'session.started', session: '20260101-110000-abcd', folders: [{ name: 'shop', path: '/home/ada/shop' }] });
    return this;
  }

  prompt(text: string, run = 'r1', turn = 1): TapedeckEvent {
    return this.add({ kind: 'prompt.submitted', run, turn, text: { head: text, sizeBytes: text.length }, provenance: 'user' });
  }

  command(command: string, exitCode: number | null, output?: string): TapedeckEvent {
    const excerpt = output === undefined ? {} : { output: { head: output, sizeBytes: output.length } };
    return this.add({ kind: 'command.ended', command, exitCode, ...excerpt });
  }

  change(
    path: string,
    before: string | undefined,
    after: string | undefined,
    by: Author = userAuthor,
    more: { rewind?: string } = {},
  ): TapedeckEvent {
    const kind = before === undefined ? 'file.created' : after === undefined ? 'file.deleted' : 'file.changed';
    const versions = { ...(before !== undefined && { before: version(before) }), ...(after !== undefined && { after: version(after) }) };
    return this.add({ kind, path, ...versions, by, ...more });
  }

  rewind(id: string, target: TapedeckEvent, paths?: string[]): TapedeckEvent {
    this.add({ kind: 'checkpoint.made', id: `cp-${id}`, label: 'Before a rewind', reason: 'rewind' });
    return this.add({
      ...{
        kind: 'rewind.applied',
        id,
        target: eventId(target),
        targetAt: target.at,
        checkpoint: `cp-${id}`,
        written: 1,
        deleted: 0,
        skipped: [],
        files: 1,
      },
      ...(paths !== undefined && { paths }),
    });
  }

  undo(id: string, rewind: string): TapedeckEvent {
    return this.add({ kind: 'rewind.undone', id, rewind, written: 1, deleted: 0, skipped: [], files: 1 });
  }
}

export function version(content: string): FileVersion {
  return { hash: `hash of ${content}`, sizeBytes: content.length, type: 'file' };
}

export const codex: Author = { actor: 'agent', name: 'codex', run: 'r1', how: 'transcript' };
export const nobody: Author = { actor: 'unknown', how: 'none' };
