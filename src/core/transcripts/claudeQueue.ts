import type { FactOrigin } from './factSink.ts';

interface QueuedText {
  readonly text: string;
  readonly origin: FactOrigin;
}

/**
 * The prompts that wait while the agent works, by Claude Code's `queue-operation` records: `enqueue`, `dequeue` (a user
 * record follows), `remove` (put into the running turn), `popAll` (taken back into the input box). Versions up to 2.1.7x
 * tell a prompt that went into the running turn by `remove` alone; later ones also by a record with the same text.
 */
export class ClaudeQueue {
  #waiting: QueuedText[] = [];
  #removed: QueuedText[] = [];
  /** Texts that came by a record of their own lately. */
  readonly #delivered: string[] = [];

  operate(operation: string | undefined, content: string | undefined, origin: FactOrigin): void {
    switch (operation) {
      case 'enqueue':
        if (this.#waiting.length < maxWaiting) this.#waiting.push({ text: content ?? '', origin });
        return;
      case 'dequeue':
        this.#waiting.shift();
        return;
      case 'remove': {
        const at =
          content === undefined
            ? 0
            : Math.max(
                0,
                this.#waiting.findIndex((entry) => entry.text === content),
              );
        const [removed] = this.#waiting.splice(at, 1);
        if (removed !== undefined && removed.text !== '') this.#removed.push(removed);
        return;
      }
      case 'popAll':
        this.#waiting = [];
        return;
      default:
    }
  }

  /** A prompt came by a record of its own. */
  delivered(text: string): void {
    this.#delivered.push(text.trim());
    if (this.#delivered.length > maxWaiting) this.#delivered.shift();
  }

  /** The prompts that went into the running turn and have no record of their own. */
  takeSteers(): readonly QueuedText[] {
    if (this.#removed.length === 0) return [];
    const steers = this.#removed.filter((entry) => !this.#delivered.includes(entry.text.trim()));
    this.#removed = [];
    return steers;
  }
}

const maxWaiting = 50;
