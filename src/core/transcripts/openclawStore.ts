import { asRecord, asWord, parseJson, type JsonRecord } from './jsonValue.ts';

/** What OpenClaw's `sessions.json` says of one session. */
export interface StoredSession {
  readonly key: string;
  /** The session that spawned it. */
  readonly parent?: string;
  readonly title?: string;
  /** The session of which it is a copy up to some entry. */
  readonly forkedFrom?: string;
}

/**
 * Looks a session up in the text of a `sessions.json`: one object, the entries `{sessionId, spawnedBy, label, …}` by their
 * session keys. The store is written anew all the time and may lag behind the transcripts: undefined when it does not
 * know the session.
 */
export function findStoredSession(text: string | undefined, sessionId: string): StoredSession | undefined {
  // Most stores that are asked do not hold it yet; their text tells that without being parsed.
  if (text === undefined || !text.includes(sessionId)) return undefined;
  const store = asRecord(parseJson(text));
  if (store === undefined) return undefined;
  const sessionOf = (entry: unknown): string | undefined => asWord(asRecord(entry)?.['sessionId']);
  const found = Object.entries(store).find(([, entry]) => sessionOf(entry) === sessionId);
  if (found === undefined) return undefined;
  const [key, value] = found;
  const entry: JsonRecord = asRecord(value) ?? {};
  const spawner = asWord(entry['spawnedBy']) ?? asWord(entry['parentSessionKey']);
  const parent = spawner === undefined || !Object.hasOwn(store, spawner) ? undefined : sessionOf(store[spawner]);
  const title = asWord(entry['label']) ?? asWord(entry['displayName']) ?? asWord(entry['subject']);
  return { key, ...(parent === undefined ? {} : { parent }), ...(title === undefined ? {} : { title }) };
}
