/**
 * Bugs by which a hostile neighbour does harm: each takes bounds away, and with one whatever else stands behind the same
 * bound. Where one harm meets many bounds, each has a sentence of its own, and all of them must be said.
 */
import type { Bug, Fault } from '#test/simulation/planted/bug.ts';

interface WithoutBounds extends Omit<Bug, 'seed'> {
  /** The bounds that are gone, besides the constants among its faults. */
  readonly bounds?: readonly string[];
  /** What is said of it, all of it. */
  readonly sees: readonly RegExp[];
}

/** Seen by the campaign. */
export interface MemberBug extends WithoutBounds {
  /** Which harm shows it. */
  readonly harm: string;
  readonly seconds: number;
  /** Seconds after which what only lingers is looked at. */
  readonly lingering?: number;
}

/** Seen by a test: what it does is neither memory nor time, or more than a campaign has time for. */
export interface TestedBug extends WithoutBounds {
  /** The file of the test. */
  readonly test: string;
}

export type BoundBug = MemberBug | TestedBug;

/** The names of the bounds that are gone. */
export function boundsOf({ faults, bounds = [] }: BoundBug): readonly string[] {
  return [...faults.flatMap((fault) => ('constant' in fault ? [fault.constant] : [])), ...bounds];
}

/** As many as nobody sends, and few enough for a timer. */
const NO_BOUND = 2_000_000_000;
/** With starting and looking at all of it; what takes longer stands still, or is over by itself. */
export const SHORTLY = 10;
export function unbounded(constant: string): Fault {
  return { constant, value: NO_BOUND };
}
