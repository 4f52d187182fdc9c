// Ctrl-C and the like end us in good order: by `process.exit`, so that what was started is ended and removed.
const codes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 };

/** Call once, in a script that starts others. */
export function exitOnSignals() {
  for (const [signal, code] of Object.entries(codes)) process.once(signal, () => process.exit(code));
}
