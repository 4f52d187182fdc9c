import type * as vscode from 'vscode';
import type { EventId, SessionId } from '../model/ids.ts';
import type { WorkspacePath } from '../model/workspacePath.ts';
import type { Outcome, ResumeChoice, ResumeSize, ResumeText, SessionItem, Tab } from '../protocol/messages.ts';
import type { LogWorker } from '../services/logWorker.ts';
import type { Deck } from './deck.ts';
import type { Prompts } from './prompts.ts';

/**
 * Everything a user can do, for commands and page alike. `done` is false when the user turned away or was told why it
 * can't be done; what fails otherwise rejects, and is shown by whoever asked.
 */
export interface Actions {
  startSession(): Promise<Outcome>;
  endSession(): Promise<Outcome>;
  /** Looks at the files now, takes a note, and writes the pages. */
  updateSession(): Promise<Outcome>;
  /** The page of the session that is shown. */
  openReport(): Promise<Outcome>;
  exportSession(): Promise<Outcome>;
  importSession(): Promise<Outcome>;
  pause(): Promise<Outcome>;
  continueRecording(): Promise<Outcome>;
  labelSession(): Promise<Outcome>;
  checkpoint(): Promise<Outcome>;
  openSession(session?: SessionId): Promise<Outcome>;
  openCurrent(): Promise<Outcome>;
  sessionItems(): Promise<readonly SessionItem[]>;
  openFolder(): Promise<Outcome>;
  manageTrust(): Promise<Outcome>;
  verify(): Promise<Outcome>;
  revealLogFolder(): Promise<Outcome>;
  /** Lets the user search, and shows what was picked in the timeline. */
  searchLog(): Promise<Outcome>;
  /** Lets the user write a time, and shows what happened then in the timeline. */
  goToTime(): Promise<Outcome>;

  /** Lets the user find a past run of any agent, and takes it up in a terminal or copies how. */
  findPast(): Promise<Outcome>;
  /** Makes sessions of what agents did here before anybody recorded it. */
  importPast(): Promise<Outcome>;
  /** Says that this folder lay elsewhere before. */
  linkFolder(): Promise<Outcome>;

  logDecision(evidence?: readonly EventId[]): Promise<Outcome>;
  judgeDecision(id: string, verdict: DecisionVerdict): Promise<Outcome>;
  /** Lets the user pick a decision and judge it. */
  showDecisions(): Promise<Outcome>;
  exportDecisions(): Promise<Outcome>;
  logBlocker(evidence?: readonly EventId[]): Promise<Outcome>;
  clearBlocker(id?: string): Promise<Outcome>;
  addNote(): Promise<Outcome>;
  /** The user's own plan: what is next, being done, done. */
  editPlan(): Promise<Outcome>;

  openDiff(events: readonly EventId[], path?: WorkspacePath): Promise<Outcome>;
  openFilesAt(event?: EventId): Promise<Outcome>;
  /** Two points, one beside the other; what is not given is picked. */
  comparePoints(event?: EventId): Promise<Outcome>;
  openFile(path: WorkspacePath, line?: number): Promise<Outcome>;
  compareLastGreen(): Promise<Outcome>;
  /** Tells who made the line at the cursor. */
  blameLine(): Promise<Outcome>;
  /** What happened to a file on disk or a past version; without one, to that of the editor in front. */
  showFileHistory(target: vscode.Uri | undefined): Promise<Outcome>;
  copyText(text: string): Promise<Outcome>;

  /** Without an event the user picks one; with a path only that file or folder. `return`: it is the end of what a rewind set aside. */
  rewindTo(event?: EventId, path?: WorkspacePath, purpose?: 'return'): Promise<Outcome>;
  /** A file on disk or a past version; without one, that of the editor in front. */
  rewindFileOf(target: vscode.Uri | undefined): Promise<Outcome>;
  /** A folder on disk, with all that is in it. */
  rewindFolderOf(target: vscode.Uri | undefined): Promise<Outcome>;
  /** To the moment at which the turn that these events are of was asked for, or to its last event. */
  rewindAroundTurn(events: readonly EventId[], side: 'before' | 'after'): Promise<Outcome>;
  rewindLastGreen(): Promise<Outcome>;
  undoRewind(): Promise<Outcome>;
  /** Undoes these changes of files, or the turn that the events are of, and keeps what came after. */
  undoWork(events: readonly EventId[], isTurn: boolean, path?: WorkspacePath): Promise<Outcome>;

  /** Does these changes of files again, on top of what is there. */
  bringBack(events: readonly EventId[], path?: WorkspacePath): Promise<Outcome>;
  /** To where it was before the rewind that these events are, or that set them aside. */
  returnToFuture(events: readonly EventId[]): Promise<Outcome>;

  copyResume(size?: ResumeSize): Promise<Outcome>;
  resumeText(size: ResumeSize): Promise<ResumeText>;
  /** Remembers how the prompt shall be. */
  chooseResume(change: Partial<ResumeChoice>): Promise<Outcome>;
  saveResume(size?: ResumeSize): Promise<Outcome>;
  /** Opens it in an editor, to be changed and copied or handed on from there. */
  editResume(size?: ResumeSize): Promise<Outcome>;
  /** Starts an agent in a terminal with the prompt, or with the one that is edited in front. */
  openAgent(agent?: string): Promise<Outcome>;
  /** Tells what changed since the session that is shown, or since the prompt in the editor in front. */
  showDrift(): Promise<Outcome>;

  openTab(): Promise<Outcome>;
  showView(tab?: Tab): Promise<Outcome>;
  /** Shows the event in the timeline. */
  showEvent(event: EventId): Promise<Outcome>;
  showOutput(): Promise<Outcome>;
  /** How to call the command-line tool that ships with the extension. */
  copyCliPath(): Promise<Outcome>;
}

/** `edited`: confirmed in other words. */
export type DecisionVerdict = 'confirmed' | 'edited' | 'rejected' | 'superseded' | 'disproved';

/** What the actions stand on. The deck is asked for each time, because it can be replaced. */
export interface ActionContext {
  readonly context: vscode.ExtensionContext;
  readonly deck: () => Deck;
  readonly prompts: () => Prompts;
  readonly trace: (message: string) => void;
  /** Opens the deck anew, as at the start. */
  readonly reopen: () => Promise<void>;
  readonly openTab: () => void;
  readonly showView: (tab?: Tab, point?: EventId | { readonly ms: number }) => Promise<void>;
  readonly logWorker: LogWorker;
  /** Shows Markdown that is only to be read. */
  readonly showText: (title: string, markdown: string) => Promise<void>;
  readonly showOutput: () => void;
  /** The terminal in which that agent runs, where there is one and no other. */
  readonly terminalOf: (agent: string) => vscode.Terminal | undefined;
}
