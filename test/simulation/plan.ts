/**
 * The plan of a run: which tree, and what is done in it when. Made from the seed alone and before the run, so that a
 * plan with steps left out is a plan again, and a failing one can be made small.
 */
import { DAY_MS, MORNING_MS, type Plan, type Step, type StepName } from './step.ts';
import { FAULTS } from './workload/faults.ts';
import { PROCESS_FAULTS } from './workload/several-processes.ts';
import { WORK } from './workload/work.ts';
import { createDice } from './world/dice.ts';

const SERVERS_DEFAULT = 13;
const STEPS_DEFAULT = 400;
const DEPTH = 4;

const NUMBERS = 2 ** 30;
const FAULT_SHARE = 0.22;

/** A name drawn by its weight. */
function drawn<Name extends string>(weights: Readonly<Record<Name, number>>, share: number): Name {
  const names = Object.keys(weights) as Name[];
  let left = share * names.reduce((sum, name) => sum + weights[name], 0);
  for (const name of names) {
    left -= weights[name];
    if (left < 0) return name;
  }
  return names.at(-1)!;
}

/** What a plan is made for; each has a default. */
export interface PlanSize {
  readonly servers?: number | undefined;
  readonly steps?: number | undefined;
  /** Of the root; other servers have as many or fewer. */
  readonly processes?: number | undefined;
}

export function makePlan(
  seed: number,
  { servers = SERVERS_DEFAULT, steps: stepCount = STEPS_DEFAULT, processes = 1 }: PlanSize = {},
): Plan {
  const dice = createDice(seed, 'plan');
  const depths: number[] = [];
  const above = Array.from({ length: servers }, (_, index) => {
    // The first few hang one below the other, so that the tree is as deep as it should be.
    const candidates = depths.flatMap((depth, site) => (depth < DEPTH - 1 ? [site] : []));
    const site = index === 0 ? null : index < DEPTH ? index - 1 : dice.pick(candidates);
    depths.push(site === null ? 0 : depths[site]! + 1);
    return site;
  });
  const workWeights = Object.fromEntries(Object.entries(WORK).map(([name, { weight }]) => [name, weight]));
  const faults = processes > 1 ? { ...FAULTS, ...PROCESS_FAULTS } : FAULTS;
  const faultWeights = Object.fromEntries(Object.entries(faults).map(([name, { weight }]) => [name, weight]));
  const steps = Array.from({ length: stepCount }, (): Step => {
    const kind = dice.chance(FAULT_SHARE) ? faultWeights : workWeights;
    return {
      at: dice.between(MORNING_MS, DAY_MS),
      do: drawn(kind, dice.below(NUMBERS) / NUMBERS) as StepName,
      one: dice.below(NUMBERS),
      two: dice.below(NUMBERS),
      size: dice.below(NUMBERS),
    };
  });
  steps.sort((left, right) => left.at - right.at);
  return { seed, above, devices: Math.ceil(servers * 1.5), ...(processes > 1 ? { processes } : {}), steps };
}
