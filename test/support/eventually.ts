/** Waiting for something that another process does: looked at again and again, a bounded number of times. */
import { setTimeout as sleep } from 'node:timers/promises';

/** A minute and a half on a machine that does nothing else; a count, so that a busy machine gets more. */
const LOOKS_MAX = 3000;
const BETWEEN_MS = 30;

/** The first value that is not undefined or false. Throws, naming what never came. */
export async function eventually<T>(
  what: string,
  look: () => Promise<T | undefined | false> | T | undefined | false,
): Promise<T> {
  for (let looks = 0; looks < LOOKS_MAX; looks += 1) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    await sleep(BETWEEN_MS);
  }
  throw new Error(`it never came: ${what}`);
}
