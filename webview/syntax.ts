/**
 * Which parts of a line of code are words, texts, numbers and comments of its language: enough to read a diff by, nothing more.
 * Promises: the parts of a line put together are the line; the time is linear in it; a language that is not known has none.
 */
export type Tone = 'plain' | 'keyword' | 'string' | 'number' | 'comment' | 'type';

export interface Part {
  readonly tone: Tone;
  readonly text: string;
}

/** What goes on from one line into the next: the text that ends it; undefined when nothing does. */
export type Carry = { readonly until: string; readonly tone: 'comment' | 'string' } | undefined;

export interface Language {
  readonly words: ReadonlySet<string>;
  /** What begins a comment to the end of the line. */
  readonly line: readonly string[];
  /** What begins and ends a comment or a text over lines. */
  readonly spans: readonly { readonly from: string; readonly until: string; readonly tone: 'comment' | 'string' }[];
  /** What begins and ends a text on one line. */
  readonly quotes: string;
}

const set = (text: string): ReadonlySet<string> => new Set(text.split(' '));
const cSpans = [{ from: '/*', until: '*/', tone: 'comment' }] as const;
const common =
  'if else for while do switch case default break continue return try catch finally throw new this super class enum interface extends implements import package static const void null true false public private protected abstract final';

const script: Language = {
  words: set(
    `${common} export from as let var function async await yield of in instanceof typeof type undefined readonly satisfies keyof declare namespace get set delete debugger with is infer`,
  ),
  line: ['//'],
  spans: [...cSpans, { from: '`', until: '`', tone: 'string' }],
  quotes: '\'"',
};
const cLike: Language = {
  words: set(
    `${common} int long short char float double bool boolean byte string unsigned signed struct union typedef sizeof namespace using template typename virtual override inline extern auto nullptr goto var val fun object internal sealed record operator delete where select async await lock out ref params foreach in is as when data companion suspend lateinit`,
  ),
  line: ['//'],
  spans: cSpans,
  quotes: '\'"',
};
const languages: readonly { readonly names: string; readonly language: Language }[] = [
  { names: 'ts tsx js jsx mjs cjs mts cts typescript javascript vue svelte', language: script },
  { names: 'c h cc cpp cxx hpp hh cs java kt kts scala dart groovy m mm cpp csharp kotlin', language: cLike },
  {
    names: 'go golang',
    language: {
      words: set(
        'break case chan const continue default defer else fallthrough for func go goto if import interface map package range return select struct switch type var nil true false string int int64 error bool byte any',
      ),
      line: ['//'],
      spans: [...cSpans, { from: '`', until: '`', tone: 'string' }],
      quotes: '\'"',
    },
  },
  {
    names: 'rs rust',
    language: {
      words: set(
        'as async await break const continue crate dyn else enum extern false fn for if impl in let loop match mod move mut pub ref return self Self static struct super trait true type unsafe use where while',
      ),
      line: ['//'],
      spans: cSpans,
      quotes: '"',
    },
  },
  {
    names: 'swift php',
    language: {
      words: set(
        `${common} func let var guard struct protocol extension init self nil where in is as inout throws rethrows async await actor some any function echo use namespace fn match array`,
      ),
      line: ['//', '#'],
      spans: cSpans,
      quotes: '\'"',
    },
  },
  {
    names: 'py pyi python',
    language: {
      words: set(
        'and as assert async await break class continue def del elif else except finally for from global if import in is lambda match case nonlocal not or pass raise return try while with yield None True False self',
      ),
      line: ['#'],
      spans: [
        { from: '"""', until: '"""', tone: 'string' },
        { from: "'''", until: "'''", tone: 'string' },
      ],
      quotes: '\'"',
    },
  },
  {
    names: 'rb ruby ex exs elixir lua r jl julia',
    language: {
      words: set(
        'def end class module if elsif else unless case when while until for in do begin rescue ensure return yield self nil true false and or not require include local function then repeat break next super attr_accessor defp defmodule fn',
      ),
      line: ['#', '--'],
      spans: [],
      quotes: '\'"',
    },
  },
  {
    names: 'sh bash zsh fish shell console ps1 powershell dockerfile makefile mk',
    language: {
      words: set(
        'if then else elif fi for while do done case esac in function return export local readonly set unset exit cd echo FROM RUN COPY CMD ENTRYPOINT ENV ARG WORKDIR EXPOSE USER param foreach',
      ),
      line: ['#'],
      spans: [],
      quotes: '\'"',
    },
  },
  {
    names: 'yml yaml toml ini cfg conf env properties',
    language: { words: set('true false null yes no on off'), line: ['#'], spans: [], quotes: '\'"' },
  },
  { names: 'json jsonc json5', language: { words: set('true false null'), line: ['//'], spans: cSpans, quotes: '"' } },
  {
    names: 'css scss less sass',
    language: {
      words: set('important media import supports keyframes font-face container layer'),
      line: ['//'],
      spans: cSpans,
      quotes: '\'"',
    },
  },
  {
    names: 'html htm xml svg',
    language: { words: new Set(), line: [], spans: [{ from: '<!--', until: '-->', tone: 'comment' }], quotes: '"' },
  },
  {
    names: 'sql',
    language: {
      words: set(
        'select from where and or not null insert into values update set delete create table alter drop index join left right inner outer on group by order having limit as distinct union primary key foreign references default SELECT FROM WHERE AND OR NOT NULL INSERT INTO VALUES UPDATE SET DELETE CREATE TABLE ALTER DROP INDEX JOIN LEFT RIGHT INNER OUTER ON GROUP BY ORDER HAVING LIMIT AS DISTINCT UNION PRIMARY KEY FOREIGN REFERENCES DEFAULT',
      ),
      line: ['--'],
      spans: cSpans,
      quotes: '\'"',
    },
  },
];
const byName: ReadonlyMap<string, Language> = new Map(
  languages.flatMap(({ names, language }) => names.split(' ').map((name) => [name, language])),
);

/** By a file's name, or by the name that stands at a block of code. */
export function languageOf(name: string): Language | undefined {
  const last = name.slice(name.lastIndexOf('/') + 1).toLowerCase();
  return byName.get(last.slice(last.lastIndexOf('.') + 1));
}

/** Lines longer than this are left plain. */
const lineLimit = 2000;

/** The parts of one line, and what goes on into the next. */
export function tokenize(line: string, language: Language, carry: Carry): { readonly parts: readonly Part[]; readonly carry: Carry } {
  if (line.length > lineLimit) return { parts: [{ tone: 'plain', text: line }], carry: undefined };
  const parts: Part[] = [];
  const push = (tone: Tone, text: string): void => {
    const last = parts.at(-1);
    if (last?.tone === tone) parts[parts.length - 1] = { tone, text: last.text + text };
    else if (text !== '') parts.push({ tone, text });
  };
  let at = 0;
  let open = carry;
  if (open !== undefined) {
    const end = endOf(line, 0, open.until);
    if (end === undefined) return { parts: [{ tone: open.tone, text: line }], carry };
    push(open.tone, line.slice(0, end));
    [at, open] = [end, undefined];
  }
  while (at < line.length) {
    const span = language.spans.find(({ from }) => line.startsWith(from, at));
    if (span !== undefined) {
      const end = endOf(line, at + span.from.length, span.until);
      push(span.tone, line.slice(at, end));
      if (end === undefined) return { parts, carry: { until: span.until, tone: span.tone } };
      at = end;
    } else if (language.line.some((mark) => line.startsWith(mark, at) && (mark !== '#' || at === 0 || /\s/.test(line[at - 1]!)))) {
      push('comment', line.slice(at));
      break;
    } else if (language.quotes.includes(line[at]!)) {
      const end = endOf(line, at + 1, line[at]!) ?? line.length;
      push('string', line.slice(at, end));
      at = end;
    } else {
      wordPattern.lastIndex = at;
      const word = wordPattern.exec(line)?.[0] ?? line[at]!;
      push(toneOf(word, language), word);
      at += word.length;
    }
  }
  return { parts, carry: undefined };
}

const wordPattern = /[A-Za-z_$][\w$-]*|\d[\w.]*|[^\w\s'"`/#<-]+|\s+/y;

function toneOf(word: string, { words }: Language): Tone {
  if (words.has(word)) return 'keyword';
  if (/^\d/.test(word)) return 'number';
  return /^[A-Z][a-z]\w*$/.test(word) && words.size > 20 ? 'type' : 'plain';
}

/** Behind the text that ends it, one with a backslash before it passed over. */
function endOf(line: string, from: number, until: string): number | undefined {
  for (let at = from; at < line.length; at++) {
    if (line[at] === '\\' && until.length === 1) at += 1;
    else if (line.startsWith(until, at)) return at + until.length;
  }
  return undefined;
}
