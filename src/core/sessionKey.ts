import { assertNever } from '../base/assertNever.ts';
import { parseSessionKey, type ChatType, type SessionKeyKind } from './transcripts/openclawKey.ts';

/** What sort of work a run is, by its agent and, where it has one, by its session key `agent:<agentId>:<channel>:<chatType>:<id>`. */
export interface RunClass {
  /** The adapter's id: `codex`, `openclaw`. */
  readonly agent: string;
  readonly kind: SessionKeyKind;
  /** 0 for a run of a person's or a job's own, 1 for its sub-agent, and so on. */
  readonly depth: number;
  readonly agentId?: string;
  readonly channel?: string;
  readonly chatType?: ChatType;
  readonly thread?: string;
  readonly key?: string;
}

/** Classifies a run. Without a key, one that another run began is a sub-agent, any other a person's own. */
export function classifyRun(run: {
  readonly agent: string;
  readonly key?: string | undefined;
  readonly parent?: string | undefined;
}): RunClass {
  const parsed = parseSessionKey(run.key);
  if (parsed === undefined) {
    const isChild = run.parent !== undefined;
    return { agent: run.agent, kind: isChild ? 'subagent' : 'main', depth: isChild ? 1 : 0 };
  }
  const { kind, depth, agentId, channel, chatType, thread, key } = parsed;
  return {
    agent: run.agent,
    kind,
    // A key that another run is told to have begun need not say so itself.
    depth: Math.max(depth, run.parent === undefined ? 0 : 1),
    key,
    ...(agentId === undefined ? {} : { agentId }),
    ...(channel === undefined ? {} : { channel }),
    ...(chatType === undefined ? {} : { chatType }),
    ...(thread === undefined ? {} : { thread }),
  };
}

/** For people, without what a key names by id: `cron job`, `sub-agent`, `group chat on telegram, in a thread`. */
export function classText({ kind, channel, chatType, depth, thread }: RunClass): string {
  const where = thread === undefined ? '' : ', in a thread';
  switch (kind) {
    case 'main':
    case 'global':
      return `own conversation${where}`;
    case 'chat':
      return `${chatType === undefined ? '' : `${chatType} `}chat${channel === undefined ? '' : ` on ${channel}`}${where}`;
    case 'subagent':
      return depth > 1 ? `sub-agent of level ${depth}` : 'sub-agent';
    case 'acp':
      return 'ACP session';
    case 'cron':
      return 'cron job';
    case 'hook':
      return 'hook';
    case 'other':
      return `conversation${where}`;
    default:
      return assertNever(kind);
  }
}
