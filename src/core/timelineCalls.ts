import type { ClaimedEdit, EventOf, LoggedEvent, ToolKind } from '../model/event.ts';
import { eventId } from '../model/ids.ts';

/**
 * What was done, as one thing each: a tool call, its return, its command's start and end, the files it read and the tests it
 * ran are told by several events, in any order of arrival; they become one action at the place of the first.
 */
export interface Action {
  readonly first: LoggedEvent;
  readonly events: LoggedEvent[];
  tool: ToolKind;
  name: string | undefined;
  title: string | undefined;
  command: string | undefined;
  paths: string[];
  edits: ClaimedEdit[];
  hasEnded: boolean;
  exitCode: number | null | undefined;
  status: 'completed' | 'failed' | undefined;
  outcome: string | undefined;
  durationMs: number | undefined;
  tests: EventOf<'tests.finished'> | undefined;
}

/** Gathers the actions among a section's events. */
export class ActionBook {
  readonly #byCall = new Map<string, Action>();
  readonly #byStart = new Map<string, Action>();
  readonly #byCommand = new Map<string, Action>();

  /** The action that the event belongs to, and whether the event is its first; undefined when it is of none. */
  take(event: LoggedEvent): { readonly action: Action; readonly isNew: boolean } | undefined {
    switch (event.kind) {
      case 'tool.called': {
        const taken = this.#take(event, this.#byCall.get(event.call));
        const { action } = taken;
        this.#byCall.set(event.call, action);
        action.tool = event.tool;
        action.name = event.name;
        action.title = event.title ?? action.title;
        this.#name(action, event.command);
        action.paths.push(...(event.paths ?? []));
        action.edits.push(...(event.edits ?? []));
        return taken;
      }
      case 'tool.returned': {
        const taken = this.#take(event, this.#byCall.get(event.call));
        const { action } = taken;
        this.#byCall.set(event.call, action);
        if (taken.isNew) action.tool = event.tool ?? 'other';
        action.name ??= event.name;
        action.status = event.status;
        action.outcome ??= event.outcome;
        action.durationMs ??= event.durationMs;
        action.hasEnded = event.outcome !== 'background';
        if (event.edits !== undefined && event.edits.length > 0) action.edits = [...event.edits];
        return taken;
      }
      case 'command.started': {
        const taken = this.#take(event, event.call === undefined ? undefined : this.#byCall.get(event.call));
        if (event.call !== undefined) this.#byCall.set(event.call, taken.action);
        this.#byStart.set(eventId(event), taken.action);
        taken.action.tool = 'execute';
        this.#name(taken.action, event.command);
        return taken;
      }
      case 'command.ended': {
        const known =
          (event.call === undefined ? undefined : this.#byCall.get(event.call)) ??
          (event.started === undefined ? undefined : this.#byStart.get(event.started));
        const taken = this.#take(event, known);
        const { action } = taken;
        if (event.call !== undefined) this.#byCall.set(event.call, action);
        action.tool = 'execute';
        this.#name(action, event.command);
        action.exitCode = event.exitCode;
        action.durationMs = event.durationMs ?? action.durationMs;
        action.outcome = event.outcome ?? action.outcome;
        action.hasEnded = true;
        return taken;
      }
      case 'tests.finished': {
        const known = (event.started === undefined ? undefined : this.#byStart.get(event.started)) ?? this.#byCommand.get(event.command);
        const taken = this.#take(event, known);
        taken.action.tool = 'execute';
        this.#name(taken.action, event.command);
        taken.action.tests = event;
        taken.action.hasEnded = true;
        return taken;
      }
      case 'file.read': {
        const known = event.call === undefined ? undefined : this.#byCall.get(event.call);
        const taken = this.#take(event, known);
        if (taken.isNew) taken.action.tool = 'read';
        if (!taken.action.paths.includes(event.path)) taken.action.paths.push(event.path);
        taken.action.hasEnded = taken.isNew || taken.action.hasEnded;
        return taken;
      }
      case 'skill.used': {
        const taken = this.#take(event, undefined);
        taken.action.name = 'skill';
        taken.action.title = event.name;
        taken.action.hasEnded = true;
        return taken;
      }
      default:
        return undefined;
    }
  }

  #take(event: LoggedEvent, known: Action | undefined): { readonly action: Action; readonly isNew: boolean } {
    if (known !== undefined) {
      known.events.push(event);
      return { action: known, isNew: false };
    }
    const action: Action = {
      first: event,
      events: [event],
      tool: 'other',
      name: undefined,
      title: undefined,
      command: undefined,
      paths: [],
      edits: [],
      hasEnded: false,
      exitCode: undefined,
      status: undefined,
      outcome: undefined,
      durationMs: undefined,
      tests: undefined,
    };
    return { action, isNew: true };
  }

  #name(action: Action, command: string | undefined): void {
    if (command === undefined) return;
    action.command ??= command;
    this.#byCommand.set(command, action);
  }
}

/** It ended other than well. An interrupted or declined one did not fail: nobody found anything wrong. */
export function hasFailed(action: Action): boolean {
  if (action.outcome === 'interrupted' || action.outcome === 'declined' || action.outcome === 'closed' || action.outcome === 'denied')
    return false;
  if (typeof action.exitCode === 'number') return action.exitCode !== 0;
  return action.status === 'failed' || action.tests?.ok === false;
}

/** Tests were seen to pass in it. */
export function hasPassed(action: Action): boolean {
  return action.tests?.ok === true && !hasFailed(action);
}

/** It changes files, or says that it does. */
export const isEditing = ({ tool, edits }: Action): boolean => tool === 'edit' || tool === 'delete' || tool === 'move' || edits.length > 0;
