import type { EventOf, LoggedEvent } from '../model/event.ts';
import { createRow, type TimelineRow } from './timelineRow.ts';
import { counted, displayName, oneLine } from './timelineWords.ts';

/** What a row has from its event, whatever its kind. */
export type RowBase = Pick<TimelineRow, 'key' | 'level' | 'at' | 'until' | 'events' | 'by' | 'lane' | 'who' | 'isAside'>;

/**
 * The row of an event that stands alone; undefined when it has nothing to say of its own. `entryTitle` tells what a decision or
 * blocker was about, by its id.
 */
export function singleRow(event: LoggedEvent, base: RowBase, entryTitle: (id: string) => string | undefined): TimelineRow | undefined {
  switch (event.kind) {
    case 'foreign':
      return createRow({
        ...base,
        who: undefined,
        kind: 'foreign',
        title: event.foreignKind,
        titleKind: 'command',
        meta: foreignText(event.reason),
      });
    case 'prompt.submitted':
      return createRow({
        ...base,
        kind: 'reply',
        who: event.provenance === 'system' ? 'System' : base.who,
        title: oneLine(event.text.head),
        texts: excerptTexts(event.text),
      });
    case 'reply.given':
      return createRow({
        ...base,
        kind: 'reply',
        title: oneLine(firstWords(event.text.head)) || 'Empty reply',
        texts: excerptTexts(event.text),
      });
    case 'plan.changed': {
      const done = event.entries.filter(({ status }) => status === 'completed').length;
      const now = event.entries.find(({ status }) => status === 'in_progress');
      return createRow({
        ...base,
        kind: 'plan',
        title: `Plan: ${done} of ${event.entries.length} done`,
        meta: now === undefined ? undefined : oneLine(now.content),
        texts: event.entries.map(({ content }) => content),
      });
    }
    case 'diagnostics.changed':
      if (event.errors === 0 && event.warnings === 0) return createRow({ ...base, kind: 'diagnostics', title: 'No problems' });
      return createRow({
        ...base,
        kind: 'diagnostics',
        title: [
          event.errors > 0 ? counted(event.errors, 'error') : undefined,
          event.warnings > 0 ? counted(event.warnings, 'warning') : undefined,
        ]
          .filter((word) => word !== undefined)
          .join(', '),
      });
    case 'decision.proposed':
      return createRow({
        ...base,
        kind: 'decision',
        title: oneLine(event.what),
        entry: event.id,
        chips: [{ text: 'proposed', tone: 'note' }],
        texts: entryTexts(event),
      });
    case 'decision.confirmed':
      if (event.what === undefined) return settledRow(base, event.id, entryTitle(event.id), 'Confirmed');
      return createRow({
        ...base,
        kind: 'decision',
        title: oneLine(event.what),
        entry: event.id,
        texts: entryTexts({ ...event, what: event.what }),
      });
    case 'decision.rejected':
      return settledRow(base, event.id, entryTitle(event.id), 'Rejected', event.why);
    case 'decision.superseded':
      return settledRow(base, event.id, entryTitle(event.id), 'Superseded', event.why);
    case 'decision.disproved':
      return settledRow(base, event.id, entryTitle(event.id), 'Disproved', event.why);
    case 'blocker.raised':
      return createRow({
        ...base,
        kind: 'blocker',
        title: oneLine(event.what),
        entry: event.id,
        meta: event.cause === undefined ? undefined : oneLine(event.cause),
        chips: event.inferred === true ? [{ text: 'inferred', tone: 'doubt' }] : [],
        texts: [event.what, event.cause ?? ''],
      });
    case 'blocker.cleared':
      return createRow({
        ...base,
        kind: 'blocker',
        title: `Cleared: ${oneLine(entryTitle(event.id) ?? 'a blocker')}`,
        entry: event.id,
        meta: event.why === undefined ? undefined : oneLine(event.why),
        chips: [{ text: 'cleared', tone: 'good' }],
        texts: [event.why ?? ''],
      });
    case 'progress.noted':
      return createRow({ ...base, kind: 'note', title: oneLine(event.text), texts: [event.text] });
    case 'checkpoint.made':
      if (event.reason !== 'hand' && event.reason !== 'agent') return undefined;
      return createRow({ ...base, kind: 'checkpoint', title: oneLine(event.label), texts: [event.label] });
    case 'git.committed':
      return createRow({
        ...base,
        kind: 'commit',
        who: undefined,
        title: oneLine(event.subject),
        meta: [event.commit.slice(0, 7), ...(event.turns === undefined ? [] : [`work of ${counted(event.turns.length, 'turn')}`])].join(
          ' · ',
        ),
        texts: [event.subject, event.body ?? '', event.commit],
      });
    case 'git.moved':
      return createRow({
        ...base,
        kind: 'git',
        who: undefined,
        title: `HEAD moved${event.branch === undefined ? '' : ` on ${event.branch}`}`,
        meta: event.to?.slice(0, 7),
      });
    case 'git.branched':
      return createRow({
        ...base,
        kind: 'git',
        who: undefined,
        title: event.to === undefined ? 'Detached HEAD' : `Switched to ${event.to}`,
        meta: event.from === undefined ? undefined : `from ${event.from}`,
      });
    case 'rewind.applied':
      return createRow({
        ...base,
        kind: 'rewind',
        who: undefined,
        title: rewindTitle(event),
        meta: counted(event.files, 'file'),
        paths: event.paths ?? [],
        entry: event.id,
        wayBack: event.undid === undefined || event.brought !== undefined ? 'Undo' : 'Redo',
        ...(event.undid === undefined && { targetAt: event.targetAt }),
      });
    case 'rewind.undone':
      return createRow({ ...base, kind: 'rewind', who: undefined, title: 'Rewind undone', meta: counted(event.files, 'file') });
    case 'rewind.failed':
      return createRow({
        ...base,
        kind: 'failure',
        title: 'Rewind failed',
        failure: event.rolledBack ? 'nothing was changed' : 'left half done',
        meta: oneLine(event.detail ?? event.reason),
        texts: [event.detail ?? ''],
      });
    case 'run.started':
      if (event.notRecorded === undefined) return undefined;
      return createRow({
        ...base,
        kind: 'capture',
        title: `A run of ${displayName(oneLine(event.agent))} is not recorded`,
        meta: oneLine(event.notRecorded),
        texts: [event.notRecorded],
      });
    case 'run.compacted': {
      const sizes =
        event.preTokens === undefined
          ? undefined
          : `${event.preTokens.toLocaleString('en-US')}${event.postTokens === undefined ? '' : ` → ${event.postTokens.toLocaleString('en-US')}`} tokens`;
      return createRow({
        ...base,
        kind: 'compaction',
        title: 'Context compacted',
        meta: sizes,
        texts: event.summary === undefined ? [] : excerptTexts(event.summary),
      });
    }
    case 'run.forked':
      return createRow({ ...base, kind: 'session', title: 'Conversation forked' });
    case 'run.rewound':
      return createRow({
        ...base,
        kind: 'session',
        title: 'Conversation rewound',
        meta: event.turns === undefined ? undefined : counted(event.turns, 'turn'),
      });
    case 'run.failed':
      return createRow({
        ...base,
        kind: 'failure',
        title: oneLine(event.what),
        failure: event.retry === true ? 'retrying' : 'failed',
        texts: [event.what],
      });
    case 'turn.ended':
      if (event.stopReason === 'end_turn') return undefined;
      return createRow({ ...base, kind: event.stopReason === 'error' ? 'failure' : 'session', title: stopText(event.stopReason) });
    case 'session.started':
      return createRow({
        ...base,
        kind: 'session',
        title: event.reconstructed === true ? 'Made of what agents and git kept' : 'Recording started',
        meta: event.label === undefined ? undefined : oneLine(event.label),
      });
    case 'session.resumed':
      return createRow({ ...base, kind: 'session', title: resumedText(event.reason) });
    case 'session.labelled':
      return createRow({ ...base, kind: 'session', title: `Session named ${oneLine(event.label)}` });
    case 'session.adjusted': {
      const who = event.agent === undefined ? 'Runs' : `Runs of ${displayName(oneLine(event.agent))}`;
      return createRow({
        ...base,
        kind: 'session',
        title: [
          ...(event.detail === undefined
            ? []
            : [event.detail === 'brief' ? 'What agents say is kept in brief' : 'What agents say is kept in full']),
          ...(event.model === undefined
            ? []
            : [`${who} are resumed with ${event.model === '' ? 'their own model' : oneLine(event.model)}`]),
        ].join('; '),
      });
    }
    case 'session.ended':
      return createRow({
        ...base,
        kind: 'session',
        title: event.reason === 'idle' ? 'Session ended after a long silence' : 'Session ended',
      });
    case 'capture.paused':
      return createRow({ ...base, kind: 'capture', title: 'Recording paused' });
    case 'capture.continued':
      return createRow({ ...base, kind: 'capture', title: 'Recording continued' });
    case 'capture.gap':
      return createRow({
        ...base,
        kind: 'failure',
        title: 'Gap in the recording',
        failure: event.lost === undefined ? undefined : `${counted(event.lost, 'event')} lost`,
        meta: oneLine(event.reason),
        texts: [event.reason],
      });
    case 'purge.done':
      return createRow({ ...base, kind: 'capture', title: `Purged ${oneLine(event.what)}`, meta: counted(event.events, 'event') });
    default:
      return undefined;
  }
}

function settledRow(base: RowBase, id: string, what: string | undefined, word: string, why?: string): TimelineRow {
  return createRow({
    ...base,
    kind: 'decision',
    title: `${word}: ${what === undefined ? 'a decision' : oneLine(what)}`,
    meta: why === undefined ? undefined : oneLine(why),
    entry: id,
    texts: why === undefined ? [] : [why],
  });
}

/** The first paragraph without Markdown's commonest marks: in a row they are noise. */
const firstWords = (text: string): string =>
  (
    text
      .trimStart()
      .slice(0, 2000)
      .split(/\n\s*\n/, 1)[0] ?? ''
  ).replace(/\*\*|`+|^#{1,6} |^[-*] (?=\S)/gm, '');

const excerptTexts = ({ head, tail }: { readonly head: string; readonly tail?: string | undefined }): string[] =>
  tail === undefined ? [head] : [head, tail];

const entryTexts = (entry: {
  readonly what: string;
  readonly why?: string | undefined;
  readonly alternatives?: readonly string[] | undefined;
}): string[] => [entry.what, entry.why ?? '', ...(entry.alternatives ?? [])];

function foreignText(reason: 'unknown-kind' | 'newer-version' | 'misshapen'): string {
  if (reason === 'newer-version') return 'written by a newer Tapedeck';
  return reason === 'unknown-kind' ? 'of an unknown kind' : 'can’t be read';
}

function stopText(reason: EventOf<'turn.ended'>['stopReason']): string {
  switch (reason) {
    case 'cancelled':
      return 'Cancelled';
    case 'refusal':
      return 'Refused';
    case 'max_tokens':
      return 'Stopped at the token limit';
    case 'max_turn_requests':
      return 'Stopped at the request limit';
    case 'error':
      return 'Ended with an error';
    case 'end_turn':
      return 'Ended';
  }
}

function resumedText(reason: EventOf<'session.resumed'>['reason']): string {
  switch (reason) {
    case 'reload':
      return 'Recording went on after a reload';
    case 'restart':
      return 'Recording went on after a restart';
    case 'crash':
      return 'Recording went on after a crash';
    case 'second-window':
      return 'Recorded in a second window too';
    case 'command':
      return 'Recording went on';
  }
}

function rewindTitle({ undid, brought }: EventOf<'rewind.applied'>): string {
  if (brought !== undefined) return `Brought back ${counted(brought.length, 'change')}`;
  return undid === undefined ? 'Rewound' : `Undid ${counted(undid.length, 'change')}, kept what came after`;
}
