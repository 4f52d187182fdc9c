import * as vscode from 'vscode';
import { knownZone, zonedTime, type ZonedTime } from '../core/zonedTime.ts';

/** The user's settings, read afresh where they are used, so that a change needs no reload. */
export interface Settings {
  readonly recording: 'automatic' | 'ask' | 'manual';
  readonly directory: string;
  readonly exclude: readonly string[];
  readonly maxFileSizeKB: number;
  readonly baselineBudgetMB: number;
  readonly maxStorageMB: number;
  readonly idleHours: number;
  readonly agents: readonly string[];
  readonly keepsTerminalOutput: boolean;
  readonly resumeTokenBudget: number;
  /** As written, the user's own rules before the workspace's: a project cannot let in what its user keeps out. */
  readonly recordPolicy: unknown;
  readonly sessionTrailer: boolean;
  /** How long before an agent deletes a transcript the user is warned; 0: never. */
  readonly retentionWarnDays: number;
  /** IANA name; undefined: the machine's own. */
  readonly timeZone: string | undefined;
  readonly marksDecisions: boolean;
  readonly reports: ReportSettings;
}

export interface ReportSettings {
  readonly isOn: boolean;
  /** Absolute or relative to the first folder; undefined: beside the log. */
  readonly directory: string | undefined;
  readonly indexRows: number;
  readonly recentSessions: number;
}

export function readSettings(scope?: vscode.Uri): Settings {
  const settings = vscode.workspace.getConfiguration('tapedeck', scope ?? null);
  const number = (key: string, fallback: number): number => {
    const value = settings.get<unknown>(key);
    return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : fallback;
  };
  const texts = (key: string): readonly string[] => {
    const value = settings.get<unknown>(key);
    return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
  };
  const text = (key: string): string | undefined => {
    const value = settings.get<unknown>(key);
    return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined;
  };
  const recording = settings.get<unknown>('recording');
  const directory = settings.get<unknown>('directory');
  return {
    recording: recording === 'ask' || recording === 'manual' ? recording : 'automatic',
    directory: typeof directory === 'string' && directory.trim() !== '' ? directory.trim() : '.tapedeck',
    exclude: texts('exclude'),
    maxFileSizeKB: number('maxFileSizeKB', 5120),
    baselineBudgetMB: number('baselineBudgetMB', 200),
    maxStorageMB: number('maxStorageMB', 2048),
    idleHours: number('idleHours', 4),
    agents: texts('agents'),
    keepsTerminalOutput: settings.get<unknown>('terminal.output') !== false,
    resumeTokenBudget: number('resume.tokenBudget', 2000),
    recordPolicy: rulesOf(settings),
    sessionTrailer: settings.get<unknown>('git.sessionTrailer') === true,
    retentionWarnDays: number('retention.warnDays', 7),
    timeZone: text('timeZone'),
    marksDecisions: settings.get<unknown>('decisions.marks') !== false,
    reports: {
      isOn: settings.get<unknown>('reports.enabled') !== false,
      directory: text('reports.directory'),
      indexRows: Math.max(1, number('reports.indexRows', 200)),
      recentSessions: Math.max(1, number('reports.recentSessions', 20)),
    },
  };
}

/** Times as documents tell them: in the time zone of the setting, else the machine's. */
export function readTimes(): ZonedTime {
  return zonedTime(knownZone(readSettings().timeZone) ?? Intl.DateTimeFormat().resolvedOptions().timeZone);
}

function rulesOf(settings: vscode.WorkspaceConfiguration): unknown {
  const { globalValue, workspaceValue, workspaceFolderValue } = settings.inspect<unknown>('recordPolicy') ?? {};
  const told = [globalValue, workspaceValue, workspaceFolderValue].filter((value) => value !== undefined && value !== null);
  return told.every(Array.isArray) ? told.flat() : told.find((value) => !Array.isArray(value));
}
