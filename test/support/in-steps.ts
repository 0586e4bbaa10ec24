/**
 * A process that is met in the middle of its work, however quick it is: it runs a moment, stands, and is looked at; or
 * it stands most of the time, so that what it works on lasts.
 */
import { setTimeout as sleep } from 'node:timers/promises';

const STEP_MS = 5;
const STEPS_MAX = 10_000;
const STANDS_MS = 30;

/** Returns with the process standing (SIGSTOP), at the first look that holds. Throws, naming what never came. */
export async function inSteps(pid: number, what: string, look: () => boolean): Promise<void> {
  for (let step = 0; step < STEPS_MAX; step += 1) {
    process.kill(pid, 'SIGSTOP');
    if (holds(look)) return;
    process.kill(pid, 'SIGCONT');
    await sleep(STEP_MS);
  }
  throw new Error(`it never came: ${what}`);
}

const BUSY = 5;

/** One that stands in the very moment of a commit shows nothing of its database. */
function holds(look: () => boolean): boolean {
  try {
    return look();
  } catch (error) {
    if ((Number((error as { errcode?: number }).errcode) & 0xff) === BUSY) return false;
    throw error;
  }
}

export function goOn(pid: number): void {
  process.kill(pid, 'SIGCONT');
}

/** Runs the work while the process is some times slower than it can be. */
export async function slowly<T>(pid: number, work: () => Promise<T>): Promise<T> {
  const over = new AbortController();
  const slowed = (async () => {
    while (!over.signal.aborted) {
      process.kill(pid, 'SIGSTOP');
      await sleep(STANDS_MS);
      process.kill(pid, 'SIGCONT');
      await sleep(STEP_MS);
    }
  })();
  try {
    return await work();
  } finally {
    over.abort();
    await slowed;
  }
}
