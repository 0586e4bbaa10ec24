/**
 * Which call fails in which round: every one that the work makes, each alone and lasting, in an order of chance. However
 * few rounds there are, every kind of call has its equal part of them, in starts and in servers that serve, and no number
 * comes again before all have come.
 */
import type { Dice } from '#test/simulation/world/dice.ts';
import { type CallCounts, CALLS, type Failing, FAILING, type Fault } from './failing-calls.ts';
import { shuffled } from './shuffled.ts';

/** `new`: a server in its first start. */
const VICTIMS = ['branch', 'root', 'new'] as const;
type Victim = (typeof VICTIMS)[number];

export interface FaultPoint {
  readonly victim: Victim;
  readonly fault: Fault;
}

const CALLS_MAX = 300;

interface Counted {
  /** Until the server was ready. */
  readonly starting: CallCounts;
  readonly whole: CallCounts;
}

/**
 * @param count lets a victim do its work unharmed, and tells how many calls that took.
 * @param only kinds of calls that are to fail.
 */
export async function faultPoints(
  dice: Dice,
  count: (victim: Victim) => Promise<Counted>,
  only: readonly Failing[] = FAILING,
): Promise<FaultPoint[]> {
  // By kind of call, those of a start apart from those of a server that serves.
  const lists = new Map<string, FaultPoint[]>();
  for (const victim of VICTIMS) {
    const { starting, whole } = await count(victim);
    for (const failing of only) {
      for (const call of CALLS[failing]) {
        for (let n = 1; n <= Math.min(CALLS_MAX, whole.get(call) ?? 0); n += 1) {
          const list = `${failing} ${n <= (starting.get(call) ?? 0)}`;
          const points = faultsOf(failing).map((fault) => ({
            victim,
            fault: { failing, call, n, ...fault },
          }));
          lists.set(list, [...(lists.get(list) ?? []), ...points]);
        }
      }
    }
  }
  const ofKind = (failing: Failing): FaultPoint[] =>
    inTurn(
      [true, false].map((starting) => repeatsLast(shuffled(lists.get(`${failing} ${starting}`) ?? [], dice))),
    );
  return inTurn(only.map(ofKind));
}

function faultsOf(failing: Failing): readonly Pick<Fault, 'error' | 'lasting'>[] {
  const errors = failing === 'write' ? (['EIO', 'ENOSPC'] as const) : (['EIO'] as const);
  const faults = errors.flatMap((error) => [false, true].map((lasting) => ({ error, lasting })));
  // Between a commit and its sync there is no time in which a kill of chance would fall.
  return failing === 'sync' ? [...faults, { error: 'SIGKILL', lasting: false }] : faults;
}

/** The first point of each number, then the second of each, and so on. */
function repeatsLast(points: readonly FaultPoint[]): FaultPoint[] {
  const met = new Map<string, number>();
  return points
    .map((point) => {
      const same = `${point.fault.call} ${point.fault.n}`;
      const before = met.get(same) ?? 0;
      met.set(same, before + 1);
      return { point, before };
    })
    .toSorted((one, other) => one.before - other.before)
    .map(({ point }) => point);
}

function inTurn<T>(lists: readonly (readonly T[])[]): T[] {
  const longest = Math.max(...lists.map(({ length }) => length));
  return Array.from({ length: longest }, (_, index) =>
    lists.flatMap((list) => list.slice(index, index + 1)),
  ).flat();
}
