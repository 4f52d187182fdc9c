import { stripVTControlCharacters } from 'node:util';
import type { Digest } from '../model/digest.ts';
import type { Excerpt } from '../model/event.ts';

const headChars = 4096;
const tailChars = 12_288;
/** What may stand at the end of a piece and go on in the next. */
const sequenceLimit = 256;

/**
 * Gathers what a terminal command prints: its beginning and its end, as text. Colours, titles and cursor moves are taken
 * out, a line that was written over again and again (a progress bar) stays as its last state, and what a full-screen
 * program (the alternate screen) draws is thrown away. Memory stays bounded however much comes.
 */
export class CommandOutput {
  #head = '';
  #tail = '';
  #sizeBytes = 0;
  #isFullScreen = false;
  #carry = '';
  #isCut = false;

  write(data: string): void {
    this.#sizeBytes += Buffer.byteLength(data);
    let text = this.#carry + data;
    this.#carry = '';
    // A sequence may be cut between two pieces: its beginning waits for the rest.
    const escape = text.lastIndexOf('\u001b');
    if (escape >= 0 && text.length - escape < sequenceLimit && !isWholeSequence(text.slice(escape))) {
      this.#carry = text.slice(escape);
      text = text.slice(0, escape);
    }
    this.#keep(this.#withoutFullScreen(text));
  }

  /** Undefined when nothing was printed that is worth keeping. */
  finish(digest: Digest): Excerpt | undefined {
    this.#keep(this.#withoutFullScreen(this.#carry));
    this.#carry = '';
    const head = asLines(this.#head);
    if (!this.#isCut) {
      const text = trimEnd(head);
      return text === '' ? undefined : { head: text, sizeBytes: Buffer.byteLength(text) };
    }
    const tail = trimEnd(asLines(this.#tail));
    return { head, tail, sizeBytes: this.#sizeBytes, hash: digest.sha256(`${head}\n${tail}`) };
  }

  #withoutFullScreen(text: string): string {
    let kept = '';
    let at = 0;
    for (const match of text.matchAll(screenSwitch)) {
      if (!this.#isFullScreen) kept += text.slice(at, match.index);
      this.#isFullScreen = match[1] === 'h';
      at = match.index + match[0].length;
    }
    return this.#isFullScreen ? kept : kept + text.slice(at);
  }

  #keep(raw: string): void {
    const text = stripVTControlCharacters(raw.replaceAll(titleSequence, ''));
    if (!this.#isCut) {
      const room = headChars + tailChars - this.#head.length;
      if (text.length <= room) {
        this.#head += text;
        return;
      }
      const whole = this.#head + text;
      this.#head = whole.slice(0, headChars);
      this.#tail = whole.slice(-tailChars);
      this.#isCut = true;
      return;
    }
    this.#tail = (this.#tail + text).slice(-tailChars);
  }
}

const screenSwitch = /\u001b\[\?(?:1049|1047|47)([hl])/g;
/** Operating system commands: titles, links, shell integration's own marks. Bounded, so that one without an end costs itself alone. */
const titleSequence = /\u001b\][^\u0007\u001b]{0,4096}(?:\u0007|\u001b\\)/g;

function isWholeSequence(text: string): boolean {
  return /^\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)|[PX^_][^\u001b]*\u001b\\|[()*+][0-9A-Za-z]|[^[\]PX^_()*+])/.test(
    text,
  );
}

/** What a person would see: after a carriage return the line is written anew; backspaces take back. */
function asLines(text: string): string {
  return text
    .replaceAll('\r\n', '\n')
    .split('\n')
    .map((line) => {
      const last = line.includes('\r') ? (line.split('\r').findLast((part) => part !== '') ?? '') : line;
      return last.replaceAll(/[^\u0008]\u0008/g, '').replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f]/g, '');
    })
    .join('\n');
}

const trimEnd = (text: string): string => text.replace(/\s+$/, '');
