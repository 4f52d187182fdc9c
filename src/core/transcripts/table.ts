import type { TranscriptAdapter } from './adapter.ts';
import { aiderAdapter } from './aider.ts';
import { beadsAdapter } from './beads.ts';
import { claudeAdapter } from './claude.ts';
import { clineAdapter, kiloAdapter, rooAdapter } from './cline.ts';
import { codexAdapter } from './codex.ts';
import { copilotAdapter } from './copilot.ts';
import { cursorAdapter } from './cursor.ts';
import { gastownAdapter } from './gastown.ts';
import { geminiAdapter } from './gemini.ts';
import { kimiAdapter } from './kimi.ts';
import { openclawAdapter } from './openclaw.ts';
import { opencodeAdapter } from './opencode.ts';
import { piAdapter } from './pi.ts';
import { qwenAdapter } from './qwen.ts';
import { vscodeChatAdapter } from './vscodeChat.ts';

/** Every agent whose transcripts can be read. A new one is a line here. */
export const transcriptAdapters: readonly TranscriptAdapter[] = [
  codexAdapter,
  claudeAdapter,
  piAdapter,
  openclawAdapter,
  copilotAdapter,
  geminiAdapter,
  qwenAdapter,
  kimiAdapter,
  clineAdapter,
  rooAdapter,
  kiloAdapter,
  opencodeAdapter,
  vscodeChatAdapter,
  cursorAdapter,
  gastownAdapter,
  beadsAdapter,
  aiderAdapter,
];
