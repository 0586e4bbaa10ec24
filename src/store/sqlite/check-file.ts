/** Looking through a database file without holding up the event loop: minutes on a large one, so it has its own thread. */
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { fileProblems } from './structure.ts';

/** Two thousand keys, looked through in some 3 ms; a thread begins after 30. */
export const WITHOUT_THREAD_PAGES_MAX = 384;

/** Sentences that name what is damaged. */
export async function checkFile(path: string): Promise<readonly string[]> {
  return fileProblems(path, WITHOUT_THREAD_PAGES_MAX) ?? inThread(path);
}

function inThread(path: string): Promise<readonly string[]> {
  const script = new URL(`./structure-worker${extname(import.meta.url)}`, import.meta.url);
  return new Promise((resolve, reject) => {
    const worker = new Worker(script, { workerData: { path } });
    worker.once('message', (problems: readonly string[]) => resolve(problems));
    worker.once('error', reject);
    worker.once('exit', () => resolve([`${path} could not be checked: the check ended without an answer`]));
  });
}
