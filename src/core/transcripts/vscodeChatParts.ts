import type { ToolKind } from '../../model/event.ts';
import { asCount, asList, asNumber, asRecord, asText, asWord, type JsonRecord } from './jsonValue.ts';
import { resolveToldPath } from './toldPath.ts';

/** What a response holds, in order: words, a call of a tool, a file that was edited. */
export type ChatPart =
  | { readonly kind: 'words'; readonly text: string }
  | { readonly kind: 'invocation'; readonly invocation: JsonRecord }
  | { readonly kind: 'edits'; readonly path: string | undefined };

/** @param unknown is told each part of an unknown kind. */
export function partsOf(response: unknown, unknown: (type: string) => void): readonly ChatPart[] {
  const parts: ChatPart[] = [];
  let words = '';
  const flush = (): void => {
    // Fences without anything between them are what is left of an edit that is shown in its own part.
    const text = words.replace(/(?:^|\n)```[\w-]*\n\s*```\s*(?=\n|$)/g, '\n');
    if (text.trim() !== '') parts.push({ kind: 'words', text });
    words = '';
  };
  const list = typeof response === 'string' ? [{ value: response }] : asList(response);
  let hasCalled = false;
  for (const value of list) {
    const part = asRecord(value);
    const kind = asText(part?.['kind']);
    if (typeof value === 'string') words += value;
    else if (part === undefined) unknown('part/misshapen');
    else if (kind === undefined || kind === 'markdownContent' || kind === 'markdownVuln')
      words += asText(part['value']) ?? asText(asRecord(part['value'])?.['value']) ?? asText(asRecord(part['content'])?.['value']) ?? '';
    else if (kind === 'inlineReference') words += referenceName(part);
    else if (kind === 'toolInvocationSerialized' || kind === 'toolInvocation') {
      flush();
      hasCalled = true;
      parts.push({ kind: 'invocation', invocation: part });
    } else if (kind === 'textEditGroup' || kind === 'notebookEditGroup') {
      // Within an agent's turn the call before it says the edit.
      if (hasCalled) continue;
      flush();
      parts.push({ kind: 'edits', path: uriPath(part['uri']) });
    } else if (!idleParts.has(kind)) unknown(`part/${kind}`);
  }
  flush();
  return parts;
}

/** Known, and told elsewhere or only shown. */
const idleParts = new Set([
  'autoModeResolution',
  'changesSummary',
  'clearToPreviousToolInvocation',
  'codeCitation',
  'codeblockUri',
  'command',
  'confirmation',
  'disabledClaudeHooks',
  'elicitation',
  'elicitation2',
  'elicitationSerialized',
  'extensions',
  'externalEdits',
  'hook',
  'mcpServersStarting',
  'mcpServersStartingSerialized',
  'move',
  'multiDiffData',
  'planReview',
  'prepareToolInvocation',
  'progressMessage',
  'progressTask',
  'progressTaskSerialized',
  'pullRequest',
  'questionCarousel',
  'references',
  'thinking',
  'treeData',
  'undoStop',
  'usage',
  'warning',
  'workspaceEdit',
]);

function referenceName(part: JsonRecord): string {
  const reference = asRecord(part['inlineReference']);
  const path = uriPath(reference?.['uri'] ?? asRecord(reference?.['location'])?.['uri'] ?? part['inlineReference']);
  return asText(part['name']) ?? asText(reference?.['name']) ?? path?.split(/[\\/]/).at(-1) ?? '';
}

/** The path that a URI tells, as an object of its parts or as a text. */
export function uriPath(uri: unknown): string | undefined {
  if (typeof uri === 'string') return uri.startsWith('vscode-remote:') ? remotePath(uri) : uri;
  const parts = asRecord(uri);
  return asText(parts?.['fsPath']) ?? asText(parts?.['path']);
}

/** The path within `vscode-remote://host/path`. */
function remotePath(uri: string): string | undefined {
  const path = /^vscode-remote:\/\/[^/]*(\/.*)$/.exec(uri)?.[1];
  try {
    return path === undefined ? undefined : decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** The words of a request's prompt. */
export function promptOf(request: JsonRecord): { readonly text: string; readonly images: number; readonly origin?: string } {
  const message = request['message'];
  const parts = asList(asRecord(message)?.['parts']).flatMap((part) => asText(asRecord(part)?.['text']) ?? []);
  const text = asText(message) ?? asText(asRecord(message)?.['text']) ?? parts.join('');
  const variables = asList(asRecord(request['variableData'])?.['variables']).map(asRecord);
  const images = variables.filter((variable) => variable?.['kind'] === 'image').length;
  const slash = asRecord(request['slashCommand']);
  const origin = request['isSystemInitiated'] === true ? 'system' : slash === undefined ? undefined : 'slash';
  return { text, images, ...(origin === undefined ? {} : { origin }) };
}

/** What a response shows of a call. */
export interface ShownInvocation {
  readonly id: string | undefined;
  readonly name: string | undefined;
  readonly tool: ToolKind;
  readonly title: string | undefined;
  readonly command: string | undefined;
  readonly exitCode: number | undefined;
  readonly durationMs: number | undefined;
  readonly output: string | undefined;
  readonly paths: readonly string[];
  readonly isDenied: boolean;
  readonly isComplete: boolean;
}

export function readInvocation(told: JsonRecord, cwd: string | undefined): ShownInvocation {
  const name = asWord(told['toolId']);
  const special = asRecord(told['toolSpecificData']);
  const isTerminal = special?.['kind'] === 'terminal' || special?.['kind'] === 'terminal2';
  const line = special?.['commandLine'] ?? special?.['command'];
  const lines = asRecord(line);
  const command = isTerminal
    ? (asText(lines?.['userEdited']) ?? asText(lines?.['toolEdited']) ?? asText(lines?.['original']) ?? asText(line))
    : undefined;
  const state = asRecord(special?.['terminalCommandState']);
  const confirmed = told['isConfirmed'];
  const how = asRecord(confirmed)?.['type'];
  const title =
    asText(told['pastTenseMessage'] ?? told['invocationMessage']) ??
    asText(asRecord(told['pastTenseMessage'] ?? told['invocationMessage'])?.['value']);
  return {
    id: asWord(told['toolCallId']),
    name,
    tool: isTerminal ? 'execute' : kindOf(name),
    title: title?.slice(0, 300),
    command,
    exitCode: asNumber(state?.['exitCode']),
    durationMs: asCount(state?.['duration']),
    output: asText(asRecord(special?.['terminalCommandOutput'])?.['text']),
    paths:
      kindOf(name) === 'read'
        ? asList(told['resultDetails']).flatMap((value) => resolveToldPath(uriPath(asRecord(value)?.['uri'] ?? value), cwd) ?? [])
        : [],
    isDenied: confirmed === false || how === 0 || how === 5,
    isComplete: told['isComplete'] !== false,
  };
}

/** The kind of a tool by the name that its extension registers it under. */
function kindOf(name: string | undefined): ToolKind {
  if (name === undefined) return 'other';
  if (/terminal|runTask|runTests|execution/i.test(name)) return 'execute';
  if (/replaceString|insertEdit|createFile|applyPatch|editFile|editNotebook/i.test(name)) return 'edit';
  if (/readFile|readNotebook|viewImage|getErrors|readProject/i.test(name)) return 'read';
  if (/find|search|list|codebase|usages/i.test(name)) return 'search';
  if (/fetch|openSimpleBrowser|githubRepo/i.test(name)) return 'fetch';
  return /todo|subagent|think/i.test(name) ? 'think' : 'other';
}
