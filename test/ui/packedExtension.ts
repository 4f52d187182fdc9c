// Gives every UI test the same .vsix: the one named in TAPEDECK_VSIX, or one that is built and packed here.
import type { TestProject } from 'vitest/node';
import { buildProject, packExtension } from '../setup/project.mjs';

declare module 'vitest' {
  interface ProvidedContext {
    readonly vsix: string;
  }
}

/** Vitest calls this once before the UI tests. */
export async function setup(project: TestProject): Promise<void> {
  const given = process.env['TAPEDECK_VSIX'];
  if (given === undefined || given === '') {
    await buildProject();
    project.provide('vsix', await packExtension());
  } else {
    project.provide('vsix', given);
  }
}
