import * as fs from 'node:fs';
import { join } from 'node:path';
import type { Clock, UnixMs } from '../base/clock.ts';
import { Delayer } from '../base/delayer.ts';
import { DisposableStore, toDisposable, type Disposable } from '../base/disposable.ts';
import { SerialQueue } from '../base/serialQueue.ts';
import type { Author } from '../model/author.ts';
import type { WorkspacePath } from '../model/workspacePath.ts';
import type { GitHead, GitMove, GitRepository } from '../store/gitRepository.ts';
import type { Attributor } from './attributor.ts';
import type { CommitWork, WorkInCommit } from './commitWork.ts';
import type { Journal } from './journal.ts';

/** A repository that is followed. */
export interface FollowedRepository {
  readonly repository: GitRepository;
  /** How the log names it; undefined: the first workspace folder's own. */
  readonly name: string | undefined;
  /** The log's path of a path in the repository's folder. */
  readonly toPath: (within: string) => WorkspacePath;
}

export interface GitFollowerOptions {
  readonly journal: Journal;
  readonly attributor: Attributor;
  readonly clock: Clock;
  readonly work: CommitWork;
  /** Resolves when what changed on disk so far is recorded and judged. */
  readonly settled: () => Promise<void>;
  /** HEAD has moved: what is tracked may differ. */
  readonly onMoved: () => void;
  readonly onTrace: (message: string) => void;
}

interface Followed extends FollowedRepository {
  head: GitHead;
  reflogBytes: number;
  checkedAt: UnixMs;
}

const quietMs = 120;
const commitLimit = 200;
/** While it is open who did what is in a commit, its event waits so long for the agents' records. */
const openMs = 2500;
/** A reflog counts in seconds. */
const reflogStepMs = 999;

/**
 * Records what git does in the workspace: commits, moves of HEAD, changes of branch. The reflog tells what moved HEAD; where
 * none is kept, the commits themselves do. Git's files are watched only as a hint; each look at the files asks as well.
 * A commit is recorded behind the changes that are in it, so that it can say whose they are.
 */
export class GitFollower implements Disposable {
  readonly #options: GitFollowerOptions;
  readonly #followed = new Map<string, Followed>();
  readonly #queue = new SerialQueue();
  /** What is recorded waits for the files, and looking at the files asks git: that must not wait for this. */
  readonly #recording = new SerialQueue();
  readonly #disposables = new DisposableStore();
  readonly #soon: Delayer;

  constructor(options: GitFollowerOptions) {
    this.#options = options;
    this.#soon = this.#disposables.add(new Delayer(() => void this.check().catch(() => {}), quietMs, quietMs * 5));
  }

  /** Begins with where HEAD is now. A repository that is followed already is left alone. */
  async follow(repository: FollowedRepository): Promise<GitHead | undefined> {
    const key = repository.repository.folder;
    const present = this.#followed.get(key);
    if (present !== undefined) return present.head;
    try {
      const head = await repository.repository.head();
      const { size } = await repository.repository.moves(Number.MAX_SAFE_INTEGER);
      this.#followed.set(key, { ...repository, head, reflogBytes: size, checkedAt: this.#options.clock.now() });
      this.#watch(repository.repository.gitFolder);
      return head;
    } catch (error) {
      this.#options.onTrace(`Git is not followed in ${key}: ${String(error)}`);
      return undefined;
    }
  }

  /** Something in git's folder may have changed. */
  hint(): void {
    this.#soon.request();
  }

  /** Everything that was seen is recorded. */
  async idle(): Promise<void> {
    await this.check();
    await this.#recording.idle();
  }

  /** Compares, and tells the attributor; what is recorded follows. Costs two small reads a repository when nothing has moved. */
  check(): Promise<void> {
    return this.#queue.run(async () => {
      for (const followed of this.#followed.values())
        try {
          await this.#checkOne(followed);
        } catch (error) {
          this.#options.onTrace(`Git could not be asked in ${followed.repository.folder}: ${String(error)}`);
        }
    });
  }

  dispose(): void {
    this.#disposables.dispose();
    this.#followed.clear();
  }

  async #checkOne(followed: Followed): Promise<void> {
    const { repository } = followed;
    const before = followed.head;
    const head = await repository.head();
    if (head.commit === before.commit && head.branch === before.branch) return;
    const { moves, size } = await repository.moves(followed.reflogBytes);
    const since = followed.checkedAt;
    // Set first: what fails below is told in the trace once, not at every look again.
    followed.head = head;
    followed.reflogBytes = size;
    followed.checkedAt = this.#options.clock.now();
    await this.#tellAttributor(followed, before, head, moves);
    void this.#recording
      .run(async () => {
        if (head.branch !== before.branch) await this.#recordBranch(followed, before, head);
        if (head.commit === before.commit || head.commit === undefined) return;
        await (moves.length > 0 ? this.#recordMoves(followed, before, head, moves) : this.#recordUntold(followed, before, head, since));
      })
      .catch((error: unknown) => this.#options.onTrace(`What git did in ${repository.folder} could not be recorded: ${String(error)}`));
    this.#options.onMoved();
  }

  /** Which contents came from commits, before anything is recorded: the files that changed are waiting for it. */
  async #tellAttributor(followed: Followed, before: GitHead, head: GitHead, moves: readonly GitMove[]): Promise<void> {
    if (head.commit === undefined || head.commit === before.commit) return;
    // A commit takes up what lies on disk; it writes nothing there.
    if (moves.length > 0 && moves.every(isCommit)) return;
    const changes = await followed.repository.changes(before.commit, head.commit);
    this.#options.attributor.gitMoved(new Map(changes.map(({ path, after }) => [followed.toPath(path), after])), this.#options.clock.now());
  }

  async #recordBranch({ name }: Followed, before: GitHead, head: GitHead): Promise<void> {
    await this.#options.journal.record({
      kind: 'git.branched',
      by: this.#author(this.#options.clock.now()),
      ...(name === undefined ? {} : { folder: name }),
      ...(before.branch === undefined ? {} : { from: before.branch }),
      ...(head.branch === undefined ? {} : { to: head.branch }),
      ...(head.commit === undefined ? {} : { head: head.commit }),
    });
  }

  async #recordMoves(followed: Followed, before: GitHead, head: GitHead, moves: readonly GitMove[]): Promise<void> {
    let from = before.commit;
    let at: string | undefined;
    const told = moves.slice(-commitLimit);
    for (const move of told) {
      if (isCommit(move)) {
        if (at !== undefined && at !== from) await this.#recordMove(followed, from, at, head.branch);
        const [commit] = await followed.repository.commits(undefined, move.to, 1);
        if (commit !== undefined) await this.#recordCommit(followed, commit, head.branch, move.at * 1000);
        from = move.to;
        at = undefined;
      } else at = move.to;
    }
    if (at !== undefined && at !== from) await this.#recordMove(followed, from, at, head.branch);
  }

  /** No reflog: commits made since the last look are commits, anything else is a move. */
  async #recordUntold(followed: Followed, before: GitHead, head: GitHead, since: UnixMs): Promise<void> {
    const commits = await followed.repository.commits(before.commit, head.commit!, commitLimit);
    const own = commits.filter((commit) => commit.committedAt * 1000 >= since - 2000);
    if (own.length > 0 && own.length === commits.length)
      for (const commit of own) await this.#recordCommit(followed, commit, head.branch, commit.committedAt * 1000);
    else await this.#recordMove(followed, before.commit, head.commit!, head.branch);
  }

  async #recordCommit(
    followed: Followed,
    commit: { readonly commit: string; readonly parents: readonly string[]; readonly subject: string; readonly body: string },
    branch: string | undefined,
    at: UnixMs,
  ): Promise<void> {
    const { name } = followed;
    const { by, runs, turns } = await this.#workIn(followed, commit, at);
    await this.#options.journal.record({
      kind: 'git.committed',
      by,
      ...(by.run === undefined ? {} : { run: by.run }),
      ...(name === undefined ? {} : { folder: name }),
      commit: commit.commit,
      parents: [...commit.parents],
      ...(branch === undefined ? {} : { branch }),
      subject: commit.subject,
      ...(commit.body === '' ? {} : { body: commit.body }),
      ...(runs.length === 0 ? {} : { runs: [...runs] }),
      ...(turns.length === 0 ? {} : { turns: [...turns] }),
    });
  }

  /** Whose command made the commit, and whose changes it holds; asked again while several could have, and more may be told. */
  async #workIn(
    { repository, toPath }: Followed,
    { commit, parents }: { readonly commit: string; readonly parents: readonly string[] },
    at: UnixMs,
  ): Promise<WorkInCommit & { readonly by: Author }> {
    const { settled, work, attributor, clock } = this.#options;
    const changes = (await repository.changes(parents[0], commit)).map((change) => ({ ...change, path: toPath(change.path) }));
    const deadline = clock.now() + openMs;
    for (;;) {
      await settled();
      const by = this.#author(at, at + reflogStepMs);
      const found = await work.in(changes);
      const leftMs = deadline - clock.now();
      if (leftMs <= 0 || !attributor.isAgentAtWork() || !(found.isOpen || by.others !== undefined)) return { ...found, by };
      await new Promise((resolve) => setTimeout(resolve, Math.min(leftMs, 200)));
    }
  }

  async #recordMove({ name }: Followed, from: string | undefined, to: string, branch: string | undefined): Promise<void> {
    await this.#options.journal.record({
      kind: 'git.moved',
      by: this.#author(this.#options.clock.now()),
      ...(name === undefined ? {} : { folder: name }),
      ...(from === undefined ? {} : { from }),
      to,
      ...(branch === undefined ? {} : { branch }),
    });
  }

  /** Whose command ran git, where only one did; else git itself. */
  #author(earliest: UnixMs, latest = earliest): Author {
    const { by } = this.#options.attributor.whoIsAtWork({ earliest, latest });
    return by.actor === 'unknown' ? { actor: 'git', how: 'git', ...(by.others === undefined ? {} : { others: by.others }) } : by;
  }

  #watch(gitFolder: string): void {
    for (const folder of [gitFolder, join(gitFolder, 'logs')])
      try {
        const watcher = fs.watch(folder, { persistent: false }, (_, name) => {
          if (name === null || name === 'HEAD' || name === 'packed-refs' || name === 'logs') this.hint();
        });
        // Gone, or no watches left: the looks at each batch and command go on.
        watcher.on('error', () => watcher.close());
        this.#disposables.add(toDisposable(() => watcher.close()));
      } catch {
        // The same.
      }
  }
}

function isCommit({ message }: GitMove): boolean {
  return /^(?:commit|cherry-pick|revert|am)\b/.test(message);
}
