/** The thread that checks a large database. It only reads. */
import { parentPort, workerData } from 'node:worker_threads';
import { fileProblems } from './structure.ts';

const { path } = workerData as { readonly path: string };

// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port, not a window
parentPort?.postMessage(fileProblems(path));
