/** What somebody who takes up one of the recorded sessions must know: found by reading them. All of `words` must be said. */
export interface KnownFact {
  readonly name: string;
  readonly words: readonly string[];
  /** It holds to the end of the day, whatever other agents do after it. */
  readonly isLasting?: boolean;
}

export const sessionsWithFacts: readonly { readonly place: string; readonly facts: readonly KnownFact[] }[] = [
  {
    place: 'claude/tools-and-resume',
    facts: [
      { name: 'what was asked first', words: ['Fix the bug in calc.py, add tests ✓ é 日本語'], isLasting: true },
      { name: 'what was asked last', words: ['Second prompt after resume'] },
      { name: 'what is left', words: ['- [ ] Add tests'], isLasting: true },
      { name: 'that it was begun', words: ['Add tests (was in progress)'] },
      { name: 'what is said to be done', words: ['- [x] Fix bug'] },
      { name: 'the command that failed', words: ['sys.exit(3)', 'ended with 3'] },
      { name: 'the agent’s last words', words: ['Done again.'] },
      { name: 'how to go on with the agent', words: ['claude --resume 625d02c2-b83d-4f46-acf4-05a0bb32300e'] },
      { name: 'an edit that failed', words: ['A tool of Claude Code failed', 'calc.py'] },
    ],
  },
  {
    place: 'codex/legacy-migrated',
    facts: [
      { name: 'what was asked first', words: ['Fix add, please'] },
      { name: 'what was asked last', words: ['Now rename it'] },
      { name: 'what is left', words: ['- [ ] Test it'], isLasting: true },
      { name: 'what was in progress', words: ['- [ ] Fix add (was in progress)'], isLasting: true },
      { name: 'the command that failed', words: ['exit 3', 'ended with 3'] },
      { name: 'the agent’s last words', words: ['Resumed and done.'] },
      { name: 'how to go on with the agent', words: ['codex resume 01a1fbea-15da-7840-bd1b-dca9f16b25f7'] },
    ],
  },
  {
    place: 'copilot/tools-and-todos',
    facts: [
      { name: 'what was asked first', words: ['Water the plants: fix watering.py and add a schedule'] },
      { name: 'what was asked last', words: ['Use Wednesday too'] },
      { name: 'what is left', words: ['- [ ] Add a schedule (was in progress)'], isLasting: true },
      { name: 'what is said to be done', words: ['- [x] Fix the watering'] },
      { name: 'that the tests are red', words: ['python3 -m pytest -q', 'ended with 1'], isLasting: true },
      { name: 'that the user refused a call', words: ['The user refused'], isLasting: true },
      { name: 'the agent’s last words', words: ['Watered, with a schedule for three days.'] },
      { name: 'how to check', words: ['## How to check', 'python3 -m pytest -q'] },
    ],
  },
  {
    place: 'gemini/refusal-and-rewind',
    facts: [
      { name: 'what was asked first', words: ['First prompt'] },
      { name: 'what was asked last', words: ['After the rewind'] },
      { name: 'that the user refused a call', words: ['The user refused'] },
      { name: 'the agent’s last words', words: ['Fifth answer.'] },
    ],
  },
  {
    place: 'gemini/tools-and-resume',
    facts: [
      { name: 'what was asked first', words: ['Fix the bug in calc.py, with Umlaut ä'] },
      { name: 'what was asked last', words: ['Second prompt after resume'] },
      { name: 'what is left', words: ['- [ ] Add tests (was in progress)'] },
      { name: 'the command that failed', words: ['sys.exit(3)', 'ended with 3'] },
      { name: 'the agent’s last words', words: ['Resumed.'] },
      { name: 'how to go on with the agent', words: ['gemini --resume'] },
    ],
  },
  {
    place: 'pi/tools-and-interrupt',
    facts: [
      { name: 'what was asked first', words: ['Fix the bug in calc.py, then format.'] },
      { name: 'the command that failed', words: ['sys.exit(3)', 'ended with 3'] },
      { name: 'how to go on with the agent', words: ['pi --session'] },
    ],
  },
  {
    place: 'claude/interrupt-and-rewind',
    facts: [
      { name: 'what was asked last', words: ['Write branch file'] },
      { name: 'what was asked to be looked at too', words: ['also check docs'] },
      { name: 'that the user refused a call', words: ['The user refused'] },
      { name: 'the agent’s last words', words: ['Branch done.'] },
      { name: 'how to go on with the agent', words: ['claude --resume 4ed13677-317b-4791-9678-ed142ec90cba'] },
    ],
  },
];
