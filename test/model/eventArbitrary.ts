import * as fc from 'fast-check';
import { TapedeckEvent } from '../../src/model/event.ts';

/** Events of every kind, made from the schema: all fields of each, optional ones there or not. */
export const anyEvent: fc.Arbitrary<TapedeckEvent> = fc.oneof(
  ...TapedeckEvent.options.map((option) => valueOf(option) as fc.Arbitrary<TapedeckEvent>),
);

/** JSON values that may stand where another was meant. */
export const anyJson: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(null, true, 0, -1, 1.5, 1e308, '', 'user', 'file', [], {}, [null], { head: 'x' }),
  fc.jsonValue({ maxDepth: 2 }),
);

interface Schema {
  readonly def: {
    readonly type: string;
    readonly values?: readonly unknown[];
    readonly entries?: Readonly<Record<string, unknown>>;
    readonly innerType?: unknown;
    readonly element?: unknown;
    readonly options?: readonly unknown[];
    readonly shape?: Readonly<Record<string, Schema>>;
  };
}

function valueOf(schema: unknown): fc.Arbitrary<unknown> {
  const { def } = schema as Schema;
  switch (def.type) {
    case 'string':
      return fc.oneof(fc.string({ maxLength: 12 }), fc.string({ unit: 'binary', maxLength: 6 }));
    case 'number':
      return fc.oneof(fc.nat(), fc.double({ noNaN: true, noDefaultInfinity: true }));
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    case 'literal':
      return fc.constantFrom(...def.values!);
    case 'enum':
      return fc.constantFrom(...Object.values(def.entries!));
    case 'optional':
    case 'default':
      return valueOf(def.innerType);
    case 'array':
      return fc.array(valueOf(def.element), { maxLength: 3 });
    case 'union':
      return fc.oneof(...def.options!.map(valueOf));
    case 'object': {
      const shape = def.shape!;
      const fields = Object.fromEntries(Object.entries(shape).map(([key, field]) => [key, valueOf(field)]));
      const requiredKeys = Object.keys(shape).filter((key) => shape[key]!.def.type !== 'optional');
      return fc.record(fields, { requiredKeys, noNullPrototype: true });
    }
    default:
      throw new Error(`No values are made for ${def.type} yet.`);
  }
}
