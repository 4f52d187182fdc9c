/** What a user may set about recording. Sizes in bytes. */
export interface RecorderSettings {
  /** `automatic`: with the first activity; `ask`: the host asks, then calls `start`; `manual`: only by `start`. */
  readonly start: 'automatic' | 'ask' | 'manual';
  /** A session without an event for so long is over. */
  readonly idleHours: number;
  /** Larger files are skipped with the reason. */
  readonly maxFileBytes: number;
  /** How much of what git does not hold is copied when a session begins. */
  readonly baselineBudgetBytes: number;
  /** When the store of contents has reached this, changes go on being recorded, their contents do not. */
  readonly maxStoredBytes: number;
  /** More files than this are not followed; status says so. */
  readonly maxFiles: number;
  /** Globs in gitignore's syntax, relative to each folder. */
  readonly exclude: readonly string[];
  /** Globs of further files that are never read, beside the built-in ones. */
  readonly secretFiles: readonly string[];
  /** Quiet time of a file before it is read, and the longest wait. */
  readonly quietMs: number;
  readonly maxWaitMs: number;
  /** Terminal output is recorded (its tail, redacted), or only the command and its exit code. */
  readonly commandOutput: boolean;
  /** Which agents' runs are recorded, as the user wrote it: see readRecordPolicy. */
  readonly recordPolicy: unknown;
  /** Commits made while a session is recorded get its name as a trailer. */
  readonly sessionTrailer: boolean;
}

export const defaultRecorderSettings: RecorderSettings = {
  start: 'automatic',
  idleHours: 4,
  maxFileBytes: 5 * 1024 * 1024,
  baselineBudgetBytes: 200 * 1024 * 1024,
  maxStoredBytes: 2 * 1024 * 1024 * 1024,
  maxFiles: 200_000,
  exclude: [],
  secretFiles: [],
  quietMs: 350,
  maxWaitMs: 2000,
  commandOutput: true,
  recordPolicy: undefined,
  sessionTrailer: false,
};
