import type { PlanEntry } from '../../model/event.ts';
import type {
  ReaderCounts,
  ReaderTools,
  RecordPlace,
  RunDescription,
  TranscriptFact,
  TranscriptFile,
  TranscriptReader,
} from './adapter.ts';
import { FactSink } from './factSink.ts';
import { asRecord, asText, asTime, asWord, toJson, type JsonRecord } from './jsonValue.ts';
import { RunTeller } from './runTeller.ts';
import { resolveToldPath } from './toldPath.ts';

/** A session of one of the town's workers. */
interface Session {
  readonly teller: RunTeller;
  readonly id: string;
}

/**
 * Reads the events of a Gas Town: `{ts, source: "gt", type, actor, payload, visibility}` a line. Workers go by their place
 * in the town (`mayor`, `rig/polecats/name`); a worker's sessions are runs, each a child of the agent's own run that the
 * event names. What one says to another is a prompt of the other; the beads that it was given are its plan. Events have no
 * ids, so that a fact is known again by the hash of its line.
 */
export class GastownReader implements TranscriptReader {
  readonly counts: ReaderCounts = { records: 0, unknown: new Map(), misshapen: 0 };
  readonly #file: TranscriptFile;
  readonly #sink: FactSink;
  readonly #folders: readonly string[] | undefined;
  readonly #town: string | undefined;
  readonly #sessions = new Map<string, Session>();
  /** Every run's, also of sessions that have ended. */
  readonly #tellers = new Map<string | undefined, RunTeller>();
  readonly #beads = new Map<string, Map<string, PlanEntry['status']>>();
  readonly #lines = new Map<string, number>();
  #main: RunTeller | undefined;

  constructor(file: TranscriptFile, tools: ReaderTools) {
    this.#file = file;
    this.#sink = new FactSink('gastown', file, tools.digest);
    this.#town = resolveToldPath(file.path.replace(/[\\/][^\\/]*$/, ''), undefined);
    this.#folders = tools.folders?.flatMap((folder) => resolveToldPath(folder, undefined) ?? []);
  }

  read(value: unknown, place: RecordPlace): readonly TranscriptFact[] {
    this.counts.records += 1;
    const record = asRecord(value);
    const type = asText(record?.['type']);
    if (record === undefined || type === undefined) {
      this.counts.misshapen += 1;
      return [];
    }
    const actor = asWord(record['actor']);
    if (!knownTypes.has(type) && !/^(?:escalation|merge|patrol|polecat|scheduler)_/.test(type)) {
      this.counts.unknown.set(type, (this.counts.unknown.get(type) ?? 0) + 1);
      return [];
    }
    const at = asTime(record['ts']);
    if (actor === undefined || at === undefined) {
      this.counts.misshapen += 1;
      return [];
    }
    this.#sink.begin({ offset: place.offset, at, record: this.#idOf(record) });
    this.#readEvent(type, workerOf(actor), asRecord(record['payload']) ?? {});
    return this.#sink.take().filter((fact) => this.#isWanted(fact));
  }

  quiet(): readonly TranscriptFact[] {
    return [];
  }

  describe(): RunDescription {
    return this.#main?.describe() ?? { turns: 0 };
  }

  #readEvent(type: string, actor: string, payload: JsonRecord): void {
    switch (type) {
      case 'session_start':
        this.#sessionStarted(actor, payload);
        return;
      case 'session_end':
      case 'session_death':
      case 'kill':
        this.#sessionEnded(type, actor, payload);
        return;
      case 'spawn':
        this.#spawned(actor, payload);
        return;
      case 'sling':
      case 'hook':
        this.#bead(workerOf(asWord(payload['target']) ?? actor), asWord(payload['bead']), 'in_progress');
        return;
      case 'unhook':
        this.#bead(actor, asWord(payload['bead']), undefined);
        return;
      case 'done':
        this.#bead(actor, asWord(payload['bead']), 'completed');
        return;
      case 'mail':
        this.#said(actor, asWord(payload['to']) ?? actor, asText(payload['subject']), 'mail');
        return;
      case 'nudge':
        this.#said(actor, targetOf(payload) ?? actor, asText(payload['reason']), 'nudge');
        return;
      case 'handoff':
        this.#said(actor, actor, asText(payload['subject']), 'handoff');
        return;
      case 'merge_failed':
        this.#session(workerOf(asWord(payload['worker']) ?? actor)).teller.tell({
          kind: 'run.failed',
          what: `merge of ${asWord(payload['branch']) ?? asWord(payload['mr']) ?? 'its branch'}: ${asWord(payload['reason']) ?? 'failed'}`.slice(
            0,
            4096,
          ),
        });
        return;
      default:
    }
  }

  #sessionStarted(actor: string, payload: JsonRecord): void {
    const id = asWord(payload['session_id']);
    const open = this.#sessions.get(actor);
    const cwd = resolveToldPath(payload['cwd'], undefined);
    if (open !== undefined && (id === undefined || open.id === id)) {
      // After a compaction, or taken up again.
      open.teller.learn({ cwd });
      open.teller.tell(open.teller.card.resumed());
      return;
    }
    const topic = asWord(payload['topic']);
    const session = this.#open(actor, id ?? actor, topic === undefined ? actor : `${actor}: ${topic}`.slice(0, 300));
    // A Claude Code session is known by the same id there.
    if (id !== undefined && /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id)) session.teller.card.parent = id;
    session.teller.learn({ cwd });
    session.teller.start();
  }

  #sessionEnded(type: string, actor: string, payload: JsonRecord): void {
    const told = asWord(payload['agent']);
    const worker = told !== undefined && told !== 'unknown' ? workerOf(told) : (targetOf(payload) ?? actor);
    const session = this.#sessions.get(worker);
    if (session === undefined) return;
    this.#sessions.delete(worker);
    session.teller.tell({ kind: 'run.ended', reason: (asWord(payload['reason']) ?? type).slice(0, 200) });
  }

  #spawned(actor: string, payload: JsonRecord): void {
    const name = asWord(payload['polecat']);
    if (name === undefined) return;
    const worker = `${asWord(payload['rig']) ?? 'town'}/${name}`;
    if (this.#sessions.has(worker)) return;
    const parent = this.#sessions.get(actor)?.teller.card.run;
    const session = this.#open(worker, `${worker}@${this.#sink.origin.at ?? ''}`, worker);
    session.teller.card.parent = parent;
    session.teller.start();
  }

  #said(from: string, to: string, words: string | undefined, origin: string): void {
    if (words === undefined || words.trim() === '') return;
    const { teller } = this.#session(workerOf(to));
    // The overseer is the person whose town it is.
    const isPerson = from === 'overseer';
    teller.turn += 1;
    teller.tell(
      { kind: 'prompt.submitted', text: this.#sink.words(words), provenance: isPerson ? 'user' : 'inter_session', origin },
      { by: isPerson ? this.#sink.user(teller.card.run) : this.#sink.agent(this.#sessions.get(from)?.teller.card.run) },
    );
  }

  #bead(worker: string, bead: string | undefined, status: PlanEntry['status'] | undefined): void {
    if (bead === undefined) return;
    const { teller } = this.#session(worker);
    let beads = this.#beads.get(worker);
    if (beads === undefined) this.#beads.set(worker, (beads = new Map()));
    if (status === undefined) beads.delete(bead);
    else beads.set(bead, status);
    if (beads.size > maxBeads) beads.delete(beads.keys().next().value!);
    teller.tell({ kind: 'plan.changed', entries: [...beads].map(([content, state]) => ({ content, priority: 'medium', status: state })) });
  }

  /** The worker's present session; of one whose beginning was not told, one by its own name. */
  #session(worker: string): Session {
    return this.#sessions.get(worker) ?? this.#open(worker, worker, worker);
  }

  #open(worker: string, id: string, title: string): Session {
    const teller = new RunTeller(this.#sink, this.#file, 'gastown');
    teller.card.run = `gastown/${id}`;
    teller.card.meet(this.#sink.origin.at);
    teller.learn({ title, cwd: this.#town });
    teller.begin();
    const session = { teller, id };
    this.#sessions.set(worker, session);
    this.#tellers.set(teller.card.run, teller);
    if (this.#tellers.size > maxTellers) this.#tellers.delete(this.#tellers.keys().next().value);
    return session;
  }

  /** In a town many are at work in folders of their own; where only some folders are asked for, the others' facts are not. */
  #isWanted(fact: TranscriptFact): boolean {
    const teller = this.#tellers.get(fact.run);
    if (teller === undefined) return false;
    const { cwd } = teller.card;
    if (this.#folders !== undefined && (cwd === undefined || !this.#folders.some((folder) => isBelow(cwd, folder)))) return false;
    teller.card.meet(fact.at);
    this.#main ??= teller;
    return true;
  }

  #idOf(record: JsonRecord): string {
    const hash = this.#sink.sha256(toJson(record)).slice(0, 20);
    const count = (this.#lines.get(hash) ?? 0) + 1;
    this.#lines.set(hash, count);
    if (this.#lines.size > maxLines) this.#lines.delete(this.#lines.keys().next().value!);
    return count === 1 ? hash : `${hash}#${count}`;
  }
}

const maxBeads = 200;
const maxTellers = 5000;
const maxLines = 100_000;

/** `rig/polecats/name` and `rig/name` are the same worker; `mayor/` is `mayor`. */
function workerOf(actor: string): string {
  return actor.replace(/\/$/, '').replace('/polecats/', '/');
}

function targetOf(payload: JsonRecord): string | undefined {
  const target = asWord(payload['target']) ?? asWord(payload['polecat']);
  const rig = asWord(payload['rig']);
  if (target === undefined) return undefined;
  return workerOf(rig === undefined || target.includes('/') ? target : `${rig}/${target}`);
}

function isBelow(path: string, folder: string): boolean {
  const isWindows = /^[A-Za-z]:/.test(folder);
  const [inner, outer] = isWindows ? [path.toLowerCase(), folder.toLowerCase()] : [path, folder];
  return inner === outer || inner.startsWith(outer.endsWith('/') ? outer : `${outer}/`);
}

/** Told here, or of no consequence: what the town does for itself. */
const knownTypes = new Set(
  'boot done halt handoff hook kill mail mass_death merged nudge session_death session_end session_start sling spawn unhook'.split(' '),
);
