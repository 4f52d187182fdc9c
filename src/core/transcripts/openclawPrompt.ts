import { asRecord, asText, asWord, type JsonRecord } from './jsonValue.ts';
import { parseSessionKey } from './openclawKey.ts';
import type { PiPrompt } from './piRun.ts';

/** Words with which OpenClaw itself begins what it says in the person's stead. */
const openings: readonly (readonly [RegExp, PiPrompt])[] = [
  [/^\[Inter-session message\]/, { provenance: 'inter_session', origin: 'message' }],
  [/^\[Subagent (?:Context|Task)\]/, { provenance: 'inter_session', origin: 'subagent' }],
  [/^\[cron:/, { provenance: 'system', origin: 'cron' }],
  [/^(?:Read HEARTBEAT\.md|\[OpenClaw heartbeat)/, { provenance: 'system', origin: 'heartbeat' }],
  [/^Pre-compaction memory flush/, { provenance: 'system', origin: 'memory' }],
  [/^System(?: \(untrusted\))?: \[/, { provenance: 'system' }],
];

/**
 * Whose words a `user` message of OpenClaw holds: newer versions say it in `provenance`, older ones by how the text
 * begins; where neither does, the session's key tells whether anybody is there who could have typed it.
 */
export function openclawPrompt(message: JsonRecord, text: string, key: string | undefined): PiPrompt {
  const told = asRecord(message['provenance']);
  const origin = asWord(told?.['sourceTool']) ?? asWord(told?.['sourceChannel']);
  switch (asText(told?.['kind'])) {
    case 'inter_session':
      return { provenance: 'inter_session', origin };
    case 'internal_system':
      return { provenance: 'system', origin };
    case 'external_user':
      return { provenance: 'user', origin };
    default:
  }
  const opening = openings.find(([words]) => words.test(text));
  if (opening !== undefined) return opening[1];
  switch (parseSessionKey(key)?.kind) {
    case 'cron':
      return { provenance: 'system', origin: 'cron' };
    case 'hook':
      return { provenance: 'system', origin: 'hook' };
    case 'subagent':
      return { provenance: 'inter_session', origin: 'subagent' };
    default:
      return { provenance: 'user' };
  }
}

/** What OpenClaw wrote in the model's stead: a copy of what was sent to a chat, an answer of its own. */
export function isOpenclawMirror(message: JsonRecord): boolean {
  return message['provider'] === 'openclaw' && (message['model'] === 'delivery-mirror' || message['model'] === 'gateway-injected');
}
