/** Rounds of failing calls, in several lanes that have nothing in common but the processors. */
import { existsSync } from 'node:fs';
import { createDice } from '#test/simulation/world/dice.ts';
import { type Failing, sayFault } from './failing-calls.ts';
import { type FaultLane, openFaultLane } from './fault-lane.ts';
import { type FaultPoint, faultPoints } from './fault-points.ts';
import type { Outcomes } from './fault-work.ts';
import type { PlaceMaker } from './place.ts';
import { mayGoOn, type Report, type RunOptions } from './run-options.ts';
import { within } from './within.ts';
import type { Workplace } from './workplace.ts';

/** A round waits for starts of one process most of the time: two keep two processors busy. */
const LANES = 2;
const ROUNDS_A_VERIFY = 10;

export async function runFaultRounds(
  workplace: Workplace,
  makePlace: PlaceMaker,
  options: RunOptions,
): Promise<Report> {
  const outcomes: Outcomes = new Map();
  const failed: Record<Failing, number> = { write: 0, sync: 0, open: 0, read: 0 };
  const figures = { points: 0, met: 0, ended: 0, refusedToStart: 0 };
  let rounds = 0;
  let broken = false;

  const openLane = (_: unknown, lane: number): Promise<FaultLane> =>
    within(workplace, 'growing a tree', () => {
      const dice = createDice(options.seed, `faults ${lane}`);
      return openFaultLane({ workplace, makePlace, dice, outcomes });
    });
  const lanes = await Promise.all(Array.from({ length: LANES }, openLane));
  const countCalls = async (victim: FaultPoint['victim']) => {
    const counted = () => lanes[0]!.live({ victim });
    const { starting, traced } = await within(workplace, `${victim} is counted`, counted);
    return { starting: starting!, whole: traced.counts };
  };
  const only = options.failing === undefined ? undefined : [options.failing];
  const points = await faultPoints(createDice(options.seed, 'faults'), countCalls, only);
  figures.points = points.length;

  const live = async (lane: FaultLane, { victim, fault }: FaultPoint): Promise<void> => {
    const said = `${victim}, ${sayFault(fault)}`;
    try {
      const { ready, code, traced } = await within(workplace, said, () => lane.live({ victim, fault }));
      failed[fault.failing] += 1;
      if (traced.met) figures.met += 1;
      if (!ready) figures.refusedToStart += 1;
      else if (code !== 0) figures.ended += 1;
    } catch (error) {
      const kept = existsSync(lane.trace) ? `; what strace saw is in ${lane.trace}` : '';
      throw new Error(`${said}${kept}`, { cause: error });
    }
  };

  const runLane = async (lane: FaultLane, nth: number): Promise<void> => {
    const its = points.filter((_, index) => index % LANES === nth);
    for (const [index, point] of its.entries()) {
      if (broken || !mayGoOn(options, rounds)) break;
      rounds += 1;
      await options.time.round(async () => {
        await live(lane, point);
        if (index % ROUNDS_A_VERIFY === 0) await within(workplace, 'verifying', () => lane.verify());
      });
    }
    if (!broken) await within(workplace, 'coming to rest', () => lane.comeToRest());
  };

  // The other lane comes to the end of its round before everything is cleared away.
  const ends = await Promise.allSettled(
    lanes.map(async (lane, nth) => {
      try {
        await runLane(lane, nth);
      } catch (error) {
        broken = true;
        throw error;
      }
    }),
  );
  const end = ends.find(({ status }) => status === 'rejected');
  if (end?.status === 'rejected') throw end.reason;
  options.say([...outcomes].map(([outcome, count]) => `${count} times ${outcome}`).join(', '));
  return { rounds, figures: { ...figures, ...failed } };
}
