import { expect, test } from 'vitest';
import { readUserText } from '../../../src/core/transcripts/claudePrompt.ts';

test.each([
  ['Fix it', { kind: 'prompt', text: 'Fix it', origin: undefined }],
  ['<system-reminder>x</system-reminder>\nFix it', { kind: 'prompt', text: 'Fix it', origin: undefined }],
  ['<ide_selection>a</ide_selection><ide_opened_file>b</ide_opened_file>', { kind: 'injected' }],
  ['<system-reminder>never closed', { kind: 'prompt', text: '<system-reminder>never closed', origin: undefined }],
  ['Implement the following plan:\n1.', { kind: 'prompt', text: 'Implement the following plan:\n1.', origin: 'plan_accept' }],
  [
    '<command-name>/compact</command-name>\n<command-message>compact</command-message><command-args> keep x </command-args>',
    { kind: 'slash', text: '/compact keep x', isLocal: true },
  ],
  ['<command-message>review</command-message><command-name>/review</command-name>', { kind: 'slash', text: '/review', isLocal: false }],
  ['<bash-input>ls -la</bash-input>', { kind: 'bang', command: 'ls -la' }],
  ['<bash-stdout>a</bash-stdout><bash-stderr>b</bash-stderr>', { kind: 'bangOutput', output: 'a\nb' }],
  ['<local-command-stdout>x</local-command-stdout>', { kind: 'injected' }],
  ['[Request interrupted by user for tool use]', { kind: 'interrupted' }],
  ['This session is being continued from a previous conversation that ran out', { kind: 'injected' }],
  ['<teammate-message from="b">hello</teammate-message>', { kind: 'message', text: '<teammate-message from="b">hello</teammate-message>' }],
  [
    '<task-notification><tool-use-id>t1</tool-use-id><status>failed</status><summary>Job failed (exit code 7)</summary></task-notification>',
    { kind: 'notification', call: 't1', status: 'failed', exitCode: 7 },
  ],
  ['<b>bold</b> words of a person', { kind: 'prompt', text: '<b>bold</b> words of a person', origin: undefined }],
])('[A11] reads %j', (text, said) => {
  expect(readUserText(text)).toEqual(said);
});

test('[A6] stays quick with a text made to be slow', () => {
  const started = performance.now();
  readUserText('<system-reminder>'.repeat(200_000));
  readUserText(`${'<system-reminder></system-reminder>'.repeat(50_000)}x`);
  expect(performance.now() - started).toBeLessThan(1000);
});
