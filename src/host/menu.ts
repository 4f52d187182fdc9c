import * as vscode from 'vscode';
import type { Outcome } from '../protocol/messages.ts';
import type { Deck } from './deck.ts';
import { done, turnedDown } from './outcome.ts';
import type { Choice, Prompts } from './prompts.ts';
import { recordingNotes } from './recordingNotes.ts';
import { headerOf } from './sessionFacts.ts';

/** The status bar item's menu: what makes sense in the present state, the likeliest first. */
export async function showMenu(deck: Deck, prompts: Prompts): Promise<Outcome> {
  const { t } = vscode.l10n;
  const header = headerOf(deck);
  const item = (command: string, icon: string, label: string, description?: string): Choice<string> => ({
    value: `tapedeck.${command}`,
    icon,
    label,
    ...(description === undefined ? {} : { description }),
  });
  const isOpen = header.session !== undefined && header.endedAt === undefined;
  const canRecord = deck.recorder !== undefined;
  const choices: Choice<string>[] = [];
  if (header.state === 'noFolder')
    choices.push({ value: 'workbench.action.files.openFolder', icon: 'folder-opened', label: t('Open Folder…') });
  if (header.state === 'untrusted')
    choices.push({ value: 'workbench.trust.manage', icon: 'workspace-untrusted', label: t('Manage Workspace Trust') });
  if (deck.mode === 'failed') choices.push(item('start', 'refresh', t('Try Again')));
  choices.push(item('focus', 'eye', t('Show Timeline')));
  if (header.session !== undefined) choices.push(item('copyResume', 'clippy', t('Copy Resume Prompt')));
  if (canRecord) {
    if (isOpen) choices.push(item('checkpoint', 'flag', t('Checkpoint…')));
    choices.push(
      item('decide', 'lightbulb', t('Log Decision…')),
      item('block', 'error', t('Log Blocker…')),
      item('note', 'note', t('Add Note…')),
    );
    if (header.session !== undefined) choices.push(item('rewind', 'history', t('Rewind to…')));
    if (header.undoableRewind !== undefined) choices.push(item('undoRewind', 'discard', t('Undo Rewind')));
    if (header.state === 'recording') choices.push(item('pause', 'debug-pause', t('Pause Recording')));
    if (header.state === 'paused') choices.push(item('continue', 'record', t('Resume Recording')));
    choices.push(isOpen ? item('end', 'debug-stop', t('End Session')) : item('start', 'record', t('Start Session')));
  }
  if (deck.hasHistory) choices.push(item('search', 'search', t('Search the Log…')));
  if (deck.hasHistory) choices.push(item('openSession', 'list-unordered', t('Open Session…')));
  if (canRecord) {
    choices.push(item('findPast', 'comment-discussion', t('Find Past Agent Session…')));
    if (!deck.hasHistory) choices.push(item('importPast', 'cloud-download', t('Import Past Sessions…')));
  }
  const status = deck.recorder?.status();
  for (const { kind, text } of status === undefined ? [] : recordingNotes(status))
    choices.push(
      kind === 'policy'
        ? { value: 'workbench.action.openSettings tapedeck.recordPolicy', icon: 'filter', label: text }
        : item('showOutput', 'question', text),
    );
  choices.push(item('showOutput', 'output', t('Show Output')));
  const picked = await prompts.pick(header.label === undefined ? 'Tapedeck' : `Tapedeck: ${header.label}`, choices, header.reason);
  if (picked === undefined) return turnedDown;
  const [command = '', ...words] = picked.split(' ');
  await vscode.commands.executeCommand(command, ...words);
  return done;
}
