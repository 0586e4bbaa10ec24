/**
 * A part of a run that cannot wait without end. Invariant: one that does not come to its end is a broken promise like any
 * other, and says of every process of the run what it waits for: a server that neither serves nor ends is a defect that
 * no other check would ever come to.
 */
import type { Workplace } from './workplace.ts';

/** A round takes a second or two, coming to rest ten: a machine that is thirty times slower comes to an end, too. */
const PART_MS_MAX = 300_000;

export async function within<T>(
  workplace: Workplace,
  part: string,
  work: () => Promise<T>,
  msMax = PART_MS_MAX,
): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(new Error(`not over after ${msMax / 1000} s: ${part}\n${workplace.describe()}`)),
    msMax,
  );
  try {
    return await Promise.race([work(), late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
