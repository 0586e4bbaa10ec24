/** Checks a database file without blocking the event loop: a large one takes minutes, so it has its own thread. */
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { fileProblems } from './structure.ts';

/** Two thousand keys, checked in some 3 ms; a thread takes 30 ms to begin. */
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
    worker.once('exit', () => resolve([`${path} could not be checked: the check ended without a result`]));
  });
}
