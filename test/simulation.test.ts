/**
 * The first promise over a whole tree: fixed seeds, and the proof that a run is the same each time and
 * that its checkers can fail. Fresh seeds and all planted bugs are run by `npm run simulate` (docs/decisions/0007).
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { BUGS } from './simulation/planted/bugs.ts';
import { misfits, readProgram, seek } from './simulation/planted/plant.ts';
import { makePlan } from './simulation/plan.ts';
import { type Outcome, simulate } from './simulation/simulate.ts';
import type { Plan } from './simulation/step.ts';
import { storyOf } from './simulation/story.ts';
import type { World } from './simulation/world/world.ts';

const FOLDER = join(import.meta.dirname, 'simulation');
/** Fixed seeds, from 1 on: as many as fit, and one on a machine that is slow. */
const SEEDS_MIN = 1;
const SEEDS_MAX = 30;
const SEEDS_MS = 4_000;
const FAULTS_MIN = 50;
/** A small tree suffices to see whether anything real gets in. */
const SMALL = { seed: 3, servers: 4, steps: 100 };
/** Enough to show here that the checkers can fail; all of them are looked for in `.ci/run`. */
const BUGS_HERE = [
  'a device is answered before its key is committed',
  'the option is not looked at by the receiver',
];

function requirePeace(outcome: Outcome, plan: Plan): void {
  assert.equal(outcome.violations.length, 0, `\n${storyOf(outcome, plan)}`);
}

test('no fault on any of the fixed seeds breaks a promise', async (t) => {
  const end = performance.now() + SEEDS_MS;
  let seeds = 0;
  let faults = 0;
  while (seeds < SEEDS_MIN || (seeds < SEEDS_MAX && performance.now() < end)) {
    seeds += 1;
    const plan = makePlan(seeds);
    const outcome = await simulate(plan);
    requirePeace(outcome, plan);
    assert.ok(
      outcome.figures.plannedFaults >= FAULTS_MIN,
      `seed ${seeds} has ${outcome.figures.plannedFaults} faults`,
    );
    assert.ok(outcome.figures.keys > 50, 'keys are made');
    faults += outcome.faults;
  }
  t.diagnostic(`${seeds} seeds, ${faults} faults`);
});

test('nor where servers have several processes, of which some stand still, die or stop', async () => {
  const plan = makePlan(SMALL.seed, { ...SMALL, processes: 3 });
  const outcome = await simulate(plan);
  requirePeace(outcome, plan);
  assert.ok(outcome.lines.some(({ what }) => /stands still/.test(what)));
});

test('the same seed is the same run, event for event, in every process', async () => {
  const plan = makePlan(SMALL.seed, SMALL);
  const [one, other] = [await simulate(plan), await simulate(plan)];
  assert.equal(one.trace, other.trace);
  const options = Object.entries(SMALL).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const printed = execFileSync(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', join(FOLDER, 'main.ts'), ...options, '--json'],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
  );
  const { seed, steps, faults, trace, violations } = one;
  assert.deepEqual(JSON.parse(printed), { seed, steps, faults, trace, violations });
  assert.notEqual((await simulate(makePlan(SMALL.seed + 1, SMALL))).trace, trace);
});

test('a run that is over holds nothing in its process: hundreds follow it there', async () => {
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;
  let world: WeakRef<World> | undefined;
  await simulate(makePlan(SMALL.seed, SMALL), (made) => {
    world = new WeakRef(made);
  });
  // On a busy machine the last of what it began in the background lets go of it a moment later.
  for (let looks = 0; looks < 50 && world?.deref() !== undefined; looks += 1) {
    await sleep(20);
    collectGarbage();
  }
  assert.ok(world !== undefined && world.deref() === undefined, 'its world is gone');
});

test('every planted bug still fits the program', () => {
  const program = readProgram();
  assert.deepEqual(
    BUGS.flatMap((bug) => misfits(bug, program)),
    [],
  );
});

test('planted bugs are found', async (t) => {
  for (const name of BUGS_HERE) {
    await t.test(name, async () => {
      const bug = BUGS.find((one) => one.name === name);
      assert.ok(bug !== undefined);
      const found = await seek(bug);
      assert.notEqual(found.seed, undefined, `not found in ${found.seeds} seeds`);
    });
  }
});
