import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';

interface Item {
  readonly command: string;
  readonly when?: string;
  readonly group?: string;
}

const { contributes } = JSON.parse(readFileSync(path.resolve(import.meta.dirname, '../../package.json'), 'utf8')) as {
  contributes: {
    readonly commands: readonly { readonly command: string; readonly title: string; readonly category: string }[];
    readonly menus: Readonly<Record<string, readonly Item[]>>;
  };
};
const palette = contributes.menus['commandPalette'] ?? [];

describe('the commands of the manifest', () => {
  it('[V61] have one category and names that tell them apart', () => {
    const shown = contributes.commands.filter(({ command }) => !palette.some((item) => item.command === command && item.when === 'false'));
    expect(new Set(contributes.commands.map(({ category }) => category))).toEqual(new Set(['Tapedeck']));
    const titles = shown.map(({ title }) => title.replace('…', '').toLowerCase());
    expect(titles.filter((title, index) => titles.indexOf(title) !== index)).toEqual([]);
    expect(shown.filter(({ title }) => title.endsWith('...')).map(({ title }) => title)).toEqual([]);
  });

  it('[V61] that need a session are offered only where there is one, each once', () => {
    const once = palette.map(({ command }) => command);
    expect(once.filter((command, index) => once.indexOf(command) !== index)).toEqual([]);
    const always = contributes.commands.map(({ command }) => command).filter((command) => !once.includes(command));
    // Each of these does something in a folder where nothing was recorded yet, or begins a session.
    expect(always.toSorted()).toEqual(
      [
        ...['start', 'update', 'pause', 'continue', 'checkpoint', 'decide', 'block', 'note', 'plan'],
        ...['openSession', 'importSession', 'openTab', 'focus', 'menu', 'search', 'findPast', 'importPast', 'linkFolder'],
        ...['showOutput', 'installCli'],
      ]
        .map((name) => `tapedeck.${name}`)
        .toSorted(),
    );
    for (const { command, when } of contributes.menus['explorer/context'] ?? []) expect(when, command).toContain('tapedeck.hasSession');
  });

  it('[V61] stand in a menu each at a place of its own, unless only one of two can show', () => {
    const places = (contributes.menus['editor/context'] ?? []).map(({ group }) => group);
    expect(new Set(places).size).toBe(places.length);
  });
});
