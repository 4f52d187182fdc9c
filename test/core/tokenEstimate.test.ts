import { describe, expect, it } from 'vitest';
import { estimateTokens } from '../../src/core/tokenEstimate.ts';

describe('the token estimate', () => {
  // Counted with the vocabularies o200k_base and cl100k_base; the higher count stands here.
  it.each([
    ['Chinese', '我们需要在这里修复登录的问题，请不要修改配置文件。'.repeat(30), 510],
    ['Japanese', 'この関数を修正してください。テストを実行します。'.repeat(30), 510],
    ['Russian', 'Исправь пожалуйста ошибку в модуле авторизации и запусти тесты.'.repeat(30), 870],
    ['Arabic', 'مرحبا بالعالم كيف حالك'.repeat(30), 480],
    ['emoji', '🎉🚀👍🏽'.repeat(50), 600],
    ['base64', Buffer.from(Array.from({ length: 900 }, (_, i) => (i * 31) % 256)).toString('base64'), 882],
    ['a log', 'FAIL  test/core/fold.test.ts > folding > [D1] goes on\n    at /home/me/p/src/a.ts:12:34\n'.repeat(30), 960],
    ['constants', 'THE_QUICK_BROWN_FOX_CONSTANT_NAME '.repeat(40), 361],
    ['indented code', '        foo();\n            bar();\n'.repeat(50), 300],
    ['long words', 'internationalization counterrevolutionaries misconfiguration'.repeat(20), 160],
  ])('[D14] is not too low for %s, and not thrice too high', (_name, text, counted) => {
    const tokens = estimateTokens(text);
    expect(tokens).toBeGreaterThanOrEqual(counted);
    expect(tokens).toBeLessThan(counted * 3);
  });

  it('[D14] is nothing for nothing, and linear', () => {
    expect(estimateTokens('')).toBe(0);
    const from = performance.now();
    estimateTokens('aB1 ?'.repeat(1_000_000));
    expect(performance.now() - from).toBeLessThan(8000);
  });
});
