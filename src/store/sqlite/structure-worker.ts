/** The thread in which a database is looked through. It only reads. */
import { parentPort, workerData } from 'node:worker_threads';
import { openSecond } from './connection.ts';
import { structureProblems } from './structure.ts';

const { path } = workerData as { readonly path: string };

function check(): string[] {
  try {
    const connection = openSecond(path);
    try {
      return structureProblems(connection, path);
    } finally {
      connection.close();
    }
  } catch (error) {
    return [`${path} cannot be opened: ${error instanceof Error ? error.message : String(error)}`];
  }
}

// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port, not a window
parentPort?.postMessage(check());
