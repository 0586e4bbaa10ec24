/** What every measurement is handed. */
import type { Generator } from '../load/generator.ts';
import type { BenchOptions } from '../options.ts';
import type { Workplace } from '../workplace.ts';

export interface BenchRun {
  readonly options: BenchOptions;
  readonly workplace: Workplace;
  readonly generator: Generator;
  /** Says what is being done, for whoever waits. */
  readonly say: (sentence: string) => void;
}

/** So many of a whole run's requests, in a quick one. */
export function scaled(run: BenchRun, whole: number): number {
  return Math.max(1, Math.round(whole * run.options.share));
}
