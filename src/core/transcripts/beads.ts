import type { TranscriptAdapter } from './adapter.ts';
import { BeadsReader } from './beadsReader.ts';
import { beadsRecordKind } from './beadsShape.ts';
import { joinHome } from './home.ts';
import { asRecord } from './jsonValue.ts';

/**
 * Beads, the list of work that agents and people share: a folder `.beads` in the workspace. What was done to it stands in
 * `interactions.jsonl` and, where it keeps a backup, in `backup/events.jsonl`; `issues.jsonl` is the list itself, written
 * anew, which tells in which session a piece of work was closed. The database behind them is not read.
 */
export const beadsAdapter: TranscriptAdapter = {
  id: 'beads',
  name: 'Beads',
  commandNames: ['bd'],
  roots: (environment) =>
    (environment.folders ?? []).map((folder) => ({
      folder: joinHome(environment, folder, '.beads'),
      depth: 1,
      framing: 'json-lines',
      mayHold: (relative) => relative === 'backup',
      isTranscript: (relative) => /^(?:interactions|issues|backup\/events)\.jsonl$/.test(relative),
    })),
  recognises: (value) => {
    const record = asRecord(value);
    return record !== undefined && beadsRecordKind(record) !== undefined;
  },
  openReader: (file, tools) => new BeadsReader(file, tools),
  // It does not run; those who work do.
  resumeCommand: () => [],
};
