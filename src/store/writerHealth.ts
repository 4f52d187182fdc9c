/** Why a log cannot be written now. */
export type LogFailureReason =
  | 'disk-full'
  | 'read-only'
  | 'no-permission'
  | 'folder-missing'
  | 'file-replaced'
  | 'io-error'
  | 'too-many-files'
  | 'path-too-long'
  | 'no-answer'
  | 'short-write'
  | 'other';

/** `degraded`: events wait in memory, and are written as soon as it is possible again. */
export type WriterHealth =
  | { readonly state: 'ok' }
  | {
      readonly state: 'degraded';
      readonly reason: LogFailureReason;
      /** One sentence for a person. */
      readonly message: string;
      /** Events in memory that are not on disk. */
      readonly waiting: number;
      /** Events that found no room in memory either, and are gone. */
      readonly lost: number;
      /** ISO 8601, UTC. */
      readonly since: string;
    };

const reasons: Readonly<Record<string, LogFailureReason>> = {
  ENOSPC: 'disk-full',
  EDQUOT: 'disk-full',
  EROFS: 'read-only',
  EACCES: 'no-permission',
  EPERM: 'no-permission',
  EBUSY: 'no-permission',
  ENOENT: 'folder-missing',
  ENOTDIR: 'folder-missing',
  EIO: 'io-error',
  ENXIO: 'io-error',
  ESTALE: 'io-error',
  ETIMEDOUT: 'io-error',
  ENODEV: 'io-error',
  ENOTCONN: 'io-error',
  EHOSTDOWN: 'io-error',
  EHOSTUNREACH: 'io-error',
  EMFILE: 'too-many-files',
  ENFILE: 'too-many-files',
  ENAMETOOLONG: 'path-too-long',
};

const sentences: Readonly<Record<LogFailureReason, string>> = {
  'disk-full': 'The disk is full',
  'read-only': 'The disk is read-only',
  'no-permission': 'The recording may not be written: no permission, or another program holds the file',
  'folder-missing': 'The recording’s folder was removed',
  'file-replaced': 'The recording’s file was cut or replaced by another program',
  'io-error': 'The disk reported an error',
  'too-many-files': 'Too many files are open',
  'path-too-long': 'The path of the recording is too long for this disk',
  'no-answer': 'The disk has not answered for some time',
  'short-write': 'The disk took only part of what was written; it may be full',
  other: 'The recording could not be written',
};

/** A failure of writing that has a reason of its own rather than a code of the system. */
export class LogWriteError extends Error {
  readonly reason: LogFailureReason | 'closed' | 'no-room' | 'too-long';

  constructor(reason: LogFailureReason | 'closed' | 'no-room' | 'too-long', message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'LogWriteError';
    this.reason = reason;
  }
}

export function failureReason(error: unknown): LogFailureReason {
  if (error instanceof LogWriteError) return error.reason in sentences ? (error.reason as LogFailureReason) : 'other';
  return reasons[(error as NodeJS.ErrnoException | undefined)?.code ?? ''] ?? 'other';
}

export function describeFailure(reason: LogFailureReason, error: unknown): string {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  return `${sentences[reason]}${code === undefined ? '' : ` (${code})`}.`;
}

const nextSteps: Readonly<Record<LogFailureReason, string>> = {
  'disk-full': 'Free some space',
  'read-only': 'Make the disk writable again',
  'no-permission': 'Allow writing there, or close the program that holds the file',
  'folder-missing': 'Look at that folder: something may lie in its place',
  'file-replaced': 'Keep other programs (a sync client, a clean-up) away from that folder',
  'io-error': 'Check the disk or the connection to it',
  'too-many-files': 'Close other programs, or raise the limit of open files',
  'path-too-long': 'Move the folder to a shorter path',
  'no-answer': 'Check the disk or the connection to it',
  'short-write': 'Free some space',
  other: 'Look at that folder',
};

/** What helps against it, in a few words without a full stop. */
export function nextStepFor(reason: LogFailureReason): string {
  return nextSteps[reason];
}

/** The reason of that name, if it is one: a card may be of a later version. */
export function toFailureReason(text: string | undefined): LogFailureReason | undefined {
  return text !== undefined && text in nextSteps ? (text as LogFailureReason) : undefined;
}
