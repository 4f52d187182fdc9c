import { userAuthor, type Author } from '../model/author.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Who calls us. Agents mark the shells that they run: Codex by CODEX_THREAD_ID, Claude Code by CLAUDECODE and
 * CLAUDE_CODE_SESSION_ID, pi by PI_SESSION_ID, others by AI_AGENT. Without any of these it is the user.
 */
export function callerOf(environment: Environment): Author {
  const codex = idOf(environment['CODEX_THREAD_ID']);
  if (codex !== undefined) return agent('codex', codex);
  if (isSet(environment['CLAUDECODE'])) return agent('claude', idOf(environment['CLAUDE_CODE_SESSION_ID']));
  const named = nameOf(environment['AI_AGENT']);
  return named === undefined ? userAuthor : agent(named, named === 'pi' ? idOf(environment['PI_SESSION_ID']) : undefined);
}

function agent(name: string, run: string | undefined): Author {
  return { actor: 'agent', name, ...(run === undefined ? {} : { run }), how: 'stated' };
}

const isSet = (value: string | undefined): boolean => value !== undefined && value !== '' && value !== '0';

/** A variable is input like any other: what does not look like an id is none. */
function idOf(value: string | undefined): string | undefined {
  return value !== undefined && /^[\w.:-]{1,200}$/.test(value) ? value : undefined;
}

/** `claude-code_2-1-329_agent` -> `claude`; `pi` -> `pi`. */
function nameOf(value: string | undefined): string | undefined {
  if (value === undefined) return undefined;
  const name = /^[a-z][a-z0-9.-]{0,39}/.exec(value.trim().toLowerCase())?.[0];
  return name === 'claude-code' ? 'claude' : name;
}
