import { AiderReader } from './aiderReader.ts';
import type { TranscriptAdapter } from './adapter.ts';
import { asRecord, asText } from './jsonValue.ts';
import { isChatStart, isReport } from './aiderLines.ts';

/**
 * Aider. Its chat history is a Markdown file in the root of the repository that it works in, `.aider.chat.history.md`, or
 * where `$AIDER_CHAT_HISTORY_FILE` names one; every chat is appended to it. Nothing in it tells a conversation's id: a
 * chat is known by its folder and the second in which it began.
 */
export const aiderAdapter: TranscriptAdapter = {
  id: 'aider',
  name: 'Aider',
  commandNames: ['aider'],
  roots: ({ folders = [], variables }) => {
    const named = /^(.*)[\\/]([^\\/]+)$/.exec(variables['AIDER_CHAT_HISTORY_FILE'] ?? '');
    const places = folders.map((folder) => ({ folder, name: '.aider.chat.history.md' }));
    if (named !== null && named[1] !== '') places.push({ folder: named[1]!, name: named[2]! });
    return places.map(({ folder, name }) => ({
      folder,
      depth: 0,
      framing: 'text-lines',
      isTranscript: (relative) => relative === name,
    }));
  },
  recognises: (value) => {
    const line = asText(asRecord(value)?.['line']);
    return line !== undefined && (isChatStart(line) || isReport(line));
  },
  openReader: (file, tools) => new AiderReader(file, tools),
  resumeCommand: () => ['aider', '--restore-chat-history'],
};
