import { counted, durationText } from '../src/core/timelineWords.ts';

/** Times in the reader's own way of writing them. Formats are made once: making one costs more than a thousand uses. */
export class Times {
  readonly #clock: Intl.DateTimeFormat;
  readonly #exact: Intl.DateTimeFormat;
  readonly #date: Intl.DateTimeFormat;
  readonly #day: Intl.DateTimeFormat;
  readonly #dayKey: Intl.DateTimeFormat;
  readonly #keys = new Map<string, string>();
  readonly #clocks = new Map<string, string>();

  constructor(locale: string | undefined, timeZone: string | undefined) {
    const zone = timeZone === undefined ? {} : { timeZone };
    this.#clock = new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit', ...zone });
    this.#exact = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'medium', ...zone });
    this.#date = new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short', ...zone });
    this.#day = new Intl.DateTimeFormat(locale, { weekday: 'long', day: 'numeric', month: 'long', ...zone });
    this.#dayKey = new Intl.DateTimeFormat('en-CA', { year: 'numeric', month: '2-digit', day: '2-digit', ...zone });
  }

  /** Cached by the minute: to write a time costs more than all the rest of a row. */
  clock(at: string | number): string {
    if (typeof at === 'number' || at.length !== 24) return format(this.#clock, at);
    const minute = at.slice(0, 16);
    let text = this.#clocks.get(minute);
    if (text === undefined) {
      if (this.#clocks.size > 5000) this.#clocks.clear();
      this.#clocks.set(minute, (text = format(this.#clock, at)));
    }
    return text;
  }

  /** The time alone today, with the day on other days. */
  brief(at: string, nowMs: number): string {
    return format(this.#dayKey, at) === format(this.#dayKey, nowMs) ? this.clock(at) : `${format(this.#date, at)}, ${this.clock(at)}`;
  }

  /** `5 min ago`; nothing of what is to come. */
  ago(at: string, nowMs: number): string | undefined {
    const pastMs = nowMs - Date.parse(at);
    if (!(pastMs >= 0)) return undefined;
    if (pastMs < 45_000) return 'just now';
    const days = Math.floor(pastMs / 86_400_000);
    if (days > 0) return `${counted(days, 'day')} ago`;
    return `${durationText(Math.max(60_000, pastMs))} ago`;
  }

  exact(at: string | number): string {
    return format(this.#exact, at);
  }

  /** `2026-11-20`, the reader's own day. Cached by the quarter of an hour: no zone turns its day in between. */
  dayKey(at: string): string {
    const quarter = `${at.slice(0, 14)}${Math.floor(Number(at.slice(14, 16)) / 15)}`;
    let key = this.#keys.get(quarter);
    if (key === undefined) this.#keys.set(quarter, (key = format(this.#dayKey, at)));
    return key;
  }

  /** `Today`, `Yesterday`, or the day's name and date. */
  day(at: string, nowMs: number): string {
    const key = format(this.#dayKey, at);
    if (key === format(this.#dayKey, nowMs)) return 'Today';
    if (key === format(this.#dayKey, nowMs - 86_400_000)) return 'Yesterday';
    return format(this.#day, at);
  }
}

/** A log may hold any text as its time. */
function format(by: Intl.DateTimeFormat, at: string | number): string {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? '?' : by.format(date);
}
