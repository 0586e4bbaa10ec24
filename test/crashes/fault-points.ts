/** Which call fails in which round: every one that the work makes, in an order of chance, each alone and lasting. */
import type { Dice } from '#test/simulation/world/dice.ts';
import { type Failing, FAILING, type Fault, type Traced } from './failing-calls.ts';

/** `new`: a server in its first start. */
const VICTIMS = ['branch', 'root', 'new'] as const;
type Victim = (typeof VICTIMS)[number];

export interface FaultPoint {
  readonly victim: Victim;
  /** None where calls are only counted. */
  readonly fault?: Fault;
}

const CALLS_MAX = 300;

/** @param count lets a victim do its work unharmed, and tells how many calls that took. */
export async function faultPoints(
  dice: Dice,
  count: (victim: Victim) => Promise<Traced>,
): Promise<FaultPoint[]> {
  const points: FaultPoint[] = [];
  for (const victim of VICTIMS) {
    const { counts } = await count(victim);
    for (const failing of FAILING) {
      for (let n = 1; n <= Math.min(CALLS_MAX, counts[failing]); n += 1) {
        for (const error of errorsOf(failing)) {
          for (const lasting of [false, true]) points.push({ victim, fault: { failing, error, n, lasting } });
        }
      }
    }
  }
  return shuffled(points, dice);
}

function errorsOf(failing: Failing): readonly Fault['error'][] {
  return failing === 'write' ? ['EIO', 'ENOSPC'] : ['EIO'];
}

function shuffled<T>(list: readonly T[], dice: Dice): T[] {
  const left = [...list];
  const drawn: T[] = [];
  while (left.length > 0) drawn.push(...left.splice(dice.below(left.length), 1));
  return drawn;
}
