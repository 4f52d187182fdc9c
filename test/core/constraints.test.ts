import { expect, it } from 'vitest';
import { constraintsIn } from '../../src/core/constraints.ts';
import { foldAll } from '../../src/core/fold.ts';
import { buildResumePrompt } from '../../src/core/resumePrompt.ts';
import { EventTape } from './eventTape.ts';

it('[D44] finds the sentences that say what must be so, as they stand', () => {
  expect(
    constraintsIn(
      'Add a limiter to the API. Never log the client address.\n- Keep the public names as they are\n\nCan you avoid a new dependency?\n```\nif (x) never();\n```',
    ),
  ).toEqual(['Never log the client address.', 'Keep the public names as they are']);
  expect(constraintsIn('Das darf nicht länger als eine Sekunde dauern. Danke.')).toEqual([
    'Das darf nicht länger als eine Sekunde dauern.',
  ]);
  expect(constraintsIn('必须保持向后兼容。其他的你来决定。')).toEqual(['必须保持向后兼容。']);
  expect(constraintsIn('> you must not\n| only | a table |\nat always (file.ts:1)')).toEqual([]);
  expect(constraintsIn(`must ${'x'.repeat(500)}`)).toEqual([]);
});

it('[D44] keeps them over any number of later prompts, once, and not those that were rewound', () => {
  const t = new EventTape().start();
  t.prompt('Write the exporter.');
  const target = t.prompt(
    'Use one file per day. Never write outside of the data folder, also not for temporary files, whatever the reason is.',
  );
  for (let index = 0; index < 120; index++) t.prompt(`Go on with part ${index} of it`);
  t.prompt('Never write outside of the data folder, also not for temporary files, whatever the reason is.');
  const prompt = (events: typeof t.events) =>
    buildResumePrompt(foldAll(events), { now: Date.parse('2026-01-01T12:00:00.000Z'), size: 'short' });
  expect(prompt(t.events).text).toContain('Never write outside of the data folder, also not for temporary files, whatever the reason is.');
  expect(foldAll(t.events).constraints).toHaveLength(1);
  const early = t.events.slice(0, 122);
  expect(prompt(early).sections.find(({ id }) => id === 'constraints')?.items[0]?.events).toEqual([`${target.w}.${target.n}`]);
  const rewound = new EventTape().start();
  const before = rewound.prompt('Write the exporter.');
  rewound.prompt('It must be a single file and nothing else, so never split it, not even for the tests of the other people here, please.');
  rewound.change('a', undefined, 'x');
  rewound.rewind('rw', before);
  expect(prompt(rewound.events).sections.some(({ id }) => id === 'constraints')).toBe(false);
});
