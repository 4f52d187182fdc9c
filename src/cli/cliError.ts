/** A failure that the user is told in one line. Exit code 1: it failed or was refused. 2: the command was not given right. */
export class CliError extends Error {
  readonly exitCode: 1 | 2;
  readonly reason: string;

  constructor(exitCode: 1 | 2, reason: string, message: string) {
    super(message);
    this.name = 'CliError';
    this.exitCode = exitCode;
    this.reason = reason;
  }
}

export function usageError(message: string): CliError {
  return new CliError(2, 'usage', message);
}
