import { counted, displayName } from '../core/timelineWords.ts';
import type { RecorderStatus } from '../services/recorderStatus.ts';

/** Something that the log does not hold, though nothing is wrong: by the user's own rules, or because an agent is newer than we. */
export interface RecordingNote {
  readonly kind: 'policy' | 'drift';
  /** One sentence in plain words. */
  readonly text: string;
}

const shownAgents = 3;

/** What is not recorded by choice, and what of the agents' records is not known, the most first. Nothing to act on at once. */
export function recordingNotes({ withheld, drift }: Pick<RecorderStatus, 'withheld' | 'drift'>): readonly RecordingNote[] {
  const notes: RecordingNote[] = [];
  if (withheld.runs > 0)
    notes.push({ kind: 'policy', text: `${counted(withheld.runs, 'run')} of agents not recorded, by the setting tapedeck.recordPolicy` });
  const agents = new Map<string, number>();
  for (const { agent, version, recordType, count } of drift) {
    // Told as damage: they lack what their type needs.
    if (recordType === 'misshapen') continue;
    const name = `${displayName(agent)}${version === undefined ? '' : ` ${version}`}`;
    agents.set(name, (agents.get(name) ?? 0) + count);
  }
  for (const [name, count] of [...agents].sort((a, b) => b[1] - a[1]).slice(0, shownAgents))
    notes.push({
      kind: 'drift',
      text: `${counted(count, 'record')} of ${name} not known to this version of Tapedeck, and not shown; a newer one may know them`,
    });
  return notes;
}
