/**
 * OpenClaw's names for its conversations: `agent:<agentId>:<rest>`, the rest being
 * - `main`, `global`, or any word of the user's own;
 * - `[<channel>:[<account>:]]direct:<peer>`, `<channel>:group|channel|room:<id>`;
 * - `subagent:<id>`, once more for each level below; `acp:<id>`; `cron:<job>[:run:<id>]`; `hook:<id>`;
 * - any of these with `:thread:<id>` or `:topic:<id>` behind it.
 * Some stand without `agent:<agentId>:`. What is none of them is opaque. Marker words are compared without case, ids are
 * kept as they are told. Grammar: OpenClaw's src/sessions/session-key-utils.ts.
 */
export interface SessionKey {
  readonly key: string;
  /** Undefined where the key names no agent. */
  readonly agentId: string | undefined;
  readonly kind: SessionKeyKind;
  /** `telegram`, `discord` …, for chats. */
  readonly channel?: string;
  readonly chatType?: ChatType;
  readonly account?: string;
  /** The peer, group, job, sub-agent or whatever the kind names by an id. */
  readonly id?: string;
  /** The one run of a job. */
  readonly jobRun?: string;
  /** 1 for a sub-agent of a session, 2 for a sub-agent's, 0 for none. */
  readonly depth: number;
  readonly thread?: string;
  /** The key without its thread. */
  readonly base: string;
}

export type SessionKeyKind = 'main' | 'chat' | 'subagent' | 'acp' | 'cron' | 'hook' | 'global' | 'other';
export type ChatType = 'direct' | 'group' | 'channel' | 'room';

const chatTypes: Readonly<Record<string, ChatType>> = { direct: 'direct', dm: 'direct', group: 'group', channel: 'channel', room: 'room' };

/** Reads a key; undefined for what is no text or empty. */
export function parseSessionKey(told: unknown): SessionKey | undefined {
  if (typeof told !== 'string' || told.trim() === '' || told.length > maxKeyLength) return undefined;
  const key = told.trim();
  const { base, thread } = withoutThread(key);
  const parts = base.split(':');
  const isScoped = parts.length >= 3 && parts[0]!.toLowerCase() === 'agent' && parts[1] !== '';
  const agentId = isScoped ? parts[1]! : undefined;
  const rest = isScoped ? parts.slice(2) : parts;
  const kind = kindOf(rest);
  return {
    key,
    agentId,
    depth: key.toLowerCase().split(/(?:^|:)subagent:/).length - 1,
    base,
    ...(thread === undefined ? {} : { thread }),
    ...kind,
  };
}

const maxKeyLength = 4096;

function withoutThread(key: string): { readonly base: string; readonly thread: string | undefined } {
  const lower = key.toLowerCase();
  for (const marker of [':thread:', ':topic:']) {
    const at = lower.lastIndexOf(marker);
    const thread = at <= 0 ? '' : key.slice(at + marker.length);
    if (thread !== '') return { base: key.slice(0, at), thread };
  }
  return { base: key, thread: undefined };
}

function kindOf(rest: readonly string[]): Pick<SessionKey, 'kind' | 'channel' | 'chatType' | 'account' | 'id' | 'jobRun'> {
  const words = rest.map((part) => part.toLowerCase());
  const [first] = words;
  const last = words.lastIndexOf('subagent');
  // A sub-agent's sub-agent hangs on the key of the one above it.
  if (last >= 0 && (last === 0 || words[0] === 'subagent' || words[0] === 'acp')) return withId('subagent', rest.slice(last + 1));
  if (first === 'acp' || first === 'hook') return withId(first, rest.slice(1));
  if (first === 'cron') {
    const run = words.indexOf('run');
    const job = withId('cron', rest.slice(1, run > 1 ? run : undefined));
    const jobRun = run > 1 ? rest.slice(run + 1).join(':') : '';
    return jobRun === '' ? job : { ...job, jobRun };
  }
  if (rest.length === 1) return first === 'main' || first === 'global' ? { kind: first } : { kind: 'other', id: rest[0]! };
  const at = words.findIndex((word, index) => index <= 2 && chatTypes[word] !== undefined && index < words.length - 1);
  const chatType = at < 0 ? undefined : chatTypes[words[at]!];
  if (chatType === undefined || (at === 0 && chatType !== 'direct')) return { kind: 'other', id: rest.join(':') };
  return {
    ...withId('chat', rest.slice(at + 1)),
    chatType,
    ...(at >= 1 ? { channel: words[0]! } : {}),
    ...(at === 2 ? { account: rest[1]! } : {}),
  };
}

function withId<K extends SessionKeyKind>(kind: K, parts: readonly string[]): { readonly kind: K; readonly id?: string } {
  const id = parts.join(':');
  return id === '' ? { kind } : { kind, id };
}
