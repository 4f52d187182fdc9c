import { describe, expect, test } from 'vitest';
import { commandLineIn, commandText } from '../../src/core/terminalLine.ts';

describe('a command for a terminal', () => {
  test('[A51] is made of plain words alone, so that no id carries a command or an option', () => {
    expect(commandText(['claude', '--resume', '625d02c2-b83d'])).toBe('claude --resume 625d02c2-b83d');
    for (const id of ['$(rm -rf x)', 'a;b', 'a b', '-rf', '--dangerous', '`x`', "a'b", 'a\nb', '', 'a|b', '%PATH%', 'é'])
      expect([id, commandText(['codex', 'resume', id === '-rf' || id === '--dangerous' ? `${id}=x y` : id])]).toEqual([id, undefined]);
    expect(commandText([])).toBeUndefined();
  });

  test('[A51] goes into its folder, whatever that is called', () => {
    expect(commandLineIn('/home/me/app', ['pi', '--session', 'x'], 'linux')).toBe('cd /home/me/app && pi --session x');
    expect(commandLineIn("/home/me/my $(app)'s", ['pi'], 'darwin')).toBe(`cd '/home/me/my $(app)'\\''s' && pi`);
    expect(commandLineIn("C:\\it's here", ['pi'], 'win32')).toBe("cd 'C:\\it''s here'; pi");
    expect(commandLineIn('/home/a\nb', ['pi'], 'linux')).toBeUndefined();
  });
});
