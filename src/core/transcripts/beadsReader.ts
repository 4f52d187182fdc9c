import type { Author } from '../../model/author.ts';
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
import { beadsRecordKind } from './beadsShape.ts';
import { FactSink } from './factSink.ts';
import { asRecord, asText, asTime, asWord, parseJson, type JsonRecord } from './jsonValue.ts';
import { RunTeller } from './runTeller.ts';
import { resolveToldPath } from './toldPath.ts';

interface Work {
  title: string;
  status: PlanEntry['status'];
  owner: string;
}

/**
 * Reads what Beads tells of who is at work on what. Whoever is named in it, a person or an agent, which it does not say, has
 * a run of its own, whose plan is the work that is his. Work that was closed in an agent's session is told of that
 * session's own run.
 */
export class BeadsReader implements TranscriptReader {
  readonly counts: ReaderCounts = { records: 0, unknown: new Map(), misshapen: 0 };
  readonly #sink: FactSink;
  readonly #file: TranscriptFile;
  readonly #cwd: string | undefined;
  readonly #tellers = new Map<string, RunTeller>();
  /** Pieces of work by id, those that were touched last at the end. */
  readonly #work = new Map<string, Work>();
  #last: RunTeller | undefined;

  constructor(file: TranscriptFile, tools: ReaderTools) {
    this.#file = file;
    this.#sink = new FactSink('beads', file, tools.digest);
    this.#cwd = resolveToldPath(file.path.replace(/[\\/](?:backup[\\/])?[^\\/]*$/, '').replace(/[\\/][^\\/]*$/, ''), undefined);
  }

  read(value: unknown, place: RecordPlace): readonly TranscriptFact[] {
    this.counts.records += 1;
    const record = asRecord(value);
    const kind = record === undefined ? undefined : beadsRecordKind(record);
    if (record === undefined || kind === undefined) {
      const type = asText(record?.['type']) ?? asText(record?.['kind']);
      if (type === undefined) this.counts.misshapen += 1;
      else this.counts.unknown.set(type, (this.counts.unknown.get(type) ?? 0) + 1);
      return [];
    }
    const at = asTime(kind === 'issue' ? (record['closed_at'] ?? record['updated_at'] ?? record['created_at']) : record['created_at']);
    if (at === undefined && kind !== 'other') {
      this.counts.misshapen += 1;
      return [];
    }
    const id = `${kind}/${asWord(record['issue_id'])?.slice(0, 200) ?? ''}/${String(record['id']).slice(0, 200)}@${at ?? ''}`;
    this.#sink.begin({ offset: place.offset, at, record: id });
    if (kind === 'event') this.#event(record);
    else if (kind === 'interaction') this.#interaction(record);
    else if (kind === 'issue') this.#issue(record);
    return this.#sink.take();
  }

  quiet(): readonly TranscriptFact[] {
    return [];
  }

  describe(): RunDescription {
    return this.#last?.describe() ?? { turns: 0, ...(this.#cwd === undefined ? {} : { cwd: this.#cwd }) };
  }

  #event(record: JsonRecord): void {
    const issue = asWord(record['issue_id']);
    if (issue === undefined) {
      this.counts.misshapen += 1;
      return;
    }
    const before = asRecord(parseJson(record['old_value']));
    const after = asRecord(parseJson(record['new_value']));
    const type = asText(record['event_type']);
    if (!eventTypes.has(type ?? '')) {
      this.counts.unknown.set(`event/${type}`, (this.counts.unknown.get(`event/${type}`) ?? 0) + 1);
      return;
    }
    this.#change(issue, asWord(record['actor']), {
      title: asText(after?.['title']) ?? asText(before?.['title']),
      status: type === 'closed' ? 'closed' : asText(after?.['status']),
      owner: asWord(after?.['assignee']) ?? asWord(before?.['assignee']),
    });
  }

  #interaction(record: JsonRecord): void {
    const issue = asWord(record['issue_id']);
    const extra = asRecord(record['extra']);
    if (record['kind'] !== 'field_change') {
      // What a model was asked stands in the transcript of the agent that asked it.
      if (!idleKinds.has(asText(record['kind']) ?? ''))
        this.counts.unknown.set(`kind/${asText(record['kind'])}`, (this.counts.unknown.get(`kind/${asText(record['kind'])}`) ?? 0) + 1);
      return;
    }
    if (issue === undefined) return;
    const field = asText(extra?.['field']);
    const told = asText(extra?.['new_value']);
    this.#change(issue, asWord(record['actor']), {
      title: field === 'title' ? told : undefined,
      status: field === 'status' ? told : undefined,
      owner: field === 'assignee' ? asWord(told) : undefined,
    });
  }

  /** One of the list: known by name from now on; where it says in which session it was closed, that is told. */
  #issue(record: JsonRecord): void {
    const id = asWord(record['id']);
    if (id === undefined) {
      this.counts.misshapen += 1;
      return;
    }
    const title = (asText(record['title']) ?? id).slice(0, maxTitleLength);
    const owner = (asWord(record['assignee']) ?? asWord(record['created_by']) ?? 'beads').slice(0, maxTitleLength);
    this.#work.set(id, { title, status: statusOf(asText(record['status'])) ?? 'pending', owner });
    this.#bound();
    const session = asWord(record['closed_by_session']);
    if (session === undefined || record['status'] !== 'closed') return;
    const reason = asText(record['close_reason']) ?? '';
    const text = `Closed ${id}: ${title}${reason === '' ? '' : ` (${reason})`}`.slice(0, maxNoteLength);
    this.#sink.add({ run: session, turn: 0, by: this.#author(session) }, { kind: 'progress.noted', text });
  }

  #change(
    issue: string,
    actor: string | undefined,
    told: { readonly title: string | undefined; readonly status: string | undefined; readonly owner: string | undefined },
  ): void {
    const known = this.#work.get(issue);
    const status = statusOf(told.status);
    const owner = (
      told.owner ??
      (known === undefined || status === 'in_progress' ? (actor ?? known?.owner) : known.owner) ??
      'beads'
    ).slice(0, maxTitleLength);
    const title = (told.title ?? known?.title ?? issue).slice(0, maxTitleLength);
    const work: Work = { title, status: status ?? known?.status ?? 'pending', owner };
    const isSame = known?.status === work.status && known.owner === owner && known.title === title;
    this.#work.delete(issue);
    this.#work.set(issue, work);
    this.#bound();
    if (isSame || (known === undefined && status === undefined)) return;
    const teller = this.#tellerOf(owner);
    const own = [...this.#work.values()].filter((one) => one.owner === owner).slice(-maxEntries);
    teller.tell(
      { kind: 'plan.changed', entries: own.map((one) => ({ content: one.title, priority: 'medium', status: one.status })) },
      { by: this.#author(teller.card.run) },
    );
  }

  #tellerOf(owner: string): RunTeller {
    let teller = this.#tellers.get(owner);
    if (teller === undefined) {
      teller = new RunTeller(this.#sink, this.#file, 'beads');
      teller.card.run = `beads/${owner}`;
      teller.learn({ cwd: this.#cwd, title: owner });
      teller.begin();
      this.#tellers.set(owner, teller);
    }
    teller.card.meet(this.#sink.origin.at);
    this.#last = teller;
    return teller;
  }

  /** Whether it was a person or an agent is not told. */
  #author(run: string | undefined): Author {
    return { actor: 'unknown', name: 'beads', ...(run === undefined ? {} : { run }), how: 'transcript' };
  }

  #bound(): void {
    if (this.#work.size > maxWork) this.#work.delete(this.#work.keys().next().value!);
  }
}

const maxWork = 20_000;
/** As much of somebody's work as his plan tells: what was touched last. */
const maxEntries = 30;
const maxNoteLength = 1000;
const maxTitleLength = 300;

const eventTypes = new Set([
  'claimed',
  'closed',
  'created',
  'label_added',
  'label_removed',
  'renamed',
  'reopened',
  'status_changed',
  'updated',
]);
const idleKinds = new Set(['label', 'llm_call', 'tool_call']);

function statusOf(status: string | undefined): PlanEntry['status'] | undefined {
  switch (status) {
    case undefined:
      return undefined;
    case 'closed':
    case 'tombstone':
      return 'completed';
    case 'in_progress':
    case 'hooked':
      return 'in_progress';
    default:
      return 'pending';
  }
}
