// The recorded session that the demo plays: what was asked, said, run and edited, in order. The first attempt is wrong
// on purpose, so that a failing test and its repair can be seen.

/**
 * @typedef {{ kind: "prompt", text: string }
 *   | { kind: "say", text: string }
 *   | { kind: "plan", steps: readonly (readonly [step: string, status: "completed" | "in_progress" | "pending"])[] }
 *   | { kind: "run", command: string }
 *   | { kind: "edit", file: string, replace: readonly (readonly [before: string, after: string])[] }
 *   | { kind: "end" }} RecordedStep `end` ends the turn
 */

const isWindows = process.platform === 'win32';
const show = isWindows ? 'type' : 'cat';
const drop = isWindows ? 'del notes\\scratch.txt' : 'rm notes/scratch.txt';

/** @type {readonly RecordedStep[]} */
export const recording = [
  { kind: 'prompt', text: 'Add a --json flag to the list, with a test. Keep the plain output as it is.' },
  { kind: 'say', text: 'I look at how the list is printed first.' },
  { kind: 'run', command: `${show} ${isWindows ? 'src\\list.mjs' : 'src/list.mjs'}` },
  {
    kind: 'plan',
    steps: [
      ['Read how the list is printed', 'completed'],
      ['Write the list as JSON', 'in_progress'],
      ['Test it', 'pending'],
    ],
  },
  {
    kind: 'edit',
    file: 'src/list.mjs',
    replace: [
      [
        '/** One line a tea. */',
        '/** The list for programs: minutes, as people say them. */\nexport function jsonList(teas) {\n  return JSON.stringify(teas.map(({ name, seconds }) => ({ name, minutes: seconds })));\n}\n\n/** One line a tea. */',
      ],
    ],
  },
  {
    kind: 'edit',
    file: 'test/list.test.mjs',
    replace: [
      ["import { plainList } from '../src/list.mjs';", "import { jsonList, plainList } from '../src/list.mjs';"],
      [
        "'Sencha  1.5 min');\n});\n",
        "'Sencha  1.5 min');\n});\n\ntest('a JSON list carries minutes', () => {\n  assert.deepEqual(JSON.parse(jsonList([{ name: 'Sencha', seconds: 90 }])), [{ name: 'Sencha', minutes: 1.5 }]);\n});\n",
      ],
    ],
  },
  { kind: 'run', command: 'node --test' },
  { kind: 'say', text: 'The test is right: I handed out seconds under the name of minutes.' },
  { kind: 'edit', file: 'src/list.mjs', replace: [['minutes: seconds }', 'minutes: seconds / 60 }']] },
  {
    kind: 'edit',
    file: 'src/cli.mjs',
    replace: [
      ['import { plainList }', 'import { jsonList, plainList }'],
      ['console.log(plainList(teas));', "console.log(process.argv.includes('--json') ? jsonList(teas) : plainList(teas));"],
    ],
  },
  { kind: 'run', command: 'node --test' },
  {
    kind: 'plan',
    steps: [
      ['Read how the list is printed', 'completed'],
      ['Write the list as JSON', 'completed'],
      ['Test it', 'completed'],
    ],
  },
  { kind: 'say', text: 'The list takes --json now and both tests pass. The plain output is as it was.' },
  { kind: 'end' },
  { kind: 'prompt', text: 'Tidy up: run the formatter, drop the scratch notes, and mention the flag in the README.' },
  { kind: 'run', command: 'node tools/format.mjs' },
  { kind: 'run', command: drop },
  {
    kind: 'edit',
    file: 'README.md',
    replace: [['    node src/cli.mjs list\n', '    node src/cli.mjs list\n    node src/cli.mjs list --json\n']],
  },
  { kind: 'run', command: 'node src/cli.mjs list --json' },
  { kind: 'say', text: 'Formatted, the notes are gone, and the README names the flag.' },
  { kind: 'end' },
];

/** What the person does in a terminal of their own when the agent has ended. */
export const afterwards = ['git status --short', 'npm test --silent', 'git add -A', 'git commit -q -m "List teas as JSON"'];
