/** How each agent is told, when a run is taken up again, which model to go on with: by the agent's own help. */
const modelOptions: Readonly<Record<string, string>> = {
  claude: '--model',
  codex: '--model',
  gemini: '--model',
  opencode: '--model',
  pi: '--model',
  qwen: '--model',
  kimi: '--model',
  copilot: '--model',
  aider: '--model',
};

/** A model's name as a word that no shell and no option parser takes for something else. */
export const isModelName = (text: string): boolean => /^[A-Za-z0-9][\w.:/@+-]{0,199}$/.test(text);

/** The words that take a run up again, with the model that the session's user chose for that agent. */
export function withModel(agent: string, words: readonly string[], models: ReadonlyMap<string, string>): readonly string[] {
  const model = models.get(agent) ?? models.get('');
  const option = modelOptions[agent];
  return words.length === 0 || model === undefined || option === undefined || !isModelName(model) ? words : [...words, option, model];
}
