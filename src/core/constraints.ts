/**
 * Sentences in which a person says what must be so: quoted, never worded anew, and never more than a quotation. By well-known
 * words of some languages; a wrong find costs a line, so questions and very long sentences are passed by.
 */
const strong =
  /\b(?:do not|don['’]t|never|must(?:n['’]t)?|always|only|make sure|avoid|without|no longer|keep|instead of|required?|leave|stop|ensure|should not|shouldn['’]t|has to|have to)\b|(?<![\p{L}])(?:nicht|niemals|immer|muss|müssen|darf|dürfen|nur|ohne|nunca|siempre|jamais|toujours|nie wieder|нельзя|всегда|никогда|только)(?![\p{L}])|不要|必须|禁止|不能|只能|しないで|必ず|하지 ?마/iu;
const longest = 400;
/** Of one prompt. */
const mostOfOne = 8;

export function constraintsIn(text: string): string[] {
  if (!strong.test(text)) return [];
  const found: string[] = [];
  let fence: string | undefined;
  for (const raw of text.split('\n')) {
    const line = raw.trim();
    const mark = /^(?:```+|~~~+)/.exec(line)?.[0];
    if (mark !== undefined) {
      if (fence === undefined) fence = mark;
      else if (mark.startsWith(fence)) fence = undefined;
      continue;
    }
    // Code, quotations, traces and markup are no words of the person.
    if (fence !== undefined || /^(?:>|\||<|at |\s*[{}[\]])/.test(line)) continue;
    for (const part of line.replace(/^(?:[-*+]|\d+[.)]|#+)\s+/, '').split(/(?<=[.!?。！？])\s*(?=\S)/u)) {
      const sentence = part.trim();
      if (sentence.length < 8 || sentence.length > longest || /[?？]$/.test(sentence) || !strong.test(sentence)) continue;
      if (!found.includes(sentence)) found.push(sentence);
      if (found.length >= mostOfOne) return found;
    }
  }
  return found;
}
