import { classText, type RunClass } from './sessionKey.ts';

/**
 * Which agents' runs are recorded. The rules are asked in order, the first that fits a run decides; one that none fits is
 * recorded. In every text `*` stands for any characters, and case does not matter; a key is matched as a whole.
 */
export interface RecordPolicy {
  readonly rules: readonly RecordRule[];
}

export interface RecordRule {
  readonly action: 'allow' | 'deny';
  /** Where it stands in the setting, from 1. */
  readonly number: number;
  readonly match: Readonly<Partial<Record<MatchedField, string>>>;
}

type MatchedField = (typeof matchedFields)[number];
const matchedFields = ['agent', 'agentId', 'channel', 'chatType', 'kind', 'key'] as const;

export const recordsAll: RecordPolicy = { rules: [] };

/**
 * The policy of a setting's value, and what is wrong with it, for people. Errs on the side of not recording: of a rule that
 * denies what is understood counts, of one that allows nothing unless all is.
 */
export function readRecordPolicy(value: unknown): { readonly policy: RecordPolicy; readonly problems: readonly string[] } {
  if (value === undefined || value === null) return { policy: recordsAll, problems: [] };
  if (!Array.isArray(value))
    return { policy: { rules: [denyAll(1)] }, problems: ['it is no list of rules, so nothing of agents is recorded'] };
  const rules: RecordRule[] = [];
  const problems: string[] = [];
  for (const [index, told] of value.slice(0, ruleLimit).entries()) {
    const number = index + 1;
    if (typeof told !== 'object' || told === null || Array.isArray(told)) {
      problems.push(`rule ${number} is no object`);
      continue;
    }
    const { action, ...rest } = told as Record<string, unknown>;
    const wrong = Object.entries(rest).filter(([name, text]) => !isMatched(name) || typeof text !== 'string' || text.length > patternLimit);
    if (action !== 'allow' && action !== 'deny') problems.push(`rule ${number} has no action "allow" or "deny"`);
    for (const [name] of wrong) problems.push(`rule ${number} has a "${name.slice(0, 40)}" that can’t be used`);
    if ((action !== 'allow' && action !== 'deny') || (action === 'allow' && wrong.length > 0)) continue;
    const match = Object.fromEntries(Object.entries(rest).filter(([name, text]) => isMatched(name) && typeof text === 'string'));
    rules.push({ action, number, match });
  }
  if (value.length > ruleLimit) problems.push(`only the first ${ruleLimit} rules count`);
  return { policy: { rules }, problems };
}

/** Is that run recorded? Else why not, for people and without the key, which may name somebody. */
export function judgeRun(policy: RecordPolicy, run: RunClass): { readonly isRecorded: boolean; readonly reason?: string } {
  const rule = policy.rules.find(({ match }) => fits(match, run));
  if (rule === undefined || rule.action === 'allow') return { isRecorded: true };
  return { isRecorded: false, reason: `${classText(run)}: rule ${rule.number} of tapedeck.recordPolicy` };
}

const ruleLimit = 200;
const patternLimit = 500;

const isMatched = (name: string): boolean => (matchedFields as readonly string[]).includes(name);
const denyAll = (number: number): RecordRule => ({ action: 'deny', number, match: {} });

function fits(match: RecordRule['match'], run: RunClass): boolean {
  return Object.entries(match).every(([name, pattern]) => {
    const value = run[name as MatchedField];
    return value !== undefined && isLike(value.toLowerCase(), pattern.toLowerCase());
  });
}

/** Without a regular expression: a pattern comes from outside, and must cost no more than its length times the text's. */
function isLike(text: string, pattern: string): boolean {
  const parts = pattern.split('*');
  if (parts.length === 1) return text === pattern;
  const first = parts[0]!;
  const last = parts.at(-1)!;
  if (!text.startsWith(first) || !text.endsWith(last) || text.length < first.length + last.length) return false;
  let at = first.length;
  const end = text.length - last.length;
  for (const part of parts.slice(1, -1)) {
    const found = text.indexOf(part, at);
    if (found < 0 || found + part.length > end) return false;
    at = found + part.length;
  }
  return true;
}
