import type { EventDraft } from '../model/event.ts';
import { findPrivateKeys } from './privateKeys.ts';

/**
 * The one seam between what was seen and what is written: secrets become typed markers such as `[redacted:github-token]`.
 *
 * Z1 Only what is surely a secret: well-known token forms, key blocks, passwords in URLs, values assigned to a password's name.
 * Z2 Linear in the text's length, whatever the text: every pattern is bounded or begins where no other of its kind can.
 * Z3 Redacting again what stands apart changes nothing: a marker is never taken for a secret.
 * Patterns are written so that none of them looks like a secret itself (packagers scan the bundle).
 */
export function redactText(text: string): string {
  return redact(text, false);
}

/** The draft with every string in it redacted, at any depth. In a command line a bare `--password word` counts as well. */
export function redactDraft<D extends EventDraft>(draft: D): D {
  return redactValue(draft, '', 0) as D;
}

interface Rule {
  readonly name: string;
  /** The rule is tried only on texts that hold one of these. */
  readonly hints: readonly string[];
  readonly pattern: RegExp;
  /** What stays of a match; absent: nothing. Undefined as result: no secret after all. */
  readonly keep?: (match: string, groups: readonly (string | undefined)[]) => string | undefined;
}

/** Where a token can begin: not inside a word, but behind an escape, which ends in a letter or digit (`\n` in JSON, `%20` in a URL). */
const start = '(?:(?<![A-Za-z0-9])|(?<=\\\\[nrtbf])|(?<=%[0-9A-Fa-f]{2}))';
const token = (name: string, hints: readonly string[], body: string): Rule => ({ name, hints, pattern: new RegExp(start + body, 'g') });

const rules: readonly Rule[] = [
  token('anthropic-key', ['sk-ant-'], 'sk-ant-[A-Za-z0-9_-]{20,4096}'),
  token('openrouter-key', ['sk-or-'], 'sk-or-(?:v\\d-)?[A-Za-z0-9]{32,4096}'),
  token('openai-key', ['sk-'], 'sk-(?:(?:proj|svcacct|admin|None)-[A-Za-z0-9_-]{20,4096}|[A-Za-z0-9]{32,4096})'),
  token('github-token', ['ghp_', 'gho_', 'ghu_', 'ghs_', 'ghr_'], 'gh[pousr]_[A-Za-z0-9]{30,4096}'),
  token('github-token', ['github_pat_'], 'github_pat_[A-Za-z0-9_]{30,4096}'),
  token('gitlab-token', ['glpat-', 'glptt-', 'gldt-', 'glrt-', 'glcbt-', 'gloas-'], 'gl(?:pat|ptt|dt|rt|cbt|oas)-[A-Za-z0-9_.-]{20,4096}'),
  token('slack-token', ['xox'], 'xox[abceoprs](?:\\.xox[a-z])?-[A-Za-z0-9-]{10,4096}'),
  token('slack-token', ['xapp-'], 'xapp-\\d-[A-Za-z0-9-]{20,4096}'),
  token('slack-webhook', ['hooks.slack.com'], 'hooks\\.slack\\.com/(?:services|workflows)/[A-Za-z0-9+/]{20,4096}'),
  token('aws-key-id', ['AKIA', 'ASIA', 'ABIA', 'ACCA'], 'A(?:KIA|SIA|BIA|CCA)[A-Z2-7]{16}(?![A-Za-z0-9])'),
  {
    name: 'aws-secret-key',
    hints: ['ecret'],
    pattern: /(secret_?access_?key\\?["']?\s{0,4}[:=]\s{0,4}\\?["']?)[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+])/gi,
    keep: (_match, [name]) => name,
  },
  token('google-key', ['AIza'], 'AIza[A-Za-z0-9_-]{35}'),
  token('google-oauth', ['GOCSPX-'], 'GOCSPX-[A-Za-z0-9_-]{20,4096}'),
  token('google-oauth', ['ya29.'], 'ya29\\.[A-Za-z0-9_-]{20,4096}'),
  token('stripe-key', ['k_live_', 'k_test_'], '[sr]k_(?:live|test)_[A-Za-z0-9]{16,4096}'),
  token('stripe-webhook', ['whsec_'], 'whsec_[A-Za-z0-9+/]{24,4096}'),
  token('npm-token', ['npm_'], 'npm_[A-Za-z0-9]{36,4096}'),
  token('pypi-token', ['pypi-'], 'pypi-[A-Za-z0-9_-]{50,4096}'),
  token('huggingface-token', ['hf_'], 'hf_[A-Za-z0-9]{30,4096}'),
  token('groq-key', ['gsk_'], 'gsk_[A-Za-z0-9]{40,4096}'),
  token('xai-key', ['xai-'], 'xai-[A-Za-z0-9]{60,4096}'),
  token('digitalocean-token', ['_v1_'], 'do[opr]_v1_[a-f0-9]{64}'),
  token('sendgrid-key', ['SG.'], 'SG\\.[A-Za-z0-9_-]{16,32}\\.[A-Za-z0-9_-]{30,4096}'),
  token('docker-token', ['dckr_'], 'dckr_(?:pat|oat)_[A-Za-z0-9_-]{20,4096}'),
  token('shopify-token', ['shp'], 'shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}'),
  token('linear-key', ['lin_api_'], 'lin_api_[A-Za-z0-9]{32,4096}'),
  token('atlassian-token', ['ATATT3'], 'ATATT3[A-Za-z0-9_=-]{50,4096}'),
  {
    name: 'azure-key',
    hints: ['AccountKey=', 'SharedAccessKey='],
    pattern: /((?:Account|SharedAccess)Key=)[A-Za-z0-9+/]{40,4096}={0,2}/g,
    keep: (_match, [name]) => name,
  },
  {
    name: 'jwt',
    hints: ['eyJ'],
    pattern:
      /(?:(?<![A-Za-z0-9_-])|(?<=\\[nrtbf])|(?<=%[0-9A-Fa-f]{2}))eyJ[A-Za-z0-9_-]{8,4096}\.eyJ[A-Za-z0-9_-]{8,4096}\.[A-Za-z0-9_-]{8,4096}/g,
  },
  {
    name: 'authorization',
    hints: ['uthorization', 'UTHORIZATION'],
    pattern: /(authorization\\?["']?\s{0,4}[:=]\s{0,4}\\?["']?(?:bearer|basic|token|digest)\s{1,4})[A-Za-z0-9._~+/=-]{8,4096}/gi,
    keep: (match, [name = '']) => (isPlaceholder(match.slice(name.length)) ? undefined : name),
  },
  {
    name: 'bearer',
    hints: ['earer ', 'EARER '],
    pattern: /(?<![A-Za-z0-9])(bearer {1,4})[A-Za-z0-9._~+/=-]{20,4096}/gi,
    keep: (match, [name = '']) => (/\d/.test(match.slice(name.length)) ? name : undefined),
  },
  {
    name: 'password',
    hints: ['://'],
    pattern: /(:\/\/[^\s:@/"'<>`?#\\]{0,256}:)([^\s@/"'<>`\\]{1,512})(?=@)/g,
    keep: (_match, [name, value = '']) => (isPlaceholder(value) ? undefined : name),
  },
  {
    name: 'secret',
    hints: ['PASSWORD', 'PASSWD', 'SECRET', 'TOKEN', 'KEY', 'PASSPHRASE'],
    pattern:
      /((?:PASSWORD|PASSWD|PASSPHRASE|SECRET|TOKEN|API_?KEY|ACCESS_KEY|SECRET_KEY|PRIVATE_KEY)=)("[^"\n]{1,512}"|'[^'\n]{1,512}'|[^\s"'`;&|<>()]{6,4096})/g,
    keep: (_match, [name, value = '']) => (isPlaceholder(value) || /^\d{1,9}$/.test(value) ? undefined : name),
  },
  {
    name: 'password',
    hints: ['assw', 'wd='],
    pattern:
      /((?<![A-Za-z0-9])(?:password|passwd|pwd|passphrase)=)("[^"\n]{4,512}"|'[^'\n]{4,512}'|[^\s"'`;&|<>(){}[\],]{6,4096}(?![([]))/gi,
    keep: (_match, [name, value = '']) => (isPlaceholder(value) || (!isQuoted(value) && !/[0-9!@#%^*+~]/.test(value)) ? undefined : name),
  },
  {
    name: 'secret',
    hints: ['assw', 'ecret', 'oken', 'pi_key', 'piKey', 'piK', 'passphrase'],
    pattern:
      /(\\?["'](?:password|passwd|passphrase|client_?secret|api_?key|access_?token|refresh_?token|auth_?token|private_?key)\\?["'] {0,4}: {0,4}\\?["'])([^"'\\\n]{6,512})(?=\\?["'])/gi,
    keep: (_match, [name, value = '']) => (isPlaceholder(value) || isTypeWord(value) ? undefined : name),
  },
  {
    name: 'secret',
    hints: ['--'],
    pattern:
      /(--(?:password|passwd|token|api-?key|client-secret|access-token|auth-token|secret-key)(?:=| {1,4}))("[^"\n]{4,512}"|'[^'\n]{4,512}'|[^\s"'`;&|<>()[\]]{4,4096})/gi,
    keep: (_match, [name = '', value = '']) =>
      isPlaceholder(value) || (!name.endsWith('=') && !isQuoted(value) && !/\d/.test(value)) ? undefined : name,
  },
];

/** In a command line, where a word after the flag can be nothing else than the value. */
const commandRule: Rule = {
  name: 'secret',
  hints: ['--pass'],
  pattern: /(--(?:password|passwd) {1,4})([^\s"'`;&|<>()[\]-][^\s"'`;&|<>()[\]]{0,512})/gi,
  keep: (_match, [name, value = '']) => (isPlaceholder(value) ? undefined : name),
};

function redact(text: string, isCommand: boolean): string {
  let result = text;
  const keys = findPrivateKeys(text);
  if (keys.length > 0) {
    const parts: string[] = [];
    let kept = 0;
    for (const { from, to } of keys) {
      parts.push(text.slice(kept, from), marker('private-key'));
      kept = to;
    }
    result = parts.join('') + text.slice(kept);
  }
  for (const rule of rules) result = applyRule(rule, result);
  return isCommand ? applyRule(commandRule, result) : result;
}

function applyRule(rule: Rule, text: string): string {
  if (!rule.hints.some((hint) => text.includes(hint))) return text;
  const { keep } = rule;
  if (keep === undefined) return text.replace(rule.pattern, marker(rule.name));
  return text.replace(rule.pattern, (match: string, ...rest: unknown[]) => {
    const kept = keep(
      match,
      rest.filter((part) => typeof part === 'string' || part === undefined),
    );
    return kept === undefined ? match : kept + marker(rule.name);
  });
}

const marker = (name: string): string => `[redacted:${name}]`;

const isQuoted = (value: string): boolean => value.startsWith('"') || value.startsWith("'");

/** A reference to a secret, or a stand-in for one, and no secret: `$TOKEN`, `<token>`, `***`, `changeme`, or a marker of ours. */
function isPlaceholder(value: string): boolean {
  const bare = isQuoted(value) ? value.slice(1, -1) : value;
  if (/^(?:\[redacted:|[$<{%]|\(|\.{3}|\\?\$)/.test(bare)) return true;
  return /^(?:x+|\*+|•+|\.+|-+|none|null|undefined|true|false|changeme|change-me|placeholder|password|passwd|secret|token|example|your[-_ ].*|my[-_ ](?:password|token|secret|key))$/i.test(
    bare.slice(0, 200),
  );
}

const isTypeWord = (value: string): boolean =>
  /^(?:string|number|boolean|object|required|optional|hidden|text|varchar.*)$/i.test(value.slice(0, 40));

/** The end of a text that was cut inside a token: what is left of it goes as well. */
const cutToken =
  /(?<![A-Za-z0-9])(?:sk-(?:ant|proj|or|svcacct)-|gh[pousr]_|github_pat_|glpat-|xox[abceoprs]-|A[KS]IA|AIza|[sr]k_live_|npm_|pypi-|hf_|eyJ)[A-Za-z0-9_.-]{4,4096}$/;

function redactValue(value: unknown, key: string, depth: number): unknown {
  if (typeof value === 'string') return redact(value, key === 'command');
  if (typeof value !== 'object' || value === null) return value;
  // Deeper than any event is: nothing of it can be looked through, so nothing of it is kept.
  if (depth > depthLimit) return marker('too-deep');
  if (Array.isArray(value)) return value.map((item) => redactValue(item, key, depth + 1));
  const result: Record<string, unknown> = {};
  for (const [name, item] of Object.entries(value)) {
    let redacted = redactValue(item, name, depth + 1);
    if (name === 'head' && typeof redacted === 'string' && 'tail' in value) {
      const edge = Math.max(0, redacted.length - 400);
      redacted = redacted.slice(0, edge) + redacted.slice(edge).replace(cutToken, marker('token'));
    }
    if (name !== '__proto__') result[name] = redacted;
  }
  return result;
}

const depthLimit = 40;
