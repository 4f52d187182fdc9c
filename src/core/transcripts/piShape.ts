import { asList, asRecord, type JsonRecord } from './jsonValue.ts';

/**
 * Is the record of the form that pi and OpenClaw share? Which of the two wrote it shows in few records: each claims all
 * but those that bear the other's marks, so that the marks decide, and pi has what bears none.
 */
export function isPiRecord(record: JsonRecord): boolean {
  const { type } = record;
  if (type === 'session') return record['cwd'] !== undefined && record['id'] !== undefined && record['sessionId'] === undefined;
  if (type === 'message') return asRecord(record['message'])?.['role'] !== undefined && record['sessionId'] === undefined;
  return typeof type === 'string' && entryTypes.has(type) && record['timestamp'] !== undefined;
}

const entryTypes = new Set([
  'branch_summary',
  'compaction',
  'context_edit',
  'custom',
  'custom_message',
  'label',
  'model_change',
  'session_info',
  'thinking_level_change',
  'usage',
]);

/** Marks of OpenClaw: its entries, its tools, its way of counting. */
export function isOpenclawRecord(record: JsonRecord): boolean {
  const { type } = record;
  if (isNamedOpenclaw(record['id']) || isNamedOpenclaw(record['provider'])) return true;
  if (type === 'session') return record['version'] === 4;
  const custom = record['customType'];
  if (typeof custom === 'string') return custom === 'model-snapshot' || isNamedOpenclaw(custom);
  const message = asRecord(record['message']);
  if (message === undefined) return false;
  if (message['provenance'] !== undefined || message['__openclaw'] !== undefined) return true;
  if (asRecord(message['usage'])?.['reasoningTokens'] !== undefined) return true;
  if (message['toolName'] === 'exec' || message['toolName'] === 'sessions_spawn') return true;
  return asList(message['content']).some((value) => {
    const part = asRecord(value);
    return part?.['type'] === 'toolCall' && (part['partialArgs'] !== undefined || part['name'] === 'exec');
  });
}

const isNamedOpenclaw = (value: unknown): boolean => typeof value === 'string' && value.startsWith('openclaw');

/** Marks of pi itself. */
export function isPiOwnRecord(record: JsonRecord): boolean {
  if (record['type'] === 'session_info' || record['type'] === 'context_edit' || record['type'] === 'usage') return true;
  const message = asRecord(record['message']);
  if (message === undefined) return false;
  if (message['role'] === 'system' || message['role'] === 'bashExecution' || message['rawStopReason'] !== undefined) return true;
  if (message['toolName'] === 'bash') return true;
  return asList(message['content']).some((value) => {
    const part = asRecord(value);
    return part?.['type'] === 'toolCall' && part['name'] === 'bash';
  });
}
