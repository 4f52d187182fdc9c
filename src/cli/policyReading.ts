import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { parseLooseJson } from '../core/looseJson.ts';
import { readRecordPolicy, type RecordPolicy } from '../core/recordPolicy.ts';
import { editorUserFolders } from '../core/transcripts/editorFolders.ts';
import { whyNot } from '../services/transcriptListing.ts';
import { CliError } from './cliError.ts';
import type { CommandRun } from './command.ts';
import { agentEnvironment } from './sessionRebuilding.ts';
import type { Workspace } from './workspace.ts';

/** Says that an option names the rules. */
export const policyOption = [
  '--policy <file>',
  'which agents’ runs are recorded, instead of tapedeck.recordPolicy in the editors’ settings',
] as const;

/** Nobody’s settings are longer. */
const maxSettingsBytes = 8 << 20;
const settingName = 'tapedeck.recordPolicy';

/**
 * The value of the setting `tapedeck.recordPolicy` as an editor in that workspace would know it: the rules of the user's
 * settings, of every editor of VS Code's kin on this machine, before those of the folder's `.vscode/settings.json`. With
 * `file`, the rules in it alone: a list of them, or such settings. Errs on the side of not recording: settings that name the
 * policy and cannot be read deny everything, and are told. Throws CliError for a `file` that cannot be used.
 */
export async function readPolicySetting(run: CommandRun, workspace: Workspace, file: string | undefined): Promise<unknown> {
  if (file !== undefined) return namedRules(path.resolve(run.process.cwd, file));
  const told: unknown[] = [];
  for (const place of settingsFiles(run, workspace)) {
    const value = await readSetting(place).catch((error: unknown) => {
      run.output.note(
        `${place} cannot be read (${reasonOf(error)}), so nothing of agents is recorded. Mend it, or name a file of rules with --policy`,
      );
      return unreadable;
    });
    if (value !== undefined) told.push(value);
  }
  if (told.length === 0) return undefined;
  return told.every(Array.isArray) ? told.flat() : told.find((value) => !Array.isArray(value));
}

/** The same as a policy, with what is wrong with it told. */
export async function readPolicy(run: CommandRun, workspace: Workspace, file?: string): Promise<RecordPolicy> {
  const value = await readPolicySetting(run, workspace, file);
  const { policy, problems } = readRecordPolicy(value);
  if (problems.length > 0 && value !== unreadable) run.output.note(`${file ?? settingName}: ${problems.join('; ')}`);
  return policy;
}

/** No list, so that it denies everything. */
const unreadable = 'unreadable';

function settingsFiles(run: CommandRun, workspace: Workspace): readonly string[] {
  const users = editorUserFolders(agentEnvironment(run));
  return [
    ...users.flatMap((folder) => [path.join(folder, 'settings.json'), path.join(folder, '..', 'Machine', 'settings.json')]),
    path.join(workspace.folder, '.vscode', 'settings.json'),
  ];
}

async function readSetting(file: string): Promise<unknown> {
  const text = await readText(file).catch((error: unknown) => {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  });
  // Broken settings of somebody who has no rules are no reason to record nothing.
  return text === undefined || !text.includes('recordPolicy') ? undefined : settingIn(parseLooseJson(text));
}

function settingIn(settings: unknown): unknown {
  if (typeof settings !== 'object' || settings === null) return undefined;
  const { [settingName]: flat, tapedeck } = settings as { [settingName]?: unknown; tapedeck?: { recordPolicy?: unknown } };
  return flat ?? (typeof tapedeck === 'object' && tapedeck !== null ? tapedeck.recordPolicy : undefined);
}

async function namedRules(file: string): Promise<unknown> {
  const told = await readText(file)
    .then(parseLooseJson)
    .catch((error: unknown) => {
      const why = reasonOf(error);
      throw new CliError(1, 'no-policy', why === 'ENOENT' ? `There is no ${file}` : `${file} cannot be read: ${why}`);
    });
  const value = Array.isArray(told) ? told : settingIn(told);
  const { problems } = readRecordPolicy(value);
  if (value === undefined) throw new CliError(1, 'no-policy', `${file} holds no list of rules, and no ${settingName}`);
  if (problems.length > 0) throw new CliError(1, 'no-policy', `${file}: ${problems.join('; ')}`);
  return value;
}

async function readText(file: string): Promise<string> {
  const stats = await stat(file);
  if (!stats.isFile() || stats.size > maxSettingsBytes) throw new Error('it is no file of settings');
  return readFile(file, 'utf8');
}

/** Of a text the words of a parser may quote what stands there. */
const reasonOf = (error: unknown): string => (error instanceof SyntaxError ? 'it is no JSON' : whyNot(error));
