import { createDirectDisk } from '../../src/store/directDisk.ts';
import type { DiskFile, DiskFileSystem } from '../../src/store/diskFileSystem.ts';

/** One call to the disk: its name (`write`, `rename` …; calls on an open file as `file.write`) and its path. */
export interface DiskCall {
  readonly name: string;
  readonly path: string;
  /** 1, 2, 3 … over all calls that were looked at. */
  readonly number: number;
}

export type Fault = { readonly code: string } | { readonly shortBy: number } | undefined;

/** A file system that asks before each call whether it shall fail. Everything else goes to the real disk. */
export function faultyFileSystem(decide: (call: DiskCall) => Fault): { fileSystem: DiskFileSystem; calls: DiskCall[] } {
  const calls: DiskCall[] = [];
  const ask = (name: string, path: string): Fault => {
    const call = { name, path, number: calls.length + 1 };
    calls.push(call);
    const fault = decide(call);
    if (fault !== undefined && 'code' in fault)
      throw Object.assign(new Error(`${fault.code}: injected at ${name} ${path}`), { code: fault.code });
    return fault;
  };
  const wrapFile = (file: DiskFile, path: string): DiskFile =>
    new Proxy(file, {
      get(target, key) {
        const method = Reflect.get(target, key) as unknown;
        if (typeof method !== 'function') return method;
        return async (...args: unknown[]): Promise<unknown> => {
          const isClose = key === 'close';
          // A descriptor is given back whatever its close reports.
          const fault = isClose ? undefined : ask(`file.${String(key)}`, path);
          if (fault !== undefined && 'shortBy' in fault && key === 'write') {
            const bytes = args[0] as Uint8Array;
            const length = (args[2] as number | undefined) ?? bytes.length;
            return Reflect.apply(method, target, [bytes, args[1], Math.max(0, length - fault.shortBy), args[3]]);
          }
          return Reflect.apply(method, target, args);
        };
      },
    });
  const fileSystem = new Proxy(createDirectDisk(), {
    get(target, key) {
      const method = Reflect.get(target, key) as unknown;
      if (typeof method !== 'function') return method;
      return async (...args: unknown[]): Promise<unknown> => {
        const path = String(args[0]);
        ask(String(key), path);
        const result: unknown = await Reflect.apply(method, target, args);
        return key === 'open' ? wrapFile(result as DiskFile, path) : result;
      };
    },
  });
  return { fileSystem, calls };
}
