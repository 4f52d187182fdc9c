import * as vscode from 'vscode';

/** The user's settings, read afresh where they are used, so that a change needs no reload. */
export interface Settings {
  readonly recording: 'automatic' | 'ask' | 'manual';
  readonly directory: string;
  readonly exclude: readonly string[];
  readonly maxFileSizeKB: number;
  readonly baselineBudgetMB: number;
  readonly idleHours: number;
  readonly agents: readonly string[];
  readonly keepsTerminalOutput: boolean;
  readonly resumeTokenBudget: number;
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
  const recording = settings.get<unknown>('recording');
  const directory = settings.get<unknown>('directory');
  return {
    recording: recording === 'ask' || recording === 'manual' ? recording : 'automatic',
    directory: typeof directory === 'string' && directory.trim() !== '' ? directory.trim() : '.tapedeck',
    exclude: texts('exclude'),
    maxFileSizeKB: number('maxFileSizeKB', 5120),
    baselineBudgetMB: number('baselineBudgetMB', 200),
    idleHours: number('idleHours', 4),
    agents: texts('agents'),
    keepsTerminalOutput: settings.get<unknown>('terminal.output') !== false,
    resumeTokenBudget: number('resume.tokenBudget', 2000),
  };
}
