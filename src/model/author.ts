import * as z from 'zod';

/** Who acted. `tool` is a program that is no agent (a formatter, a build, Tapedeck itself); unknown stays unknown. */
export const Actor = z.enum(['user', 'agent', 'tool', 'git', 'system', 'unknown']);
export type Actor = z.infer<typeof Actor>;

/**
 * How we know. `transcript`: the agent's own record names it and the content matches. `hook`: the agent called us.
 * `terminal`: the command in that terminal. `editor`: saved from an editor. `git`: the content is that of a commit that
 * was checked out. `overlap`: it happened while the named one was running, nothing stronger. `stated`: the author said
 * so by writing the entry. `claimed`: an agent's record says so and nothing else confirms it. `guess`, `none`: what they say.
 */
export const Knowledge = z.enum(['transcript', 'hook', 'terminal', 'editor', 'git', 'overlap', 'stated', 'claimed', 'guess', 'none']);
export type Knowledge = z.infer<typeof Knowledge>;

export const Author = z.object({
  actor: Actor,
  /** The agent's or tool's short name: `codex`, `claude`, `tapedeck`. */
  name: z.string().optional(),
  /** The agent's own id of its conversation. */
  run: z.string().optional(),
  how: Knowledge,
  /** Others who could have done it as well, as short names, when several were at work at once. */
  others: z.array(z.string()).optional(),
});
export type Author = z.infer<typeof Author>;

export const unknownAuthor: Author = { actor: 'unknown', how: 'none' };
export const userAuthor: Author = { actor: 'user', how: 'stated' };
export const tapedeckAuthor: Author = { actor: 'tool', name: 'tapedeck', how: 'stated' };
export const systemAuthor: Author = { actor: 'system', how: 'stated' };
