/** Ends a switch over a closed union: a new member is then a compile error, and a foreign value at run time a clear one. */
export function assertNever(value: never): never {
  throw new Error(`Unexpected value: ${JSON.stringify(value)}`);
}
