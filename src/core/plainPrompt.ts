/**
 * A resume prompt’s Markdown (our own: headings, lists, fences, code in ticks) as plain text, for where Markdown is not wanted.
 * What was quoted in a fence stands behind a bar on each line, so it still cannot be taken for our own words.
 */
export function plainPrompt(markdown: string): string {
  const lines: string[] = [];
  let fence: string | undefined;
  for (const line of markdown.split('\n')) {
    if (fence !== undefined) {
      if (line === fence) fence = undefined;
      else lines.push(`| ${line}`);
      continue;
    }
    const opening = /^(`{3,})text$/.exec(line)?.[1];
    if (opening !== undefined) {
      fence = opening;
      continue;
    }
    const heading = /^#{1,2} (.*)$/.exec(line)?.[1];
    lines.push(heading === undefined ? withoutTicks(line) : `${withoutTicks(heading)}:`);
  }
  return lines.join('\n');
}

const withoutTicks = (line: string): string => line.replaceAll(/(?<!`)(`+)(?!`) ?(.*?) ?(?<!`)\1(?!`)/g, '“$2”');
