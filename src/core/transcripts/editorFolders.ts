import type { AgentEnvironment } from './adapter.ts';
import { joinHome } from './home.ts';

/** The editors of VS Code's kin, by the names of their folders. */
const editors = ['Code', 'Code - Insiders', 'VSCodium', 'Cursor', 'Windsurf'];
/** Where their servers keep the same on a machine that is worked at from afar. */
const servers = ['.vscode-server', '.vscode-server-insiders', '.vscodium-server', '.cursor-server', '.windsurf-server'];

/** The `User` folders in which the editors keep what extensions store. They need not exist. */
export function editorUserFolders(environment: AgentEnvironment): readonly string[] {
  const { platform, homeFolder, variables } = environment;
  const portable = variables['VSCODE_PORTABLE'];
  const base =
    platform === 'win32'
      ? (variables['APPDATA'] ?? joinHome(environment, homeFolder, 'AppData', 'Roaming'))
      : platform === 'darwin'
        ? joinHome(environment, homeFolder, 'Library', 'Application Support')
        : variables['XDG_CONFIG_HOME'] || joinHome(environment, homeFolder, '.config');
  return [
    ...(portable === undefined || portable === '' ? [] : [joinHome(environment, portable, 'user-data', 'User')]),
    ...editors.map((name) => joinHome(environment, base, name, 'User')),
    ...(platform === 'win32' ? [] : servers.map((name) => joinHome(environment, homeFolder, name, 'data', 'User'))),
  ];
}
