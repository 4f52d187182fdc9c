/**
 * How many tokens a text costs a model, estimated without its vocabulary and rather too high than too low: letters by four,
 * digits by two, every other sign by itself, what is not ASCII by its bytes. Spaces go with the word that they precede.
 */
export function estimateTokens(text: string): number {
  let tokens = 0;
  for (const [run] of text.matchAll(/[A-Za-z]+|[0-9]+|\s+|[\u0080-\u{10ffff}]+|([^A-Za-z0-9\s\u0080-\u{10ffff}])\1*/gu)) {
    const first = run.charCodeAt(0);
    if (first >= 0x80) tokens += bytesOf(run) / 2;
    else if (isLetter(first)) tokens += Math.ceil(run.length / 5);
    else if (first >= 48 && first <= 57) tokens += Math.ceil(run.length / 2);
    else if (first <= 32) tokens += run === ' ' ? 0.1 : 0.5 + run.length / 8;
    else tokens += Math.ceil(run.length / 3);
  }
  return Math.ceil(tokens);
}

const isLetter = (code: number): boolean => (code | 32) >= 97 && (code | 32) <= 122;

function bytesOf(text: string): number {
  let bytes = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    // Half of a pair counts two: the pair has four bytes.
    bytes += code < 0x800 || (code >= 0xd800 && code < 0xe000) ? 2 : 3;
  }
  return bytes;
}
