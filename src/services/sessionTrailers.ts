import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { SerialQueue } from '../base/serialQueue.ts';
import type { GitRepository } from '../store/gitRepository.ts';
import { installTrailerHook, nameTrailerSession, removeTrailerHook, type TrailerRefusal } from '../store/sessionTrailer.ts';

export interface SessionTrailersOptions {
  readonly isOn: boolean;
  readonly repositories: () => readonly Pick<GitRepository, 'folder' | 'gitFolder'>[];
  /** Why commits get no trailer, for people; undefined: they do. */
  readonly onTrouble: (message: string | undefined) => void;
  readonly onTrace: (message: string) => void;
}

const whyNot: Readonly<Record<TrailerRefusal, string>> = {
  'other-hook': 'There is a prepare-commit-msg hook already',
  'hooks-elsewhere': 'The hooks lie outside of git’s own folder (core.hooksPath)',
  'no-hooks': 'Git names no folder for hooks',
};

/** The session's name in the messages of commits, while the setting asks for it: see store/sessionTrailer. */
export class SessionTrailers {
  readonly #options: SessionTrailersOptions;
  readonly #queue = new SerialQueue();

  constructor(options: SessionTrailersOptions) {
    this.#options = options;
  }

  /** The session that is recorded from now on. Never rejects. */
  name(session: string | undefined): Promise<void> {
    // Asked for now: at the end they are closed before their turn comes.
    const repositories = [...this.#options.repositories()];
    return this.#queue.run(async () => {
      for (const repository of repositories)
        await this.#nameIn(repository, session).catch((error: unknown) =>
          this.#options.onTrace(`Commits in ${repository.folder} can’t be given the session’s name: ${String(error)}`),
        );
    });
  }

  async #nameIn({ folder, gitFolder }: Pick<GitRepository, 'folder' | 'gitFolder'>, session: string | undefined): Promise<void> {
    const { isOn, onTrouble } = this.#options;
    if (!isOn) {
      // Turned off since: looked for before git is asked anything.
      if (existsSync(join(gitFolder, 'hooks', 'prepare-commit-msg')) || existsSync(join(gitFolder, 'tapedeck-session')))
        await removeTrailerHook(folder);
      return;
    }
    if (session === undefined) {
      await nameTrailerSession(folder, undefined);
      return;
    }
    const refusal = await installTrailerHook(folder);
    onTrouble(
      refusal === undefined
        ? undefined
        : `${whyNot[refusal]}, so commits don’t get the session’s name. Call \`tapedeck trailer "$1"\` in your own hook, or turn tapedeck.git.sessionTrailer off.`,
    );
    if (refusal === undefined) await nameTrailerSession(folder, session);
  }
}
