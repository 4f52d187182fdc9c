import type { AgentEnvironment } from './adapter.ts';

/** A folder below another, in the platform's own form. */
export function joinHome(environment: AgentEnvironment, folder: string, ...parts: readonly string[]): string {
  const separator = environment.platform === 'win32' ? '\\' : '/';
  const trimmed = folder.length > 1 && /[\\/]$/.test(folder) && !/^[a-zA-Z]:[\\/]$/.test(folder) ? folder.slice(0, -1) : folder;
  return [trimmed, ...parts].join(separator);
}
