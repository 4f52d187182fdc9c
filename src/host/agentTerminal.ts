import { access } from 'node:fs/promises';
import path from 'node:path';
import * as vscode from 'vscode';
import { launchableAgents, launchLine, shellKind } from '../core/agentLaunch.ts';
import { displayName } from '../core/timelineWords.ts';
import type { SessionId } from '../model/ids.ts';
import type { SessionState } from '../model/sessionState.ts';
import type { Outcome } from '../protocol/messages.ts';
import type { TapedeckLayout } from '../store/layout.ts';
import { replaceFile } from '../store/replaceFile.ts';
import { done, Refusal, turnedDown } from './outcome.ts';
import type { Prompts } from './prompts.ts';

/** Agents to hand a prompt to: those at work in the session first. */
export function agentChoices(state: SessionState): { readonly id: string; readonly name: string }[] {
  const seen = [...state.runs.values()].map(({ agent }) => agent).filter((agent) => agent !== undefined);
  const known = launchableAgents.map(({ id }) => id);
  return [...new Set([...seen.toReversed().filter((id) => known.includes(id)), ...known])].map((id) => ({ id, name: displayName(id) }));
}

/**
 * Starts an agent in a terminal of its own with the prompt. The prompt goes into a file beside the log; typed is one line of our
 * own making (core/agentLaunch), by shell integration where the terminal has it.
 */
export async function openAgentWith(options: {
  readonly text: string;
  readonly state: SessionState;
  readonly session: SessionId;
  readonly layout: TapedeckLayout;
  readonly agent: string | undefined;
  readonly prompts: Prompts;
}): Promise<Outcome> {
  const { t } = vscode.l10n;
  const { prompts, layout } = options;
  const choices = agentChoices(options.state);
  const installed = await installedPrograms(launchableAgents.map(({ words }) => words[0] ?? ''));
  const isInstalled = (id: string): boolean => installed.has(launchableAgents.find((agent) => agent.id === id)?.words[0] ?? '');
  const id =
    options.agent ??
    (await prompts.pick(
      t('Open Agent with the Resume Prompt'),
      [...choices]
        .sort((a, b) => Number(isInstalled(b.id)) - Number(isInstalled(a.id)))
        .map((choice) => ({
          label: choice.name,
          icon: 'terminal',
          value: choice.id,
          ...(isInstalled(choice.id) ? {} : { description: t('not found on the path') }),
        })),
      t('It starts in a terminal and reads the prompt from a file.'),
    ));
  const agent = launchableAgents.find((one) => one.id === id);
  if (agent === undefined) return turnedDown;
  const file = path.join(layout.reports, 'resume', `${options.session}.md`);
  // Some agents take a first line that begins with # or / for a command of their own.
  const text = `Take up the work that is described here.\n\n${options.text}`;
  await replaceFile(file, text);
  const terminal = vscode.window.createTerminal({ name: displayName(agent.id) });
  terminal.show();
  const integration = await whenIntegrated(terminal);
  const shell = shellKind(terminal.state.shell ?? vscode.env.shell, process.platform === 'win32');
  const line = launchLine(agent, file, shell, Buffer.byteLength(text));
  if (line === undefined) {
    await vscode.env.clipboard.writeText(options.text);
    throw new Refusal(
      t(
        '“{0}” can’t be named safely in this terminal’s shell. The prompt was copied: start {1} and paste it.',
        file,
        displayName(agent.id),
      ),
    );
  }
  if (integration === undefined) terminal.sendText(line, true);
  else integration.executeCommand(line);
  return done;
}

const integrationMs = 3000;

/** What tells the shell's commands, when it comes within a moment; some shells have none. */
function whenIntegrated(terminal: vscode.Terminal): Promise<vscode.TerminalShellIntegration | undefined> {
  if (terminal.shellIntegration !== undefined) return Promise.resolve(terminal.shellIntegration);
  return new Promise((resolve) => {
    const listening = vscode.window.onDidChangeTerminalShellIntegration((event) => {
      if (event.terminal === terminal) finish(event.shellIntegration);
    });
    const timer = setTimeout(() => finish(undefined), integrationMs);
    const finish = (found: vscode.TerminalShellIntegration | undefined): void => {
      clearTimeout(timer);
      listening.dispose();
      resolve(found);
    };
  });
}

/** Which of these programs lie on the path. A terminal may have a longer path than we, so this is a hint and no refusal. */
async function installedPrograms(names: readonly string[]): Promise<ReadonlySet<string>> {
  const folders = (process.env['PATH'] ?? process.env['Path'] ?? '').split(path.delimiter).filter((folder) => folder !== '');
  const endings = process.platform === 'win32' ? ['.exe', '.cmd', '.bat', '.ps1'] : [''];
  const found = new Set<string>();
  await Promise.all(
    names.flatMap((name) =>
      folders.flatMap((folder) =>
        endings.map((ending) =>
          access(path.join(folder, `${name}${ending}`)).then(
            () => found.add(name),
            () => undefined,
          ),
        ),
      ),
    ),
  );
  return found;
}
