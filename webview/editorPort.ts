import { toDisposable } from '../src/base/disposable.ts';
import type { Port } from '../src/protocol/channel.ts';

interface EditorApi {
  postMessage(message: unknown): void;
  getState(): unknown;
  setState(state: unknown): void;
}
declare function acquireVsCodeApi(): EditorApi;

/** The way to the extension host, and the small memory that the editor keeps for a hidden page. */
export interface EditorPort extends Port {
  readState(): unknown;
  writeState(state: unknown): void;
}

/** Once in a document: the editor hands out its API a single time. */
export function openEditorPort(): EditorPort {
  const api = acquireVsCodeApi();
  return {
    post: (message) => api.postMessage(message),
    onMessage(listener) {
      const hear = (event: MessageEvent): void => listener(event.data);
      window.addEventListener('message', hear);
      return toDisposable(() => window.removeEventListener('message', hear));
    },
    readState: () => api.getState(),
    writeState: (state) => api.setState(state),
  };
}
