/**
 * Which text of an event is searched: what its own fields say, at any depth. Not the frame of the line (who, when, which
 * kind, which run: those are filters), not the names of fields, not hashes of contents, ids that point to other events, nor
 * the fixed words of a closed list (`completed`, `user`).
 */
export const frameKeys: readonly string[] = ['v', 'w', 'n', 'at', 'kind', 'happenedAt', 'by', 'run', 'turn', 'src', 'prev', 'crc'];

/** Left out at any depth. */
export const passedKeys: readonly string[] = [
  'hash',
  'afterHash',
  'manifest',
  'call',
  'started',
  'response',
  'event',
  'evidence',
  'runs',
  'rewind',
  'target',
  'targetAt',
  'provenance',
  'tool',
  'op',
  'status',
  'outcome',
  'trigger',
  'stopReason',
  'priority',
  'type',
  'missing',
];

const frame: ReadonlySet<string> = new Set(frameKeys);
const passed: ReadonlySet<string> = new Set(passedKeys);
/** No event of ours is as deep; what is deeper is not searched. */
const maxDepth = 24;

/**
 * Hands over each searched text with the field that holds it: `output.head`, `edits.0.newText`. Ends early when `visit`
 * gives true.
 */
export function eachSearchedText(record: object, visit: (field: string, text: string) => boolean | void): boolean {
  for (const [key, value] of Object.entries(record)) {
    if (frame.has(key) || passed.has(key)) continue;
    if (visitValue(key, value, visit, 1)) return true;
  }
  return false;
}

function visitValue(field: string, value: unknown, visit: (field: string, text: string) => boolean | void, depth: number): boolean {
  if (typeof value === 'string') return visit(field, value) === true;
  if (typeof value !== 'object' || value === null || depth > maxDepth) return false;
  if (Array.isArray(value)) return value.some((item, index) => visitValue(`${field}.${index}`, item, visit, depth + 1));
  for (const [key, item] of Object.entries(value)) {
    if (passed.has(key)) continue;
    if (visitValue(`${field}.${key}`, item, visit, depth + 1)) return true;
  }
  return false;
}
