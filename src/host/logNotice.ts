import { counted } from '../core/timelineWords.ts';
import type { SessionState } from '../model/sessionState.ts';
import type { Header } from '../protocol/messages.ts';
import { describeFault } from '../store/healthReport.ts';
import type { Damage } from '../store/logReader.ts';

/** So many places are named at once; **Verify Log** names them all. */
const shownFindings = 5;

/** The log's health in plain words, as far as reading it has shown. A gap or an event of a newer version is no fault of the log. */
export function logHealth(
  { damage, state }: { readonly damage: readonly Damage[]; readonly state: Pick<SessionState, 'counts' | 'gaps'> },
  damagedRecords: number,
): NonNullable<Header['log']> {
  const { foreign, malformed } = state.counts;
  const missing = missingEvents(state);
  const faults = [
    ...(damage.length > 0 ? [`${counted(damage.length, 'damaged place')} in the log`] : []),
    ...(missing > 0 ? [`${counted(missing, 'event')} missing`] : []),
    ...(malformed > 0 ? [`${counted(malformed, 'event')} can’t be read`] : []),
    ...(damagedRecords > 0 ? [`${counted(damagedRecords, 'record')} of an agent can’t be read`] : []),
  ];
  const notes = [
    ...(foreign > 0 ? [`${counted(foreign, 'event')} of another version`] : []),
    ...(state.gaps.length > 0 ? [counted(state.gaps.length, 'gap')] : []),
  ];
  const words = [...faults, ...notes];
  const findings = damage.slice(0, shownFindings).map((found) => describeFault({ ...found, lost: 0 }));
  if (damage.length > shownFindings) findings.push(`and ${damage.length - shownFindings} more`);
  return {
    isHealthy: faults.length === 0,
    text: words.length === 0 ? 'Log healthy' : words.join('; '),
    ...(findings.length === 0 ? {} : { findings }),
  };
}

/** A writer counts its events without a gap, so what is not there of its numbers is missing. */
function missingEvents({ counts }: Pick<SessionState, 'counts'>): number {
  let written = 0;
  for (const { newest } of counts.writers.values()) written += newest;
  return Math.max(0, written - counts.events);
}
