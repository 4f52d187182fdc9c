/**
 * A time as people write it: `14:00`, `2:30 pm`, `yesterday 14:00`, `monday 9:00`, `2h ago`, `1 h 30 min ago`, `3 days ago`,
 * `2026-11-20`, `2026-11-20 14:00`, `20 Nov`, `Nov 20 14:00`, `20.11. 14:00`, ISO 8601 with its offset, `now`. Only what is
 * wholly understood is a time: anything else is undefined, never a guess.
 */
export interface TimeFrame {
  readonly nowMs: number;
  /** A clock time or a day without its year is the last one up to then: the end of what is looked at. */
  readonly untilMs: number;
  /** IANA name; absent: that of this system. */
  readonly timeZone?: string | undefined;
}

/** The moment in ms since 1970; undefined when the text is no time. A day alone is its beginning. */
export function parseTimeWords(text: string, frame: TimeFrame): number | undefined {
  const words = text.trim().toLowerCase().replace(/\s+/g, ' ');
  if (words === '' || words.length > 60) return undefined;
  if (words === 'now') return frame.nowMs;
  const iso = /^\d{4}-\d\d-\d\dt\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:z|[+-]\d\d:?\d\d)$/.test(words) ? Date.parse(words.toUpperCase()) : NaN;
  if (!Number.isNaN(iso)) return iso;
  return pastSpan(words, frame.nowMs) ?? wallTime(words, frame);
}

const unitMs: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };
const spanPart = String.raw`(\d{1,6}(?:\.\d{1,3})?) ?(s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?|w|weeks?)`;
const spanPattern = new RegExp(`^${spanPart}(?:,? ?${spanPart})? ago$`);

/** `2h ago`, `1 h 30 min ago`. */
function pastSpan(words: string, nowMs: number): number | undefined {
  const [, count, unit, lesserCount, lesserUnit] = spanPattern.exec(words) ?? [];
  if (count === undefined || unit === undefined) return undefined;
  const lesserMs = lesserCount === undefined ? 0 : Number(lesserCount) * unitMs[lesserUnit?.charAt(0) ?? '']!;
  return nowMs - Math.round(Number(count) * unitMs[unit.charAt(0)]! + lesserMs);
}

interface Day {
  readonly year: number;
  /** From 1. */
  readonly month: number;
  readonly day: number;
}
interface Clock {
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
}

const clockPattern = /(?:^|[ t,]|, )(?:at )?(\d{1,2})(?::(\d\d)(?::(\d\d))?)? ?(am|pm)?$/;

function wallTime(words: string, { nowMs, untilMs, timeZone }: TimeFrame): number | undefined {
  const wall = new WallClock(timeZone);
  const match = clockPattern.exec(words);
  const clock = match === null ? undefined : clockOf(match);
  const rest = clock === undefined ? words : words.slice(0, match?.index).trim().replace(/,$/, '');
  if (rest === '') {
    if (clock === undefined) return undefined;
    const today = wall.day(untilMs);
    const ms = wall.ms(today, clock);
    return ms <= untilMs ? ms : wall.ms(shifted(today, -1), clock);
  }
  const at = clock ?? { hour: 0, minute: 0, second: 0 };
  const named = namedDay(rest, wall.day(nowMs));
  if (named !== undefined) return wall.ms(named, at);
  const date = datePart(rest);
  if (date === undefined) return undefined;
  const { month, day } = date;
  const year = date.year ?? wall.day(untilMs).year;
  if (!isDay({ year, month, day })) return undefined;
  const ms = wall.ms({ year, month, day }, at);
  return date.year === undefined && ms > untilMs ? wall.ms({ year: year - 1, month, day }, at) : ms;
}

function clockOf([, hours, minutes, seconds, half]: RegExpExecArray): Clock | undefined {
  // A number alone is no time.
  if (minutes === undefined && half === undefined) return undefined;
  let hour = Number(hours);
  const minute = Number(minutes ?? 0);
  const second = Number(seconds ?? 0);
  if (half !== undefined) {
    if (hour < 1 || hour > 12) return undefined;
    hour = (hour % 12) + (half === 'pm' ? 12 : 0);
  }
  return hour < 24 && minute < 60 && second < 60 ? { hour, minute, second } : undefined;
}

const weekdays = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];
const months = ['january', 'february', 'march', 'april', 'may', 'june', 'july', 'august', 'september', 'october', 'november', 'december'];
/** By its name or its first letters, three at least. */
const placeIn = (names: readonly string[], word: string): number =>
  word.length < 3 ? -1 : names.findIndex((name) => name.startsWith(word.replace(/\.$/, '')));

/** `today`, `yesterday`, or the last day of that name, today included. */
function namedDay(word: string, today: Day): Day | undefined {
  if (word === 'today') return today;
  if (word === 'yesterday') return shifted(today, -1);
  const weekday = placeIn(weekdays, word);
  return weekday < 0 ? undefined : shifted(today, -((weekdayOf(today) - weekday + 7) % 7));
}

function datePart(text: string): (Omit<Day, 'year'> & { readonly year: number | undefined }) | undefined {
  const iso = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text);
  if (iso !== null) return { year: Number(iso[1]), month: Number(iso[2]), day: Number(iso[3]) };
  const dotted = /^(\d{1,2})\. ?(\d{1,2})\.(?: ?(\d{4}))?$/.exec(text);
  if (dotted !== null) return { year: yearOf(dotted[3]), month: Number(dotted[2]), day: Number(dotted[1]) };
  const first = /^(\d{1,2})\.? ([a-z]{3,9})\.?,?(?: (\d{4}))?$/.exec(text);
  const second = /^([a-z]{3,9})\.? (\d{1,2}),?(?: (\d{4}))?$/.exec(text);
  const month = placeIn(months, first?.[2] ?? second?.[1] ?? '');
  if (month < 0) return undefined;
  return { year: yearOf(first?.[3] ?? second?.[3]), month: month + 1, day: Number(first?.[1] ?? second?.[2]) };
}

const yearOf = (text: string | undefined): number | undefined => (text === undefined ? undefined : Number(text));
const dayMs = ({ year, month, day }: Day): number => Date.UTC(year, month - 1, day);
const weekdayOf = (day: Day): number => new Date(dayMs(day)).getUTCDay();
const dayAt = (ms: number): Day => {
  const date = new Date(ms);
  return { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() };
};
const shifted = (day: Day, days: number): Day => dayAt(dayMs(day) + days * 86_400_000);

/** No 31st of February. */
function isDay(day: Day): boolean {
  const back = dayAt(dayMs(day));
  return day.year >= 1970 && back.month === day.month && back.day === day.day && back.year === day.year;
}

/** What the clock on the wall shows in a time zone, and when it shows it. */
class WallClock {
  readonly #format: Intl.DateTimeFormat;

  constructor(timeZone: string | undefined) {
    this.#format = new Intl.DateTimeFormat('en-US', {
      ...(timeZone === undefined ? {} : { timeZone }),
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
      hourCycle: 'h23',
    });
  }

  day(ms: number): Day {
    return dayAt(this.#shown(ms));
  }

  /** When it shows that; in the hour that a change of the clock leaves out, the moment of as much later. */
  ms(day: Day, { hour, minute, second }: Clock): number {
    const wanted = dayMs(day) + hour * 3_600_000 + minute * 60_000 + second * 1000;
    const guess = wanted - (this.#shown(wanted) - wanted);
    const off = wanted - this.#shown(guess);
    const better = guess + off;
    return this.#shown(better) === wanted ? better : Math.max(guess, better);
  }

  /** As if it were UTC. */
  #shown(ms: number): number {
    const part = Object.fromEntries(this.#format.formatToParts(ms).map(({ type, value }) => [type, Number(value)]));
    return Date.UTC(part['year']!, part['month']! - 1, part['day'], part['hour'], part['minute'], part['second']);
  }
}
