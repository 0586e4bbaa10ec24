/**
 * One run: a plan is carried out in a world of its own, the witness watches, and at the end there is peace. The same
 * plan gives the same run, event for event.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkImportsAtTheEnd, checkNothingStaged } from './checkers/by-hand.ts';
import { checkAnswered, checkConverged, checkHandedOver, checkVerified } from './checkers/convergence.ts';
import { checkStillHeld } from './checkers/custody.ts';
import type { Violation } from './checkers/facts.ts';
import { Witness } from './checkers/witness.ts';
import { DAY_MS, MINUTE_MS, type Plan } from './step.ts';
import { FAULTS } from './workload/faults.ts';
import { mendFaults, openEveryLink } from './workload/peace.ts';
import { plantTree } from './workload/tree.ts';
import { PROCESS_FAULTS } from './workload/several-processes.ts';
import { type Action, WORK } from './workload/work.ts';
import { createDice } from './world/dice.ts';
import { prepareFilesByHand } from './world/file-by-hand.ts';
import type { TraceLine } from './world/trace.ts';
import { World } from './world/world.ts';

export interface Outcome {
  readonly seed: number;
  readonly steps: number;
  /** Faults done, to servers and to single messages. */
  readonly faults: number;
  /** SHA-256 over every event. */
  readonly trace: string;
  readonly violations: readonly Violation[];
  readonly lines: readonly TraceLine[];
  /** Short names of servers and devices by their ids. */
  readonly names: ReadonlyMap<string, string>;
  readonly figures: { readonly keys: number; readonly calls: number; readonly plannedFaults: number };
}

const ACTIONS: Readonly<Record<string, Action>> = { ...WORK, ...FAULTS, ...PROCESS_FAULTS };

/** Storms and starts are over, and calls under way with them. */
const SETTLING_MS = 3 * MINUTE_MS;
/** Two heartbeats of 15 minutes with their jitter. */
const CONVERGING_MS = 2 * 15 * 1.05 * MINUTE_MS;
const QUESTIONS_MS = 30 * MINUTE_MS;

function newDirectory(): string {
  const memory = '/dev/shm';
  return mkdtempSync(join(existsSync(memory) ? memory : tmpdir(), 'keystair-simulation-'));
}

/** @param onWorld is shown the world before anything happens in it. */
export async function simulate(
  plan: Plan,
  onWorld: (world: World) => void = () => undefined,
): Promise<Outcome> {
  await prepareFilesByHand();
  const directory = newDirectory();
  const world = new World(plan.seed, directory, (made) => new Witness(made));
  onWorld(world);
  const { facts } = world.witness;
  const onRejection = (error: unknown) => world.witness.onDefect('a promise that nobody awaits', error);
  process.on('unhandledRejection', onRejection);
  try {
    await carryOut(world, plan);
    return {
      seed: plan.seed,
      steps: plan.steps.length,
      faults: world.faultsDone + world.network.faults,
      trace: world.trace.digest(),
      violations: facts.violations,
      lines: world.trace.lines,
      names: new Map([...world.sites, ...world.devices].map(({ id, name }) => [id, name])),
      figures: { keys: facts.keys.size, calls: world.network.calls, plannedFaults: world.faultsDone },
    };
  } finally {
    await world.close();
    process.off('unhandledRejection', onRejection);
    rmSync(directory, { recursive: true, force: true });
  }
}

async function carryOut(world: World, plan: Plan): Promise<void> {
  const { schedule } = world;
  const { facts } = world.witness;
  const violated = () => facts.violations.length > 0;
  const until = (ms: number) => world.runUntil(schedule.now + ms, violated);
  plantTree(world, plan);
  for (const step of plan.steps) schedule.after(step.at, step.do, () => ACTIONS[step.do]!.run(world, step));
  await until(DAY_MS);
  if (violated()) return;
  mendFaults(world);
  await until(SETTLING_MS);
  let opened = false;
  world.begin('tree', 'opening every link', async () => {
    await openEveryLink(world);
    opened = true;
  });
  await until(SETTLING_MS);
  if (violated()) return;
  if (!opened) {
    facts.violate('when faults stop, administrators can mend the tree', 'not every link could be opened', []);
    return;
  }
  await until(CONVERGING_MS);
  if (violated()) return;
  checkConverged(facts, world);
  checkHandedOver(facts, world);
  checkStillHeld(facts, world);
  checkImportsAtTheEnd(facts, world);
  if (violated()) return;
  let answered = false;
  world.begin('tree', 'asking for keys', async () => {
    await checkAnswered(facts, world, createDice(plan.seed, 'questions'));
    await checkVerified(facts, world);
    await checkNothingStaged(facts, world);
    answered = true;
  });
  await world.runUntil(schedule.now + QUESTIONS_MS, () => answered || violated());
  if (!answered && !violated()) {
    facts.violate('when faults stop, every lookup is answered', 'a question was never answered', []);
  }
  if (violated()) return;
  let stopped = false;
  world.begin('tree', 'the end of the day', async () => {
    for (const { instances } of world.sites) for (const server of instances) await server.stop();
    stopped = true;
  });
  await world.runUntil(schedule.now + SETTLING_MS, () => stopped || violated());
}
