import type { ReaderTools } from './adapter.ts';
import { resolveToldPath } from './toldPath.ts';

/**
 * Where a chat of Gemini CLI was at work. The chats of a folder lie together below a project, which is a word that a file
 * beside them explains, or the SHA-256 of the folder, as the header tells it too; else the chat's own words help.
 */
export function folderOfProject(project: string, hash: string | undefined, tools: ReaderTools): string | undefined {
  const told = resolveToldPath(tools.beside?.(`${project}/.project_root`)?.trim(), undefined);
  if (told !== undefined) return told;
  const hashes = new Set([hash, project]);
  return resolveToldPath(
    tools.folders?.find((candidate) => hashes.has(tools.digest.sha256(candidate))),
    undefined,
  );
}

/** The first folder that the context names with which a chat begins. */
export function folderOfContext(text: string): string | undefined {
  const folder =
    /^ *- \*\*Workspace Directories:\*\*\s*\n\s*- (.+)$/m.exec(text)?.[1] ?? /current working directory: (.+)$/m.exec(text)?.[1];
  return resolveToldPath(folder?.trim(), undefined);
}

/** `/home/dev/p` of `docs/a.md` and `… file: /home/dev/p/docs/a.md.` */
export function folderOfAnswer(relative: string | undefined, text: string): string | undefined {
  if (relative === undefined || relative === '' || resolveToldPath(relative, undefined) !== undefined) return undefined;
  const at = text.slice(0, 4096).indexOf(relative);
  if (at < 2 || !/[\\/]/.test(text[at - 1]!)) return undefined;
  const from = Math.max(text.lastIndexOf(': ', at) + 2, text.lastIndexOf("'", at) + 1);
  return resolveToldPath(text.slice(from, at - 1), undefined);
}
