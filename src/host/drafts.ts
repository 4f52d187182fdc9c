// Words that were typed into a row of boxes and then left, by Escape or because another list took the place of the box.
//
// Promise: until they are recorded or the window is closed they are offered again, each in its own box.
import type { Prompts } from './prompts.ts';

type Question = Omit<Parameters<Prompts['input']>[0], 'onType'>;

/** What was typed and not recorded yet, by form: 'decision', 'blocker'. Kept in memory alone. */
export class Drafts {
  readonly #kept = new Map<string, (string | undefined)[]>();

  /**
   * Asks one after the other, and offers what was typed there before.
   * @returns the trimmed answer to each question, or undefined when turned away or when one that is required stays empty
   */
  async ask(prompts: Pick<Prompts, 'input'>, form: string, questions: readonly Question[]): Promise<readonly string[] | undefined> {
    const typed = this.#kept.get(form) ?? [];
    this.#kept.set(form, typed);
    const answers: string[] = [];
    for (const [index, question] of questions.entries()) {
      const value = typed[index] ?? question.value;
      const answer = await prompts.input({
        ...question,
        ...(value === undefined ? {} : { value }),
        onType: (text) => {
          typed[index] = text;
        },
      });
      if (answer === undefined) return undefined;
      typed[index] = answer;
      if (question.isRequired === true && answer.trim() === '') return undefined;
      answers.push(answer.trim());
    }
    return answers;
  }

  /** What was asked for stands in the log: the next time begins with empty boxes. */
  drop(form: string): void {
    this.#kept.delete(form);
  }
}
