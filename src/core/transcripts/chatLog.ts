import { asRecord } from './jsonValue.ts';

/**
 * Applies one entry of VS Code's log of changes to an object: `{kind: 0, v}` all of it, `{kind: 1, k, v}` sets what stands
 * at a path, `{kind: 2, k, v, i?}` adds to a list (cut to `i` before), `{kind: 3, k}` takes away. Paths that lead nowhere
 * are made on the way, since what was told already is not kept; what is no sound path is refused.
 */
export function applyChatChange(state: Record<string, unknown>, entry: Readonly<Record<string, unknown>>): boolean {
  const { kind, k, v } = entry;
  if (!Array.isArray(k) || k.length === 0 || k.length > maxPath || !k.every(isKey)) return false;
  const path = k as readonly (string | number)[];
  const last = path[path.length - 1]!;
  const holder = holderOf(state, path, kind !== 3);
  if (holder === undefined) return kind === 3;
  if (kind === 1) return put(holder, last, v);
  if (kind === 3) {
    if (Array.isArray(holder)) {
      if (typeof last === 'number') holder.splice(last, 1);
    } else delete holder[String(last)];
    return true;
  }
  if (kind !== 2 || !Array.isArray(v)) return false;
  const known = take(holder, last);
  const list: unknown[] = Array.isArray(known) ? known : [];
  if (known !== list && !put(holder, last, list)) return false;
  const from = entry['i'];
  if (typeof from === 'number' && Number.isInteger(from) && from >= 0) {
    if (from <= list.length) list.length = from;
    else pad(list, from);
  }
  for (const item of v) list.push(item);
  return true;
}

type Holder = Record<string, unknown> | unknown[];

const maxPath = 64;
/** A list is never made longer than this by an index that is told alone. */
const maxIndex = 200_000;
const refused = new Set<unknown>(['__proto__', 'constructor', 'prototype']);

function isKey(key: unknown): boolean {
  if (typeof key === 'string') return !refused.has(key);
  return typeof key === 'number' && Number.isInteger(key) && key >= 0 && key < maxIndex;
}

function holderOf(state: Record<string, unknown>, path: readonly (string | number)[], makes: boolean): Holder | undefined {
  let holder: Holder = state;
  for (let at = 0; at < path.length - 1; at++) {
    const next = take(holder, path[at]!);
    if (Array.isArray(next) || asRecord(next) !== undefined) {
      holder = next as Holder;
      continue;
    }
    if (!makes) return undefined;
    const made: Holder = typeof path[at + 1] === 'number' ? [] : {};
    if (!put(holder, path[at]!, made)) return undefined;
    holder = made;
  }
  return holder;
}

function take(holder: Holder, key: string | number): unknown {
  if (Array.isArray(holder)) return typeof key === 'number' ? holder[key] : undefined;
  return Object.hasOwn(holder, key) ? holder[key] : undefined;
}

function put(holder: Holder, key: string | number, value: unknown): boolean {
  if (!Array.isArray(holder)) holder[String(key)] = value;
  else if (typeof key === 'number') {
    pad(holder, key);
    holder[key] = value;
  } else return false;
  return true;
}

function pad(list: unknown[], length: number): void {
  while (list.length < Math.min(length, maxIndex)) list.push(null);
}
