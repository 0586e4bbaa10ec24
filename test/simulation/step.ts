/** A step of a plan, and the times of a day. */
import type { FaultName } from './workload/faults.ts';
import type { ProcessFaultName } from './workload/several-processes.ts';
import type { WorkName } from './workload/work.ts';

export type StepName = WorkName | FaultName | ProcessFaultName;

/** What the numbers mean is the step's own; each is reduced to what there is when the step comes. */
export interface Step {
  /** Milliseconds since the run began. */
  readonly at: number;
  readonly do: StepName;
  readonly one: number;
  readonly two: number;
  readonly size: number;
}

export interface Plan {
  readonly seed: number;
  /** For each server the number of the one above it; the first, the root, has none. */
  readonly above: readonly (number | null)[];
  readonly devices: number;
  /** The most processes that serve one server: the root has so many, others fewer. One where it is left out. */
  readonly processes?: number;
  /** Servers left out, when a failing plan was made small. */
  readonly absent?: readonly number[];
  readonly steps: readonly Step[];
}

export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
/** Steps are done within it; then comes peace. */
export const DAY_MS = 24 * HOUR_MS;
/** The tree is put together before. */
export const MORNING_MS = 10 * MINUTE_MS;

/** A number of a step as one between two bounds. */
export function within(number: number, least: number, most: number): number {
  return least + (number % (most - least + 1));
}
