import { parentPort } from 'node:worker_threads';
import { LogWork } from './services/logWork.ts';
import { serveLogWork } from './services/logWorkPort.ts';
import { nodeDigest } from './store/digest.ts';

/** The roof of the thread that searches and folds logs and makes their sidecars. It lives until it is ended from outside. */
function main(): void {
  const port = parentPort;
  if (port === null) return;
  serveLogWork(new LogWork({ digest: nodeDigest, isOwnThread: true }), {
    post: (message, moved = []) => port.postMessage(message, moved),
    onMessage: (listener) => port.on('message', listener),
  });
}

main();
