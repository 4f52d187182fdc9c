import { TapedeckEvent } from './event.ts';

/**
 * Whether a parsed line is an event as it stands, decided without the schema library's machinery, which takes tens of
 * milliseconds to get ready and longer for an event than parsing it. The checks are taken from the schemas themselves, a kind
 * at a time when it is first met, so the two cannot drift apart.
 * - True means that the schema would give exactly this back: nothing missing, nothing unknown, nothing to fill in.
 * - False means no more than that: the schema decides.
 */
export function isEventShape(raw: { readonly kind?: unknown }): boolean {
  const { kind } = raw;
  if (typeof kind !== 'string') return false;
  let check = checks.get(kind);
  if (check === undefined) {
    const schema = TapedeckEvent.options.find((option) => option.shape.kind.value === kind);
    // An unknown kind is not remembered: a hostile log may hold any number of them.
    if (schema === undefined) return false;
    checks.set(kind, (check = checkOf(schema)));
  }
  return check(raw);
}

type Check = (value: unknown) => boolean;

/** What is read of a schema. */
interface Schema {
  readonly def: {
    readonly type: string;
    readonly checks?: readonly unknown[] | undefined;
    readonly shape?: Readonly<Record<string, Schema>>;
    readonly innerType?: Schema;
    readonly element?: Schema;
    readonly options?: readonly Schema[];
    readonly entries?: Readonly<Record<string, unknown>>;
    readonly values?: readonly unknown[];
  };
}

const checks = new Map<string, Check>();
/** For what is not known here: the schema decides. */
const never: Check = () => false;
const isText: Check = (value) => typeof value === 'string';
const isNumber: Check = (value) => Number.isFinite(value);
const isBoolean: Check = (value) => typeof value === 'boolean';
const isNull: Check = (value) => value === null;

function checkOf(schema: unknown): Check {
  const { def } = schema as Schema;
  if (def.checks !== undefined && def.checks.length > 0) return never;
  switch (def.type) {
    case 'string':
      return isText;
    case 'number':
      return isNumber;
    case 'boolean':
      return isBoolean;
    case 'null':
      return isNull;
    case 'literal':
      return oneOf(def.values ?? []);
    case 'enum':
      return oneOf(Object.values(def.entries ?? {}));
    case 'optional':
    case 'default':
      // What is absent does not come here; what a schema would fill in is asked for in `isObject`.
      return checkOf(def.innerType);
    case 'array':
      return isList(checkOf(def.element));
    case 'union':
      return isAny((def.options ?? []).map(checkOf));
    case 'object':
      return isObject(def.shape ?? {});
    default:
      return never;
  }
}

function oneOf(values: readonly unknown[]): Check {
  const only = values[0];
  if (values.length === 1) return (value) => value === only;
  const known = new Set(values);
  return (value) => known.has(value);
}

function isAny(options: readonly Check[]): Check {
  return (value) => options.some((check) => check(value));
}

function isList(check: Check): Check {
  return (value) => Array.isArray(value) && value.every(check);
}

interface Field {
  readonly key: string;
  readonly check: Check;
  readonly isNeeded: boolean;
  /** The field that followed this one when it was last met. Writers keep an order, so most are found without a look-up. */
  next: Field;
}

function isObject(shape: Readonly<Record<string, Schema>>): Check {
  const fields = new Map<string, Field>();
  const start = { key: '' } as Field;
  start.next = start;
  let needed = 0;
  for (const [key, schema] of Object.entries(shape)) {
    const isNeeded = schema.def.type !== 'optional';
    if (isNeeded) needed += 1;
    fields.set(key, { key, check: checkOf(schema), isNeeded, next: start });
  }
  return (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
    let met = 0;
    let last = start;
    for (const key in value) {
      let field: Field | undefined = last.next;
      if (field.key !== key || field === start) {
        field = fields.get(key);
        if (field === undefined) return false;
        last.next = field;
      }
      if (!field.check((value as Readonly<Record<string, unknown>>)[key])) return false;
      if (field.isNeeded) met += 1;
      last = field;
    }
    return met === needed;
  };
}
