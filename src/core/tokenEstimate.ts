/**
 * How many tokens a text costs a model, estimated without its vocabulary and rather too high than too low: a word (or a part of
 * a mixed-case one) by five letters, digits by two, other signs each by itself, other scripts nearly by the character. A space
 * goes with the word behind it.
 */
export function estimateTokens(text: string): number {
  let tokens = 0;
  for (const [run] of text.matchAll(
    /[A-Za-z0-9+/=]{32,}|[A-Z]{2,}|[A-Z]?[a-z]+|[A-Z]|[0-9]+|\s+|[\u0080-\uffff]+|([^A-Za-z0-9\s\u0080-\uffff])\1*/g,
  )) {
    const first = run.charCodeAt(0);
    if (run.length >= 32 && /^[A-Za-z0-9+/=]+$/.test(run)) tokens += isRandom(run) ? run.length * 0.75 : run.length / 3;
    else if (first >= 0x80) tokens += costOfOthers(run);
    else if (isLetter(first)) tokens += Math.ceil(run.length / 5);
    else if (first >= 48 && first <= 57) tokens += Math.ceil(run.length / 2);
    else if (first <= 32) tokens += run === ' ' ? 0.1 : 0.5 + run.length / 8;
    else tokens += Math.ceil(run.length / 3);
  }
  return Math.ceil(tokens);
}

/** Base64 and the like, of which no vocabulary has whole words. */
const isRandom = (run: string): boolean => /[0-9]/.test(run) && /[A-Z]/.test(run) && /[a-z]/.test(run);
const isLetter = (code: number): boolean => (code | 32) >= 97 && (code | 32) <= 122;

function costOfOthers(run: string): number {
  let cost = 0;
  for (let at = 0; at < run.length; at++) {
    const code = run.charCodeAt(at);
    // Half of a pair (an emoji, say) costs half of three.
    cost += code >= 0xd800 && code < 0xe000 ? 1.5 : code < 0x800 ? 0.85 : 1;
  }
  return cost;
}
