import type { UnixMs } from '../base/clock.ts';
import type { Digest } from '../model/digest.ts';
import type { ClaimedEdit, EventOf } from '../model/event.ts';
import type { EventId, RunId } from '../model/ids.ts';
import type { ChangeTime, WorkClaim } from './attribution.ts';
import { claimsMatch } from './transcripts/claimedEdit.ts';

/** An edit of one file as an agent's record tells it. */
export interface Claim {
  /** The tool call. */
  readonly key: string;
  readonly name: string;
  readonly run: RunId | undefined;
  readonly turn: number | undefined;
  readonly call: string | undefined;
  /** It was called; nothing of it happened before. */
  readonly from: UnixMs;
  /** It returned; nothing of it happens later. Undefined: not yet. */
  until: UnixMs | undefined;
  readonly edit: ClaimedEdit;
  /** The event that it explained: one edit explains one change. */
  usedBy?: EventId;
}

export interface ClaimBookOptions {
  /** One name for a file, however it is spelt. */
  readonly fold: (path: string) => string;
  readonly digest: Digest;
}

/** The texts of a change, undefined for a file that was not there, or is no text. */
export interface ChangeTexts {
  readonly before: string | undefined;
  readonly after: string | undefined;
  /** Of a file that went in the same moment, which an agent's move may have begun with. */
  readonly beforeAt: (path: string) => string | undefined;
}

/** As many edits in a row are tried as one change: what was done quickly is seen as one. */
const triedInARow = 8;
/** How far a told time may be from the true one. */
const slackMs = 3000;

/** The edits that agents' records tell of, by file, until each has explained one change. Failed ones explain none. */
export class ClaimBook {
  readonly #options: ClaimBookOptions;
  readonly #byPath = new Map<string, Claim[]>();
  readonly #byCall = new Map<string, Claim[]>();

  constructor(options: ClaimBookOptions) {
    this.#options = options;
  }

  /** A call tells what it is going to do, or its return what it has done. The folded paths of which more is known now. */
  add(event: EventOf<'tool.called' | 'tool.returned'>, at: UnixMs): readonly string[] {
    const run = event.by.run ?? event.run;
    const key = `${run ?? ''}:${event.call}`;
    const former = this.#byCall.get(key) ?? [];
    if (event.kind === 'tool.returned') {
      if (event.status === 'failed') {
        this.#drop(key);
        return [];
      }
      for (const claim of former) claim.until = at;
    }
    // What came back says it more exactly than what was asked for; but an edit that has explained a change is not told twice.
    if (event.edits === undefined || former.some(({ usedBy }) => usedBy !== undefined)) return [];
    this.#drop(key);
    const from = former[0]?.from ?? at;
    const until = event.kind === 'tool.returned' ? at : undefined;
    const claims = event.edits.flatMap((edit) => (edit.op === 'move' && edit.from !== undefined ? [edit, goneOf(edit.from)] : [edit]));
    const added = claims.map((edit): Claim => ({
      key,
      name: event.by.name ?? 'agent',
      run,
      turn: event.turn,
      call: event.call,
      from,
      until,
      edit,
    }));
    this.#byCall.set(key, added);
    for (const claim of added) {
      const path = this.#options.fold(claim.edit.path);
      this.#byPath.set(path, [...(this.#byPath.get(path) ?? []), claim]);
    }
    return added.map(({ edit }) => this.#options.fold(edit.path));
  }

  /** The claims on these paths that could be of that time and have explained nothing yet, in order. */
  unusedIn(paths: readonly string[], time: ChangeTime): readonly Claim[] {
    const keys = new Set(paths.map((path) => this.#options.fold(path)));
    return [...keys]
      .flatMap((key) => this.#byPath.get(key) ?? [])
      .filter(
        ({ usedBy, from, until }) =>
          usedBy === undefined && from - slackMs <= time.latest && (until === undefined || until + slackMs >= time.earliest),
      )
      .sort((a, b) => a.from - b.from);
  }

  /** Those claims of one run, one or several in a row, that together are just this change. */
  matching(claims: readonly Claim[], { before, after, beforeAt }: ChangeTexts): readonly Claim[] {
    const byRun = new Map<string, Claim[]>();
    for (const claim of claims) {
      const run = `${claim.name}\n${claim.run ?? ''}`;
      byRun.set(run, [...(byRun.get(run) ?? []), claim]);
    }
    for (const own of byRun.values()) {
      const tried = own.slice(-triedInARow);
      for (let length = 1; length <= tried.length; length++)
        for (let start = tried.length - length; start >= 0; start--) {
          const row = tried.slice(start, start + length);
          const { op, from } = row[0]!.edit;
          const text = (op === 'move' && from !== undefined ? beforeAt(from) : undefined) ?? before;
          const edits = row.map(({ edit }) => edit);
          if (claimsMatch(edits, text, after, this.#options.digest)) return row;
        }
    }
    return [];
  }

  prune(oldest: UnixMs): void {
    for (const [path, claims] of this.#byPath) {
      const left = claims.filter((claim) => isYoung(claim, oldest));
      if (left.length > 0) this.#byPath.set(path, left);
      else this.#byPath.delete(path);
    }
    for (const [key, claims] of this.#byCall) if (!claims.some((claim) => isYoung(claim, oldest))) this.#byCall.delete(key);
  }

  #drop(key: string): void {
    const dropped = new Set((this.#byCall.get(key) ?? []).filter(({ usedBy }) => usedBy === undefined));
    for (const { edit } of dropped) {
      const path = this.#options.fold(edit.path);
      this.#byPath.set(
        path,
        (this.#byPath.get(path) ?? []).filter((claim) => !dropped.has(claim)),
      );
    }
    this.#byCall.delete(key);
  }
}

/** How a claim weighs in a judgement: by when it was last heard of. */
export function weighClaim(claim: Claim, matches: boolean): WorkClaim {
  const { name, run, turn, call } = claim;
  return {
    name,
    ...(run === undefined ? {} : { run }),
    ...(turn === undefined ? {} : { turn }),
    ...(call === undefined ? {} : { call }),
    matches,
    at: claim.until ?? claim.from,
  };
}

const goneOf = (path: string): ClaimedEdit => ({ path, op: 'delete' });
const isYoung = ({ from, until }: Claim, oldest: UnixMs): boolean => (until ?? from) >= oldest;
