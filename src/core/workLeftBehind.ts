/**
 * Does a command line leave something running when it returns? Read as text, never run: a lone `&`, and programs whose
 * purpose it is. In doubt it does; then what changes later has one more who could have done it.
 */
export function leavesWorkBehind(line: string): boolean {
  const plain = line.slice(0, 8192).replace(quoted, (whole: string, option: string | undefined) => (option === undefined ? '' : whole));
  return loneAmpersand.test(plain) || leavers.test(plain);
}

/** Quoted words say nothing, but a script that a shell is given does. */
const quoted = /(?:(-[a-z]*c\s+|\beval\s+))?(?:"(?:[^"\\]|\\.)*"|'[^']*')/gi;
/** Neither `&&`, nor a redirection (`2>&1`, `&>`), nor PowerShell's call of a program, which begins a statement. */
const loneAmpersand = /[^&<>|;({\s]\s*&(?![&>\w.\\/$])(?!\s*["'](?:[A-Za-z]:|\.|\/))/;
const leavers =
  /(?:^|[\s;|&('"])(?:nohup|setsid|disown|daemonize|systemd-run|start-process|start-job|start\s+\/b|pm2\s+start|screen\s+-d|tmux\s+new\S*\s(?:[^;|&]*\s)?-d|(?:docker|podman)[\s-]compose\s[^;|&]*\bup\b[^;|&]*\s(?:-d|--detach)|(?:docker|podman)\s+run\s[^;|&]*(?:\s-d|--detach))\b/i;
