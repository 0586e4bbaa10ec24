/**
 * A file that drives a browser waits for a program that is not ours, on a machine that others use. Where one fails it is
 * run once more, by itself, and both outcomes are told: failed twice is a failure, failed once is named at the end of
 * the run so that somebody mends it. No other file has a second look.
 */
import type { TestFileResult } from './run-test-file.ts';

/** Where browsers are driven. */
const BROWSER_FILES = 'test/console/';
/** More than that in one run is no chance. */
export const SECOND_LOOKS_MAX = 2;

export interface LookedAt {
  readonly file: string;
  readonly result: TestFileResult;
  /** What it said at first, where it was run again. */
  readonly first?: TestFileResult;
}

export function hasFailed({ tests, fault }: TestFileResult): boolean {
  return fault !== undefined || tests.some(({ outcome }) => outcome === 'failed' || outcome === 'cancelled');
}

/** Runs once more what failed among the files that drive a browser, unless too many did. */
export async function lookAgain(
  results: readonly LookedAt[],
  run: (file: string) => Promise<TestFileResult>,
): Promise<LookedAt[]> {
  const failed = results.filter(({ result }) => hasFailed(result)).map(({ file }) => file);
  const isChance =
    failed.length <= SECOND_LOOKS_MAX && failed.every((file) => file.startsWith(BROWSER_FILES));
  const looked: LookedAt[] = [];
  for (const one of results) {
    if (isChance && failed.includes(one.file))
      // One after the other: the second look is a quiet one.
      looked.push({ file: one.file, result: await run(one.file), first: one.result });
    else looked.push(one);
  }
  return looked;
}
