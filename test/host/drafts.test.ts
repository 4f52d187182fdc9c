import { describe, expect, it } from 'vitest';
import { Drafts } from '../../src/host/drafts.ts';
import type { Prompts } from '../../src/host/prompts.ts';

type Asked = Parameters<Prompts['input']>[0];

const questions = [
  { title: 'Form (1/2)', isRequired: true },
  { title: 'Form (2/2)', value: 'as it stands' },
] as const;

/** Types into one box after the other and presses Enter; what is `left` is typed, and the box closed by Escape. */
function typing(...turns: readonly ({ readonly words: string } | { readonly left: string } | 'escape')[]) {
  const rest = [...turns];
  const asked: Asked[] = [];
  const input = async (question: Asked): Promise<string | undefined> => {
    asked.push(question);
    const turn = rest.shift();
    if (turn === undefined || turn === 'escape') return undefined;
    if ('left' in turn) {
      for (let length = 1; length <= turn.left.length; length++) question.onType?.(turn.left.slice(0, length));
      return undefined;
    }
    return turn.words;
  };
  return { input, offered: (): (string | undefined)[] => asked.map(({ value }) => value) };
}

describe('a draft', () => {
  it('[V60] offers what was answered and what was still being typed when the second box was closed', async () => {
    const drafts = new Drafts();
    expect(await drafts.ask(typing({ words: 'Token bucket' }, { left: 'Simp' }), 'decision', questions)).toBeUndefined();
    const again = typing({ words: 'Token bucket ' }, { words: 'Simpler' });
    expect(await drafts.ask(again, 'decision', questions)).toEqual(['Token bucket', 'Simpler']);
    expect(again.offered()).toEqual(['Token bucket', 'Simp']);
  });

  it('[V60] stays when a box is closed without a key, and when what it was for fails', async () => {
    const drafts = new Drafts();
    await drafts.ask(typing({ words: 'Token bucket' }, { words: 'Simpler' }), 'decision', questions);
    const again = typing({ words: 'Token bucket' }, 'escape');
    await drafts.ask(again, 'decision', questions);
    const last = typing('escape');
    await drafts.ask(last, 'decision', questions);
    expect([again.offered(), last.offered()]).toEqual([['Token bucket', 'Simpler'], ['Token bucket']]);
  });

  it('[V60] is gone once it is recorded, and belongs to one form alone', async () => {
    const drafts = new Drafts();
    await drafts.ask(typing({ left: 'Token' }), 'decision', questions);
    const other = typing({ words: 'x' }, 'escape');
    await drafts.ask(other, 'blocker', questions);
    drafts.drop('decision');
    const again = typing('escape');
    await drafts.ask(again, 'decision', questions);
    expect([other.offered(), again.offered()]).toEqual([[undefined, 'as it stands'], [undefined]]);
  });

  it('[V60] takes no empty answer where one is required', async () => {
    expect(await new Drafts().ask(typing({ words: ' ' }, { words: 'x' }), 'decision', questions)).toBeUndefined();
  });
});
