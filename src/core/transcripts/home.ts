import type { AgentEnvironment } from './adapter.ts';

/** A folder below another, in the platform's own form. */
export function joinHome(environment: AgentEnvironment, folder: string, ...parts: readonly string[]): string {
  const separator = environment.platform === 'win32' ? '\\' : '/';
  const trimmed = folder.length > 1 && /[\\/]$/.test(folder) && !/^[a-zA-Z]:[\\/]$/.test(folder) ? folder.slice(0, -1) : folder;
  return [trimmed, ...parts].join(separator);
}

/** A folder as a variable tells it: `~` stands for the user's own. */
export function atHome(environment: AgentEnvironment, folder: string): string {
  const rest = /^~(?:[\\/](.*))?$/.exec(folder);
  if (rest === null) return folder;
  return rest[1] === undefined ? environment.homeFolder : joinHome(environment, environment.homeFolder, rest[1]);
}
