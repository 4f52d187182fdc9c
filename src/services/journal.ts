import { Emitter, type Event } from '../base/emitter.ts';
import { redactDraft } from '../core/redact.ts';
import { shortLabel } from '../core/sessionLabel.ts';
import type { EventDraft, TapedeckEvent } from '../model/event.ts';
import type { SessionId } from '../model/ids.ts';
import type { LogWriter } from '../store/logWriter.ts';

/**
 * The one seam to the log. Whoever records goes through a journal: recorder, followers, rewinder, commands, CLI, MCP.
 * - Every draft passes `redactDraft` here and nowhere else, so no text reaches the disk without it.
 * - A session's label is no longer than it may be, whoever gives it.
 * - `record` resolves when the event is on disk, and rejects when it cannot get there.
 */
export interface Journal {
  /** The session that is written to; undefined while none is open (then `record` may open one, see the recorder). */
  readonly session: SessionId | undefined;
  record(draft: EventDraft): Promise<TapedeckEvent>;
  /** Every event that went through this journal, in order, once it is on disk. */
  readonly onDidRecord: Event<TapedeckEvent>;
  /** Resolves when everything recorded so far is on disk. */
  flush(): Promise<void>;
}

/** No session is open, and none may be started without being asked for. */
export class NoSessionError extends Error {
  readonly reason: 'no-session' | 'paused' | 'closed';

  constructor(reason: 'no-session' | 'paused' | 'closed', message: string) {
    super(message);
    this.name = 'NoSessionError';
    this.reason = reason;
  }
}

/** A journal over one open writer. The writer stays the caller's to close. */
export function createJournal(writer: LogWriter, session: SessionId): Journal {
  const recorded = new Emitter<TapedeckEvent>();
  return {
    session,
    async record(draft) {
      const event = await writer.append(redactDraft(labelled(draft)));
      recorded.fire(event);
      return event;
    },
    onDidRecord: recorded.event,
    flush: () => writer.flush(),
  };
}

function labelled(draft: EventDraft): EventDraft {
  if ((draft.kind !== 'session.started' && draft.kind !== 'session.labelled') || draft.label === undefined) return draft;
  return { ...draft, label: shortLabel(draft.label) };
}
