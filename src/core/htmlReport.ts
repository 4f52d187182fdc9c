import type { LoggedEvent } from '../model/event.ts';
import type { SessionState } from '../model/sessionState.ts';
import { effectiveAuthor, isSetAside } from './fold.ts';
import { htmlText } from './markdownText.ts';
import { digestLine, sessionDigest } from './sessionDigest.ts';
import { Timeline, type TimelineSection } from './timeline.ts';
import type { TimelineRow } from './timelineRow.ts';
import { displayName } from './timelineWords.ts';
import type { ZonedTime } from './zonedTime.ts';
import { eventId } from '../model/ids.ts';

/**
 * A session as one HTML file that stands by itself: no script, no link, no picture, nothing fetched; its policy forbids all but
 * the one style sheet, by its hash. All text from the log is escaped, whatever it holds.
 */
export interface HtmlOptions {
  readonly time: ZonedTime;
  readonly events: readonly LoggedEvent[];
  readonly resume: string;
  /** SHA-256 of a text, in Base64. */
  readonly sha256: (text: string) => string;
}

const textLimit = 20_000;

export function sessionHtml(state: SessionState, { time, events, resume, sha256 }: HtmlOptions): string {
  const digest = sessionDigest(state);
  const timeline = new Timeline({ dayOf: time.day });
  timeline.append(events);
  timeline.attribute(
    Object.fromEntries(events.flatMap((event) => (event.kind === 'foreign' ? [] : [[eventId(event), effectiveAuthor(state, event)]]))),
  );
  timeline.setAside((event) => isSetAside(state, event));
  const words = wordsById(events);
  const sections = timeline.sections().toReversed();
  const title = htmlText(digest.label ?? digest.asked ?? digest.session);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'sha256-${sha256(style)}'; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${title}</title>
<style>${style}</style>
</head>
<body>
<header>
<h1><bdi>${title}</bdi></h1>
<p>${htmlText(digestLine(digest))}</p>
<p>${time.minute(digest.startedAt)} to ${digest.endedAt === undefined ? time.minute(digest.lastAt) : time.minute(digest.endedAt)}, ${htmlText(time.zone)}; session ${htmlText(digest.session)}</p>
</header>
<main>
${decisionList(state)}${blockerList(state, time)}<h2>What happened</h2>
${sections.map((section) => sectionHtml(section, time, words)).join('\n')}
<h2>Resume prompt</h2>
<pre>${htmlText(resume)}</pre>
</main>
<footer>Made by Tapedeck from its log.</footer>
</body>
</html>
`;
}

/** The words of prompts and replies, which the rows only begin. */
function wordsById(events: readonly LoggedEvent[]): ReadonlyMap<string, string> {
  const words = new Map<string, string>();
  for (const event of events) {
    if (event.kind !== 'prompt.submitted' && event.kind !== 'reply.given') continue;
    const { head, tail } = event.text;
    const text = tail === undefined ? head : `${head}\n[…]\n${tail}`;
    words.set(eventId(event), text.length > textLimit ? `${text.slice(0, textLimit)}\n[…]` : text);
  }
  return words;
}

function sectionHtml({ heading, rows, at, isAside }: TimelineSection, time: ZonedTime, words: ReadonlyMap<string, string>): string {
  const said = heading === undefined ? undefined : textOf(heading, words);
  const title = heading === undefined ? '' : `<bdi>${htmlText(heading.title)}</bdi>`;
  const head = `<h3><time>${time.minute(at)}</time> ${title}${isAside ? ' <span class="chip">set aside by a rewind</span>' : ''}</h3>`;
  const whole =
    said === undefined || heading === undefined || said.trim() === heading.title.trim()
      ? ''
      : `<blockquote><pre>${htmlText(said)}</pre></blockquote>`;
  return `<section${isAside ? ' class="aside"' : ''}>\n${head}${whole}<ul>\n${rows.map((row) => rowHtml(row, time, words)).join('\n')}\n</ul>\n</section>`;
}

function rowHtml(row: TimelineRow, time: ZonedTime, words: ReadonlyMap<string, string>): string {
  const title = row.titleKind === 'words' ? `<bdi>${htmlText(row.title)}</bdi>` : `<code><bdi>${htmlText(row.title)}</bdi></code>`;
  const line = [
    `<time>${time.clock(row.at)}</time>`,
    ...(row.who === undefined ? [] : [`<span class="who">${htmlText(row.who)}</span>`]),
    title,
    ...(row.meta === undefined ? [] : [`<span class="meta">${htmlText(row.meta)}</span>`]),
    ...(row.added === undefined && row.removed === undefined ? [] : [`<span class="meta">+${row.added ?? 0} −${row.removed ?? 0}</span>`]),
    ...(row.failure === undefined ? [] : [`<span class="bad">${htmlText(row.failure)}</span>`]),
    ...row.chips.map(({ text, tone }) => `<span class="chip ${tone}">${htmlText(text)}</span>`),
  ].join(' ');
  const said = row.kind === 'reply' ? textOf(row, words) : undefined;
  const more = said === undefined ? '' : `<pre>${htmlText(said)}</pre>`;
  const children = row.children.length === 0 ? '' : `<ul>${row.children.map((child) => rowHtml(child, time, words)).join('')}</ul>`;
  const classes = `${row.kind}${row.isAside ? ' aside' : ''}`;
  return more === '' && children === ''
    ? `<li class="${classes}">${line}</li>`
    : `<li class="${classes}"><details><summary>${line}</summary>${more}${children}</details></li>`;
}

const textOf = (row: TimelineRow, words: ReadonlyMap<string, string>): string | undefined =>
  row.events.map((id) => words.get(id)).find((text) => text !== undefined);

function decisionList(state: SessionState): string {
  const all = [...state.decisions.values()].filter(({ isSetAside: isAside }) => !isAside);
  if (all.length === 0) return '';
  return `<h2>Decisions</h2>\n<ul>\n${all
    .map(
      ({ what, why, status, alternatives, author }) =>
        `<li><bdi>${htmlText(what)}</bdi> <span class="chip">${status}</span>${why === undefined || why === '' ? '' : `<br>Why: <bdi>${htmlText(why)}</bdi>`}${alternatives.length === 0 ? '' : `<br>Not: <bdi>${htmlText(alternatives.join('; '))}</bdi>`} <span class="meta">${htmlText(author.name === undefined ? author.actor : displayName(author.name))}</span></li>`,
    )
    .join('\n')}\n</ul>\n`;
}

function blockerList(state: SessionState, time: ZonedTime): string {
  const all = [...state.blockers.values()].filter(({ isSetAside: isAside }) => !isAside);
  if (all.length === 0) return '';
  return `<h2>Blockers</h2>\n<ul>\n${all
    .map(
      ({ what, cause, cleared, isInferred, mark }) =>
        `<li><bdi>${htmlText(what)}</bdi> <span class="chip">${cleared === undefined ? 'open' : 'cleared'}</span>${isInferred ? ' <span class="chip doubt">inferred</span>' : ''} <span class="meta">${time.minute(mark.at)}</span>${cause === undefined ? '' : `<br>Cause: <bdi>${htmlText(cause)}</bdi>`}${cleared?.why === undefined ? '' : `<br>Cleared: <bdi>${htmlText(cleared.why)}</bdi>`}</li>`,
    )
    .join('\n')}\n</ul>\n`;
}

const style = `:root{color-scheme:light dark}body{max-width:60rem;margin:2rem auto;padding:0 1rem;font:15px/1.5 system-ui,sans-serif}h1{font-size:1.5rem}h2{margin-top:2rem;font-size:1.2rem}h3{margin:1.4rem 0 .3rem;font-size:1rem}ul{margin:0;padding-left:1.2rem}li{overflow-wrap:anywhere}code,pre{font:13px/1.45 ui-monospace,monospace}pre{overflow:auto;margin:.4rem 0;padding:.6rem .8rem;border:1px solid #8884;border-radius:4px;white-space:pre-wrap;overflow-wrap:anywhere}blockquote{margin:.3rem 0}time,.meta,.who{color:GrayText}.bad{color:#c0392b;font-weight:600}.good{color:#2e7d32}.chip{padding:0 .4em;border:1px solid #8886;border-radius:3px;font-size:.85em}.aside{opacity:.6}summary{cursor:pointer}footer{margin:3rem 0 1rem;color:GrayText}`;
