import fc from 'fast-check';
import { expect, it } from 'vitest';
import { emptyState, foldEvent } from '../../src/core/fold.ts';
import { lastGreen } from '../../src/core/lastGreen.ts';
import { changesProgress, milestones, planProgress } from '../../src/core/progress.ts';
import { mixedTape } from './mixedTape.ts';

it('[V63] whatever changes the plans, the milestones or the last green is an event for which the page is told of them anew', () => {
  fc.assert(
    fc.property(mixedTape, (events) => {
      const state = emptyState();
      const told = (): string =>
        JSON.stringify([
          milestones(state).map(({ kind, mark, text }) => [kind, mark.w, mark.n, text]),
          planProgress(state).items.map(({ content, status }) => [content, status]),
          lastGreen(state)?.mark.n,
        ]);
      let before = told();
      for (const event of events) {
        foldEvent(state, event);
        const after = told();
        if (after !== before) expect(changesProgress(event.kind), event.kind).toBe(true);
        before = after;
      }
    }),
  );
});
