import * as vscode from 'vscode';
import { Delayer } from '../base/delayer.ts';
import { DisposableStore, type Disposable } from '../base/disposable.ts';

export interface DiagnosticCounts {
  readonly errors: number;
  readonly warnings: number;
  /** Files with at least one of them. */
  readonly files: number;
}

/** Tells the counts of errors and warnings in the workspace when they have settled on something new. */
export class DiagnosticWatch implements Disposable {
  readonly #disposables = new DisposableStore();
  #last: DiagnosticCounts = { errors: 0, warnings: 0, files: 0 };

  constructor(onDidChange: (counts: DiagnosticCounts) => void) {
    const delayer = this.#disposables.add(
      new Delayer(
        () => {
          const counts = countDiagnostics();
          if (counts.errors === this.#last.errors && counts.warnings === this.#last.warnings) return;
          this.#last = counts;
          onDidChange(counts);
        },
        2000,
        10_000,
      ),
    );
    this.#disposables.add(vscode.languages.onDidChangeDiagnostics(() => delayer.request()));
  }

  dispose(): void {
    this.#disposables.dispose();
  }
}

function countDiagnostics(): DiagnosticCounts {
  let errors = 0;
  let warnings = 0;
  let files = 0;
  for (const [uri, diagnostics] of vscode.languages.getDiagnostics()) {
    if (uri.scheme !== 'file') continue;
    const errorsHere = diagnostics.filter(({ severity }) => severity === vscode.DiagnosticSeverity.Error).length;
    const warningsHere = diagnostics.filter(({ severity }) => severity === vscode.DiagnosticSeverity.Warning).length;
    errors += errorsHere;
    warnings += warningsHere;
    if (errorsHere + warningsHere > 0) files += 1;
  }
  return { errors, warnings, files };
}
