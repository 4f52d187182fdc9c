import * as vscode from 'vscode';
import { DisposableStore, type Disposable } from '../base/disposable.ts';
import type { Outcome, RowContext } from '../protocol/messages.ts';
import type { Actions } from './actions.ts';
import type { Prompts } from './prompts.ts';

/** A command of the manifest: what it does, given what VS Code hands to it. */
type Command = (argument: unknown) => Promise<Outcome>;

/** Every command of the manifest, by id. */
function commandTable(actions: Actions, menu: () => Promise<Outcome>): Record<string, Command> {
  return {
    'tapedeck.start': () => actions.startSession(),
    'tapedeck.checkpoint': () => actions.checkpoint(),
    'tapedeck.update': () => actions.updateSession(),
    'tapedeck.openReport': () => actions.openReport(),
    'tapedeck.exportSession': () => actions.exportSession(),
    'tapedeck.importSession': () => actions.importSession(),
    'tapedeck.end': () => actions.endSession(),
    'tapedeck.pause': () => actions.pause(),
    'tapedeck.continue': () => actions.continueRecording(),
    'tapedeck.label': () => actions.labelSession(),
    'tapedeck.openSession': () => actions.openSession(),
    'tapedeck.decide': () => actions.logDecision(),
    'tapedeck.decisions': () => actions.showDecisions(),
    'tapedeck.exportDecisions': () => actions.exportDecisions(),
    'tapedeck.block': () => actions.logBlocker(),
    'tapedeck.clearBlocker': () => actions.clearBlocker(),
    'tapedeck.plan': () => actions.editPlan(),
    'tapedeck.note': () => actions.addNote(),
    'tapedeck.copyResume': () => actions.copyResume(),
    'tapedeck.openAgent': () => actions.openAgent(),
    'tapedeck.saveResume': () => actions.saveResume(),
    'tapedeck.editResume': () => actions.editResume(),
    'tapedeck.drift': () => actions.showDrift(),
    'tapedeck.rewind': () => actions.rewindTo(),
    'tapedeck.undoRewind': () => actions.undoRewind(),
    'tapedeck.rewindFile': (target) => actions.rewindFileOf(target instanceof vscode.Uri ? target : undefined),
    'tapedeck.rewindFolder': (target) => actions.rewindFolderOf(target instanceof vscode.Uri ? target : undefined),
    'tapedeck.rewindLastGreen': () => actions.rewindLastGreen(),
    'tapedeck.filesAt': () => actions.openFilesAt(),
    'tapedeck.compare': () => actions.comparePoints(),
    'tapedeck.blameLine': () => actions.blameLine(),
    'tapedeck.fileHistory': (target) => actions.showFileHistory(target instanceof vscode.Uri ? target : undefined),
    'tapedeck.openTab': () => actions.openTab(),
    'tapedeck.focus': () => actions.showView(),
    'tapedeck.menu': menu,
    'tapedeck.search': () => actions.searchLog(),
    'tapedeck.goToTime': () => actions.goToTime(),
    'tapedeck.findPast': () => actions.findPast(),
    'tapedeck.importPast': () => actions.importPast(),
    'tapedeck.linkFolder': () => actions.linkFolder(),
    'tapedeck.verify': () => actions.verify(),
    'tapedeck.revealLog': () => actions.revealLogFolder(),
    'tapedeck.showOutput': () => actions.showOutput(),
    'tapedeck.installCli': () => actions.copyCliPath(),
    'tapedeck.row.openDiff': (row) => actions.openDiff(rowOf(row).rowEvents, rowOf(row).rowPath),
    'tapedeck.row.filesAt': (row) => actions.openFilesAt(newestOf(row)),
    'tapedeck.row.compare': (row) => actions.comparePoints(newestOf(row)),
    'tapedeck.row.rewind': (row) => actions.rewindTo(newestOf(row)),
    'tapedeck.row.rewindBefore': (row) => actions.rewindAroundTurn(rowOf(row).rowEvents, 'before'),
    'tapedeck.row.rewindAfter': (row) => actions.rewindAroundTurn(rowOf(row).rowEvents, 'after'),
    'tapedeck.row.rewindFile': (row) => actions.rewindTo(newestOf(row), rowOf(row).rowPath),
    'tapedeck.row.undoTurn': (row) => actions.undoWork(rowOf(row).rowEvents, true),
    'tapedeck.row.undoChange': (row) => actions.undoWork(rowOf(row).rowEvents, false, rowOf(row).rowPath),
    'tapedeck.row.bringBack': (row) => actions.bringBack(rowOf(row).rowEvents, rowOf(row).rowPath),
    'tapedeck.row.returnTo': (row) => actions.returnToFuture(rowOf(row).rowEvents),
    'tapedeck.row.showDecision': (row) => actions.showEvent(newestOf(row) ?? ''),
    'tapedeck.row.copy': (row) => actions.copyText(rowOf(row).rowText),
    'tapedeck.row.copyId': (row) => actions.copyText(newestOf(row) ?? ''),
    'tapedeck.row.openFile': (row) => actions.openFile(rowOf(row).rowPath ?? ''),
  };
}

/** Registers them all. What fails is shown with its reason and a way to the output, never swallowed. */
export function registerCommands(
  actions: Actions,
  prompts: () => Prompts,
  menu: () => Promise<Outcome>,
  trace: (message: string) => void,
): Disposable {
  const disposables = new DisposableStore();
  for (const [id, run] of Object.entries(commandTable(actions, menu))) {
    disposables.add(
      vscode.commands.registerCommand(id, async (argument: unknown) => {
        try {
          return (await run(argument)).done;
        } catch (error) {
          const message = error instanceof Error ? error.message : String(error);
          trace(`${id}: ${error instanceof Error ? (error.stack ?? message) : message}`);
          const show = vscode.l10n.t('Show Output');
          void prompts()
            .fail(message, show)
            .then((answer) => (answer === show ? actions.showOutput() : undefined));
          return false;
        }
      }),
    );
  }
  return disposables;
}

/** The row that a context menu was opened on. It comes from the page, so it is looked at before it is believed. */
function rowOf(argument: unknown): Pick<RowContext, 'rowEvents' | 'rowText'> & { readonly rowPath?: string } {
  const { rowEvents, rowText, rowPath } = (argument ?? {}) as Partial<Record<keyof RowContext, unknown>>;
  return {
    rowEvents: Array.isArray(rowEvents) ? rowEvents.filter((id): id is string => typeof id === 'string') : [],
    rowText: typeof rowText === 'string' ? rowText : '',
    ...(typeof rowPath === 'string' ? { rowPath } : {}),
  };
}

const newestOf = (argument: unknown): string | undefined => rowOf(argument).rowEvents.at(-1);
