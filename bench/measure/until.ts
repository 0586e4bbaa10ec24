/** Waiting for something to show, bounded. */
import { setTimeout as wait } from 'node:timers/promises';

export async function until(
  what: string,
  holds: () => boolean,
  { everyMs, mostMs }: { readonly everyMs: number; readonly mostMs: number },
): Promise<void> {
  const end = performance.now() + mostMs;
  while (!holds()) {
    if (performance.now() > end) throw new Error(`${what} did not come about within ${mostMs / 1000} s`);
    await wait(everyMs);
  }
}
