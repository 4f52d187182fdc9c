import { realpath, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { isSameProject, type PlaceKind } from '../core/projectIdentity.ts';
import { prepareRoot, type TapedeckLayout } from '../store/layout.ts';
import { readProjectCard, writeProjectCard, type ProjectCard } from '../store/projectCard.ts';
import { findRepository, holdsCommit, rootCommitsOf, type RepositoryPlace } from '../store/repositoryPlace.ts';
import { createWriterId } from '../store/writerClaim.ts';
import { ToldPathMap, type NamedFolder } from './toldPathMap.ts';
import type { SessionFolder } from './sessions.ts';

export interface ProjectPlacesOptions {
  readonly layout: TapedeckLayout;
  /** Of the workspace, the first one first. */
  readonly folders: readonly SessionFolder[];
  readonly platform: string;
  /** Git may be run, and where this folder lies may be noted in its log's folder. */
  readonly isTrusted: boolean;
  readonly now: () => number;
  /** Former places of the first folder that the settings name. */
  readonly linked?: readonly string[];
  readonly host?: string;
}

/** Where a run was at work, seen from the workspace, and where it can be gone on with. */
export interface RunPlace {
  readonly kind: PlaceKind;
  /** Absolute and there: the folder in which the agent is to be started. */
  readonly folder: string;
}

const maxPlaces = 32;

/**
 * Tells of any folder that an agent names whether it is this project: one of the workspace's folders, a place at which the
 * first of them lay before (noted in its own log's folder, or linked by hand), the same repository, another clone, or the same
 * folder as a container names it. What is none of these is another project; nothing is guessed.
 */
export class ProjectPlaces {
  readonly #options: ProjectPlacesOptions;
  readonly #card: ProjectCard | undefined;
  readonly #here: ToldPathMap;
  readonly #moved: ToldPathMap;
  readonly #repository: RepositoryPlace | undefined;
  readonly #known = new Map<string, Promise<RunPlace | undefined>>();
  #roots: Promise<readonly string[]> | undefined;
  readonly #repositories = new Map<string, Promise<PlaceKind | undefined>>();
  /** The workspace's folders, the first with its former places. */
  readonly folders: readonly NamedFolder[];

  private constructor(
    options: ProjectPlacesOptions,
    parts: {
      card: ProjectCard | undefined;
      here: ToldPathMap;
      moved: ToldPathMap;
      repository: RepositoryPlace | undefined;
      folders: readonly NamedFolder[];
    },
  ) {
    this.#options = options;
    this.#card = parts.card;
    this.#here = parts.here;
    this.#moved = parts.moved;
    this.#repository = parts.repository;
    this.folders = parts.folders;
  }

  /** Looks up what is known of the project, and notes where it lies now where its log's folder is there. Never rejects. */
  static async open(options: ProjectPlacesOptions): Promise<ProjectPlaces> {
    const { folders, platform, linked = [] } = options;
    const first = folders[0];
    const repository = first === undefined ? undefined : await findRepository(first.path);
    const card = await noteWhere(options, repository);
    const former: string[] = [];
    for (const path of [...(card?.places ?? []).map((place) => place.path), ...(card?.linked ?? []), ...linked]) {
      if (path === first?.path || former.includes(path)) continue;
      // A folder that is still there with a log of the same project is the original of a copy, and keeps what was done there.
      const isThere = await isFolder(path);
      if (isThere && !(card?.linked ?? []).includes(path) && !linked.includes(path)) continue;
      former.push(path);
    }
    const named = folders.map((folder, index): NamedFolder => (index === 0 ? { ...folder, former } : folder));
    return new ProjectPlaces(options, {
      card,
      here: await ToldPathMap.open(folders, platform),
      moved: await ToldPathMap.open(first === undefined ? [] : former.map((path) => ({ name: first.name, path })), platform),
      repository,
      folders: named,
    });
  }

  /** Where a run with that working folder belongs; undefined for another project's. */
  placeOf(cwd: string): Promise<RunPlace | undefined> {
    let known = this.#known.get(cwd);
    if (known === undefined) this.#known.set(cwd, (known = this.#find(cwd)));
    return known;
  }

  async #find(cwd: string): Promise<RunPlace | undefined> {
    const first = this.#options.folders[0];
    if (first === undefined) return undefined;
    const real = await realpath(cwd).catch(() => cwd);
    if ((await this.#here.contains(cwd)) || (real !== cwd && (await this.#here.contains(real))))
      return { kind: 'here', folder: (await nearestFolder(cwd)) ?? first.path };
    if (await this.#moved.contains(cwd)) {
      const below = this.folders[0]!.former!.map((former) => partBelow(former, cwd)).find((relative) => relative !== undefined);
      return { kind: 'moved', folder: await nearestBelow(first.path, below ?? '') };
    }
    const container = containerPath(cwd, first.name);
    if (await isFolder(cwd)) {
      const kind = await this.#kindOfRepository(cwd);
      return kind === undefined ? undefined : { kind, folder: cwd };
    }
    return container === undefined ? undefined : { kind: 'container', folder: await nearestBelow(first.path, container) };
  }

  async #kindOfRepository(cwd: string): Promise<PlaceKind | undefined> {
    const own = this.#repository;
    if (own === undefined) return undefined;
    const other = await findRepository(cwd);
    if (other === undefined) return undefined;
    if (other.commonFolder === own.commonFolder) return 'repository';
    let kind = this.#repositories.get(other.commonFolder);
    if (kind === undefined) this.#repositories.set(other.commonFolder, (kind = this.#compare(own, other)));
    return kind;
  }

  async #compare(own: RepositoryPlace, other: RepositoryPlace): Promise<PlaceKind | undefined> {
    if (isSameProject({ rootCommits: [], remotes: own.remotes }, { rootCommits: [], remotes: other.remotes })) return 'clone';
    // Two that each name a remote, and another one, are two projects or forks; only what names none is looked into.
    if ((own.remotes.length > 0 && other.remotes.length > 0) || !this.#options.isTrusted) return undefined;
    const known = this.#card?.rootCommits ?? [];
    this.#roots ??= known.length > 0 ? Promise.resolve(known) : rootCommitsOf(own.top);
    const roots = await this.#roots;
    return roots.length > 0 && (await holdsCommit(other.top, roots)) ? 'clone' : undefined;
  }
}

/** Says by hand that a folder which is no more, or lies on another machine, was this one. Rejects when that cannot be noted. */
export async function linkPlace(options: ProjectPlacesOptions, path: string, isLinked = true): Promise<ProjectCard> {
  await prepareRoot(options.layout);
  const card = (await readProjectCard(options.layout)) ?? newCard();
  const linked = card.linked.filter((other) => other !== path);
  const next = { ...card, linked: isLinked ? [...linked, path] : linked };
  await writeProjectCard(options.layout, next);
  return next;
}

const newCard = (): ProjectCard => ({ id: `${createWriterId()}${createWriterId()}`, rootCommits: [], remotes: [], places: [], linked: [] });

/** The card with where the folder lies now; written where that is news, and there is a folder to write it into. */
async function noteWhere(options: ProjectPlacesOptions, repository: RepositoryPlace | undefined): Promise<ProjectCard | undefined> {
  const { layout, folders, isTrusted, now, host = hostname() } = options;
  const stored = await readProjectCard(layout);
  const first = folders[0];
  if (first === undefined || !isTrusted || !(await isFolder(layout.sessions))) return stored;
  const card = stored ?? newCard();
  const last = card.places.findLast((place) => place.host === host);
  const remotes = repository?.remotes ?? card.remotes;
  const isSame = last?.path === first.path && remotes.every((remote) => card.remotes.includes(remote));
  if (stored !== undefined && isSame) return stored;
  // Finding them may take seconds in a long history, and a remote says as much.
  const isAsked = card.rootCommits.length === 0 && repository !== undefined && remotes.length === 0;
  const roots = isAsked ? await rootCommitsOf(first.path) : card.rootCommits;
  const places = card.places.filter((place) => place.path !== first.path || place.host !== host);
  const next: ProjectCard = {
    ...card,
    rootCommits: [...roots],
    remotes: [...new Set([...card.remotes, ...remotes])],
    places: [...places, { path: first.path, host, seenAt: new Date(now()).toISOString() }].slice(-maxPlaces),
  };
  // Who cannot write it knows as much, for now.
  await writeProjectCard(layout, next).catch(() => {});
  return next;
}

/** The part below the folder that a container's tools give to one of that name: `/workspaces/<name>`. */
function containerPath(cwd: string, name: string): string | undefined {
  const below = /^\/workspaces\/([^/]+)(?:\/(.*))?$/.exec(cwd);
  return below !== null && below[1]!.toLowerCase() === name.toLowerCase() ? (below[2] ?? '') : undefined;
}

function partBelow(folder: string, path: string): string | undefined {
  const [from, to] = [folder, path].map((text) => text.replaceAll('\\', '/').replace(/\/+$/, ''));
  if (to!.toLowerCase() === from!.toLowerCase()) return '';
  return to!.toLowerCase().startsWith(`${from!.toLowerCase()}/`) ? to!.slice(from!.length + 1) : undefined;
}

/** The deepest folder of that path below `folder` that is there. Never leaves it. */
async function nearestBelow(folder: string, relative: string): Promise<string> {
  const parts = relative.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) return folder;
  for (let count = parts.length; count > 0; count--) {
    const path = join(folder, ...parts.slice(0, count));
    if (await isFolder(path)) return path;
  }
  return folder;
}

async function nearestFolder(path: string): Promise<string | undefined> {
  return isAbsolute(path) && (await isFolder(path)) ? path : undefined;
}

async function isFolder(path: string): Promise<boolean> {
  if (!isAbsolute(path)) return false;
  return stat(path).then(
    (info) => info.isDirectory(),
    () => false,
  );
}
