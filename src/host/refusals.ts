import * as vscode from 'vscode';
import type { Actions } from './actions.ts';
import { Refusal, turnedDown } from './outcome.ts';
import type { Prompts } from './prompts.ts';

/** These answer with more than done or not: who asked shows the refusal in the answer's place. */
const answering: ReadonlySet<string> = new Set<keyof Actions>(['resumeText', 'sessionItems']);

/** The actions as they are, but a refusal is told to the user, with a button for the next step, and counts as turned down. */
export function tellingRefusals(actions: Actions, prompts: () => Prompts): Actions {
  const telling = Object.entries(actions).map(([name, act]: [string, (...given: unknown[]) => Promise<unknown>]) => [
    name,
    answering.has(name)
      ? act
      : async (...given: unknown[]) => {
          try {
            return await act(...given);
          } catch (error) {
            if (!(error instanceof Refusal)) throw error;
            void refuse(error, prompts());
            return turnedDown;
          }
        },
  ]);
  return Object.fromEntries(telling) as Actions;
}

async function refuse({ message, next }: Refusal, prompts: Prompts): Promise<void> {
  const answer = await prompts.inform(message, ...(next === undefined ? [] : [next.title]));
  if (next !== undefined && answer === next.title) await vscode.commands.executeCommand(next.command);
}
