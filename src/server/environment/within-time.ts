/** Waiting for work that others may wait for longer: it goes on, and only this wait ends. */
import type { Timers } from '../repository/ports.ts';

/** Whether the work was over in time; rejects with its failure. */
export function withinTime(timers: Timers, ms: number, work: Promise<void>): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const cancel = timers.after(ms, () => resolve(false));
    work.then(() => resolve(true), reject).finally(cancel);
  });
}
