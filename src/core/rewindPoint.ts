import { isFileEvent, type LoggedEvent } from '../model/event.ts';
import { eventId, type EventId } from '../model/ids.ts';
import type { EventMark } from '../model/sessionState.ts';
import type { WorkspacePath } from '../model/workspacePath.ts';
import { compareMarks, markOf } from './eventOrder.ts';
import { happenedAt } from './happenedAt.ts';

/**
 * The point that is meant by "right after this event". What happens and what the log learns of it lie apart: an agent's
 * record is read when its work is long done, and a change on disk is found up to seconds after the command that made it.
 * - What begins or ends work means the moment at which it happened, not when the log learned of it.
 * - A change belongs before that moment when the disk says that it was made by then. A file's time lags by a tick of the
 *   system's clock, and of a deletion there is none: there it does when it is the work of the very call, command or turn
 *   that the point ends, or stands before it in the log. So does any change that the agent's own record of that work tells.
 * - Every other event means its place in the log.
 * - Of one file everything behind the first later change is later, whatever times are told.
 */
const moments: ReadonlySet<LoggedEvent['kind']> = new Set<LoggedEvent['kind']>([
  'prompt.submitted',
  'tool.called',
  'command.started',
  'run.started',
  'run.resumed',
  'tool.returned',
  'command.ended',
  'turn.ended',
]);

/** No event behind this place happened before the point, but for changes that were found late; see `laterChanges`. */
export function pointOf(event: LoggedEvent): EventMark {
  const at = happenedAt(event);
  return moments.has(event.kind) && at < event.at ? { at, w: afterEveryWriter, n: Number.MAX_SAFE_INTEGER } : markOf(event);
}

/** Sorts behind every writer's id, which has letters and digits only. */
const afterEveryWriter = '~';

/** Of a session's events of files, in order and none before `pointOf(target)` left out that matters: those later than the point. */
export function laterChanges(target: LoggedEvent, events: readonly LoggedEvent[]): LoggedEvent[] {
  if (!moments.has(target.kind)) return events.filter((event) => compareMarks(markOf(event), markOf(target)) > 0);
  const momentMs = Date.parse(happenedAt(target));
  const point = pointOf(target);
  const place = isEnding(target) ? markOf(target) : point;
  const findings = new Map<EventId, LoggedEvent>();
  for (const event of events) if (event.kind === 'file.attributed') findings.set(event.event, event);
  const late = new Set<WorkspacePath>();
  return events.filter((event) => {
    if (event.kind === 'file.attributed') return true;
    const mark = markOf(event);
    if (compareMarks(mark, point) <= 0) return false;
    if (!isFileEvent(event)) return compareMarks(mark, place) > 0;
    const paths = event.kind === 'file.renamed' ? [event.from, event.path] : [event.path];
    const finding = findings.get(eventId(event)) ?? event;
    const aheadMs = event.happenedAt === undefined ? undefined : momentMs - Date.parse(event.happenedAt);
    const isBefore =
      aheadMs === undefined || (aheadMs >= 0 && aheadMs < tickMs)
        ? isWorkOf(target, finding) || compareMarks(mark, place) <= 0
        : aheadMs >= tickMs || (isRecorded(finding) && isWorkOf(target, finding));
    if (isBefore && !paths.some((path) => late.has(path))) return false;
    for (const path of paths) late.add(path);
    return true;
  });
}

const isEnding = ({ kind }: LoggedEvent): boolean => kind === 'tool.returned' || kind === 'command.ended' || kind === 'turn.ended';

/** By so much a file's time may lie before the true one: the coarsest clock that file systems take it from (Windows). */
const tickMs = 16;

/** What was running proves little a moment after its end; the agent's own words do. */
const isRecorded = (finding: LoggedEvent): boolean => finding.kind !== 'foreign' && finding.by.how === 'transcript';

/** True when the change, or the finding about it, is of the call, command or turn that the target ends. */
function isWorkOf(target: LoggedEvent, change: LoggedEvent): boolean {
  if (!(isFileEvent(change) || change.kind === 'file.attributed')) return false;
  switch (target.kind) {
    case 'command.ended':
      return isSameCall(target, change) || (target.started !== undefined && change.command === target.started);
    case 'tool.returned':
      return isSameCall(target, change);
    case 'turn.ended':
      return target.run !== undefined && change.run === target.run && target.turn !== undefined && change.turn === target.turn;
    default:
      return false;
  }
}

const isSameCall = (
  target: { readonly call?: string | undefined; readonly run?: string | undefined },
  change: { readonly call?: string | undefined; readonly run?: string | undefined },
): boolean => target.call !== undefined && change.call === target.call && change.run === target.run;
