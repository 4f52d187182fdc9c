import { asList, asRecord, type JsonRecord } from './jsonValue.ts';

/**
 * Is the record of the form that pi and OpenClaw share? Which of the two wrote it shows in few records: each claims all
 * but those that bear the other's marks, so that the marks decide, and pi has what bears none.
 */
export function isPiRecord(record: JsonRecord): boolean {
  const { type } = record;
  if (type === 'session') return record['cwd'] !== undefined && record['id'] !== undefined && record['sessionId'] === undefined;
  if (type === 'message') {
    const message = asRecord(record['message']);
    // Parts that are named as the Anthropic API names them, and ids that form no tree, are of others with a similar form.
    const isForeign = asList(message?.['content']).some((part) => foreignParts.has(asRecord(part)?.['type']));
    const isInTree = record['id'] === undefined || record['parentId'] !== undefined;
    return message?.['role'] !== undefined && record['sessionId'] === undefined && isInTree && !isForeign;
  }
  return typeof type === 'string' && entryTypes.has(type) && record['timestamp'] !== undefined;
}

const foreignParts = new Set<unknown>(['tool_use', 'tool_result']);
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
