import type * as z from 'zod';

/**
 * Walks a schema, or a value beside its schema. A `mark` is a place and what can be told apart there: each field, each value
 * of an enum, each side of a union, each boolean, and that an optional one is not there. Two walks, so that what is demanded and what is held can be compared.
 */
type Schema = z.core.$ZodType;

/** Every mark that values of the schema can have. */
export function marksOf(schema: Schema, at: string): Set<string> {
  const marks = new Set<string>();
  walk(schema, at, (mark) => marks.add(mark));
  return marks;
}

/** The marks that this value has. It must be one of the schema. */
export function marksIn(schema: Schema, value: unknown, at: string): Set<string> {
  const marks = new Set<string>();
  walkValue(schema, value, at, (mark) => marks.add(mark));
  return marks;
}

/** Values that together have every mark; the first one has every field, the last one what it must. */
export function samplesOf(schema: Schema, key = ''): unknown[] {
  const def = defOf(schema);
  switch (def.type) {
    case 'string':
      return [/at$/i.test(key) ? '2026-01-02T03:04:05.678Z' : `${key} \u65e5\u{1F600} "\\\n`];
    case 'number':
      return [42];
    case 'boolean':
      return [true, false];
    case 'null':
      return [null];
    case 'literal':
      return def.values;
    case 'enum':
      return Object.values(def.entries);
    case 'optional':
    case 'default':
      return samplesOf(def.innerType, key);
    case 'array':
      return [samplesOf(def.element, key)];
    case 'union':
      return def.options.flatMap((option) => samplesOf(option, key));
    case 'object': {
      const fields = Object.entries(def.shape).map(([name, field]) => [name, samplesOf(field, name)] as const);
      const count = Math.max(1, ...fields.map(([, samples]) => samples.length));
      const required = fields.filter(([name]) => defOf(def.shape[name]!).type !== 'optional');
      const full = Array.from({ length: count }, (_, index) =>
        Object.fromEntries(fields.map(([name, samples]) => [name, samples[index % samples.length]])),
      );
      return required.length === fields.length
        ? full
        : [...full, Object.fromEntries(required.map(([name, samples]) => [name, samples[0]]))];
    }
  }
}

type Definition =
  | { type: 'string' | 'number' | 'boolean' | 'null' }
  | { type: 'literal'; values: unknown[] }
  | { type: 'enum'; entries: Record<string, string> }
  | { type: 'optional' | 'default'; innerType: Schema }
  | { type: 'array'; element: Schema }
  | { type: 'union'; options: Schema[] }
  | { type: 'object'; shape: Record<string, Schema> };

const known = new Set(['string', 'number', 'boolean', 'null', 'literal', 'enum', 'optional', 'default', 'array', 'union', 'object']);

function defOf(schema: Schema): Definition {
  const { def } = schema._zod;
  if (!known.has(def.type)) throw new Error(`A schema of type ${def.type}: say here what is to be seen in it`);
  return def as unknown as Definition;
}

function walk(schema: Schema, at: string, mark: (mark: string) => void): void {
  const def = defOf(schema);
  switch (def.type) {
    case 'enum':
      for (const value of Object.values(def.entries)) mark(`${at} = ${value}`);
      break;
    case 'boolean':
      for (const value of [true, false]) mark(`${at} = ${value}`);
      break;
    case 'optional':
    case 'default':
      if (def.type === 'optional') mark(`${at}: absent`);
      walk(def.innerType, at, mark);
      break;
    case 'array':
      walk(def.element, `${at}[]`, mark);
      break;
    case 'union':
      for (const option of def.options) walk(option, at, mark);
      break;
    case 'object':
      for (const [name, field] of Object.entries(def.shape)) walk(field, `${at}.${name}`, mark);
      break;
    default:
      mark(`${at}: ${def.type}`);
  }
}

function walkValue(schema: Schema, value: unknown, at: string, mark: (mark: string) => void): void {
  const def = defOf(schema);
  if (value === undefined) {
    if (def.type === 'optional') mark(`${at}: absent`);
    return;
  }
  switch (def.type) {
    case 'enum':
    case 'boolean':
      mark(`${at} = ${value as string | boolean}`);
      break;
    case 'optional':
    case 'default':
      walkValue(def.innerType, value, at, mark);
      break;
    case 'array':
      for (const element of value as unknown[]) walkValue(def.element, element, `${at}[]`, mark);
      break;
    case 'union':
      for (const option of def.options) if ((option as z.ZodType).safeParse(value).success) walkValue(option, value, at, mark);
      break;
    case 'object':
      for (const [name, field] of Object.entries(def.shape))
        walkValue(field, (value as Record<string, unknown>)[name], `${at}.${name}`, mark);
      break;
    default:
      mark(`${at}: ${def.type}`);
  }
}
