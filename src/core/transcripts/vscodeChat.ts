import type { TranscriptAdapter, TranscriptRoot } from './adapter.ts';
import { editorUserFolders } from './editorFolders.ts';
import { joinHome } from './home.ts';
import { asRecord } from './jsonValue.ts';
import { VscodeChatReader } from './vscodeChatReader.ts';

/**
 * The chat of VS Code itself, whichever agent answers in it: `<User>/workspaceStorage/<workspace>/chatSessions/<session>`,
 * `.json` (one document) or since 2026 `.jsonl` (a log of what changed in it), and beside them `workspace.json`, which
 * tells the folder. Copilot Chat's own transcript of the same session (`GitHub.copilot-chat/transcripts`) is not followed:
 * it would be told twice. So would its traces, which are read when they are named (`agent-traces.db`).
 */
export const vscodeChatAdapter: TranscriptAdapter = {
  id: 'vscode-chat',
  name: 'VS Code Chat',
  commandNames: [],
  roots: (environment) =>
    editorUserFolders(environment).flatMap((user): readonly TranscriptRoot[] => {
      const place = { folder: joinHome(environment, user, 'workspaceStorage'), depth: 2, mayHold };
      return [
        { ...place, framing: 'json-document', isTranscript: (relative) => /^[^/]+\/chatSessions\/[^/]+\.json$/.test(relative) },
        { ...place, framing: 'json-lines', isTranscript: (relative) => /^[^/]+\/chatSessions\/[^/]+\.jsonl$/.test(relative) },
      ];
    }),
  recognises: (value) => {
    const record = asRecord(value);
    if (record === undefined) return false;
    const { tables } = record;
    if (tables === null) return record['name'] === 'agent-traces.db';
    if (Array.isArray(tables)) return tables.includes('spans') && tables.includes('span_attributes');
    if (asRecord(record['span']) !== undefined) return asRecord(record['attributes']) !== undefined;
    if (typeof record['member'] === 'string') return isPiece(record['member'], record['value']);
    const { kind, k } = record;
    if (kind === 0) return Array.isArray(asRecord(record['v'])?.['requests']);
    return (kind === 1 || kind === 2 || kind === 3) && Array.isArray(k) && typeof k[0] === 'string';
  },
  openReader: (file, tools) => new VscodeChatReader(file, tools),
  named: 'copilot-traces',
  // A chat is taken up again in its view alone.
  resumeCommand: () => [],
};

/** The storage of a workspace holds much else. */
const mayHold = (relative: string): boolean => /^[^/]+(?:\/chatSessions)?$/.test(relative);

function isPiece(member: string, value: unknown): boolean {
  if (member === 'requests') return typeof asRecord(value)?.['requestId'] === 'string';
  return members.has(member);
}

/** Members of a session that no other agent's documents have. */
const members = new Set([
  'creationDate',
  'customTitle',
  'hasPendingEdits',
  'initialLocation',
  'inputState',
  'isImported',
  'lastMessageDate',
  'requesterAvatarIconUri',
  'requesterUsername',
  'responderAvatarIconUri',
  'responderUsername',
]);
