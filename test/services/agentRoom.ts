import { mkdir, mkdtemp, readFile, realpath, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { systemClock } from '../../src/base/clock.ts';
import { SourceSet } from '../../src/core/sourceSet.ts';
import type { AgentEnvironment } from '../../src/core/transcripts/adapter.ts';
import { transcriptAdapters } from '../../src/core/transcripts/table.ts';
import type { EventDraft, LoggedEvent } from '../../src/model/event.ts';
import { openAgentFollower, type AgentFollower, type AgentFollowerOptions } from '../../src/services/agentFollower.ts';
import { createJournal } from '../../src/services/journal.ts';
import { nodeDigest } from '../../src/store/digest.ts';
import { openLogRoom, sessionId } from '../store/logRoom.ts';

/** A home of an agent's user, a workspace, a log, and a follower that records into it. */
export interface AgentRoom {
  readonly home: string;
  readonly workspace: string;
  readonly codexFolder: string;
  readonly claudeFolder: string;
  follow(options?: Partial<AgentFollowerOptions>): Promise<AgentFollower>;
  events(): Promise<readonly LoggedEvent[]>;
  /** Resolves when the log holds an event for which `isIt` is true; fails after `timeoutMs`. */
  until(isIt: (event: LoggedEvent) => boolean, timeoutMs?: number): Promise<LoggedEvent>;
  facts: EventDraft[];
  errors: unknown[];
  close(): Promise<void>;
}

export async function openAgentRoom(): Promise<AgentRoom> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'tapedeck-agents-')));
  const home = join(folder, 'home');
  const workspace = join(folder, 'work space');
  await mkdir(home);
  await mkdir(workspace);
  const log = await openLogRoom();
  const closing: (() => Promise<void>)[] = [];
  const facts: EventDraft[] = [];
  const errors: unknown[] = [];
  const env: AgentEnvironment = { platform: process.platform, homeFolder: home, variables: {} };
  const events = () => log.readAll();
  return {
    home,
    workspace,
    codexFolder: join(home, '.codex', 'sessions'),
    claudeFolder: join(home, '.claude', 'projects'),
    facts,
    errors,
    events,
    async follow(options = {}) {
      const writer = await log.writer();
      const sources = new SourceSet();
      for (const event of await events()) if ('src' in event && event.src !== undefined) sources.add(event.src);
      const follower = await openAgentFollower({
        folders: [{ name: 'work space', path: workspace }],
        env,
        adapters: transcriptAdapters,
        since: 0,
        journal: createJournal(writer, sessionId),
        sources,
        digest: nodeDigest,
        clock: systemClock,
        onFact: (fact) => facts.push(fact),
        onError: (error) => errors.push(error),
        ...options,
        times: { absentMs: 50, ...options.times },
      });
      closing.push(async () => {
        await follower.close();
        await writer.close();
      });
      return follower;
    },
    async until(isIt, timeoutMs = 5000) {
      const endAt = Date.now() + timeoutMs;
      for (;;) {
        const found = (await events()).find(isIt);
        if (found !== undefined) return found;
        if (Date.now() > endAt) throw new Error('The event did not come.');
        await new Promise((resolve) => {
          setTimeout(resolve, 20);
        });
      }
    },
    async close() {
      for (const close of closing) await close();
      await log.close();
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** Lays a fixture where its agent would have it, with other words in the place of its own paths. */
export async function layTranscript(
  from: string,
  to: string,
  words: readonly (readonly [string, string])[] = [],
  changedAt?: Date,
): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  let text = await readFile(from, 'utf8');
  for (const [old, next] of words) text = text.replaceAll(old, next);
  await writeFile(to, text);
  if (changedAt !== undefined) await utimes(to, changedAt, changedAt);
}
