/**
 * Rounds in which one system call of one server fails, or that one and all after it. Whatever fails: each answer is an
 * error or right, a sync that fails ends the process, and once the disk is well again everything that was acknowledged
 * is there, even where the power went right after.
 */
import assert from 'node:assert/strict';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { NotReady } from '#test/support/running-server.ts';
import { createDice, type Dice } from '#test/simulation/world/dice.ts';
import { CrashServer } from './crash-server.ts';
import { type Fault, readTrace, sayFault, type Traced, tracing } from './failing-calls.ts';
import { type FaultPoint, faultPoints } from './fault-points.ts';
import { attempt, handOverSome, lookUp, type Outcomes } from './fault-work.ts';
import type { PlaceMaker } from './place.ts';
import { type HeldKey, joinDevice } from './played-device.ts';
import { mayGoOn, type Report, type RunOptions } from './run-options.ts';
import { type CrashTree, growTree } from './tree.ts';
import type { Workplace } from './workplace.ts';

const ROUNDS_A_VERIFY = 10;

interface Ended {
  readonly ready: boolean;
  readonly code: number | null;
  readonly log: string;
  readonly traced: Traced;
}

/** Starts the server with this fault, lets it work, and stops it. */
async function liveThrough(
  server: CrashServer,
  trace: string,
  fault: Fault | undefined,
  work: () => Promise<void>,
): Promise<Ended> {
  rmSync(trace, { force: true });
  try {
    await server.start(tracing(server.data, trace, fault));
  } catch (error) {
    if (!(error instanceof NotReady)) throw error;
    const { code, log, pid } = error;
    return { ready: false, code, log, traced: await readTrace(trace, pid) };
  }
  await work();
  const code = await server.stop();
  const { process, log } = server.running;
  return { ready: true, code, log: log(), traced: await readTrace(trace, process.pid!) };
}

/** How a server may end whose calls fail. */
function judge({ ready, code, log, traced }: Ended): void {
  const told = /^keystair: ([a-z-]+): \S/m.exec(log)?.[1];
  assert.notEqual(told, 'internal', `the server ended with an error that says nothing:\n${log}`);
  if (code === 0) {
    assert.ok(ready, `a server ended with 0 and was never ready:\n${log}`);
    assert.deepEqual(traced.failedSyncs, [], 'a sync failed, and the server went on');
    return;
  }
  assert.equal(code, 1, `the server ended with ${code}:\n${log}`);
  assert.ok(told !== undefined, `the server ended and did not say why:\n${log}`);
  assert.ok(traced.met, `the server ended and nothing had failed:\n${log}`);
}

export async function runFaultRounds(
  workplace: Workplace,
  makePlace: PlaceMaker,
  options: RunOptions,
): Promise<Report> {
  const dice = createDice(options.seed, 'faults');
  const outcomes: Outcomes = new Map();
  const figures = { points: 0, met: 0, ended: 0, refusedToStart: 0 };
  const trace = join(workplace.makeFolder('trace'), 'trace');
  const tree = await growTree({ workplace, makePlace, dice });

  const note = (ended: Ended): void => {
    judge(ended);
    if (ended.traced.met) figures.met += 1;
    if (!ended.ready) figures.refusedToStart += 1;
    else if (ended.code !== 0) figures.ended += 1;
  };

  const inTree = async (server: CrashServer, fault: Fault | undefined, dice: Dice): Promise<Traced> => {
    const { root, branch, journal, devices } = tree;
    const device = devices.get(branch.name)!;
    const fromRoot = await keyOfRoot(tree);
    const own = await handOverSome({ server: branch, device, journal, outcomes: new Map() });
    // What a clean stop leaves and what a kill leaves are opened by different ways.
    await (dice.chance(0.5) ? server.stop() : server.kill());
    const ended = await liveThrough(server, trace, fault, async () => {
      await handOverSome({ server, device: devices.get(server.name)!, journal, outcomes });
      await lookUp({ device, outcomes }, own[0]!);
      await lookUp({ device, outcomes }, fromRoot);
      await attempt(outcomes, async () => void (await branch.call('heartbeatNow', {})));
      await attempt(outcomes, async () => void (await root.call('listKeys', { limit: 10 })));
    });
    note(ended);
    await server.place.cut();
    await server.start();
    await tree.check();
    return ended.traced;
  };

  /** The first start of all, in an empty place. */
  const atFirstStart = async (fault: Fault | undefined): Promise<Traced> => {
    const server = new CrashServer(workplace, 'New', makePlace('new', dice));
    const ended = await liveThrough(server, trace, fault, async () => {
      await attempt(outcomes, async () => {
        const device = await joinDevice(server);
        await handOverSome({ server, device, journal: tree.journal, outcomes });
        device.close();
      });
    });
    note(ended);
    await server.place.cut();
    await server.start();
    await server.look();
    await server.verify();
    await server.stop();
    server.place.close();
    return ended.traced;
  };

  const live = ({ victim, fault }: FaultPoint, dice: Dice): Promise<Traced> => {
    tree.journal.note(`${victim}: ${fault === undefined ? 'counted' : sayFault(fault)}`);
    if (victim === 'new') return atFirstStart(fault);
    return inTree(victim === 'root' ? tree.root : tree.branch, fault, dice);
  };

  let rounds = 0;
  const points = await faultPoints(dice, (victim) => live({ victim }, dice));
  for (const point of points) {
    if (!mayGoOn(options, rounds)) break;
    rounds += 1;
    try {
      await live(point, dice);
    } catch (error) {
      const kept = existsSync(trace) ? `; what strace saw is in ${trace}` : '';
      throw new Error(`${point.victim}, ${sayFault(point.fault!)}${kept}`, { cause: error });
    }
    if (rounds % ROUNDS_A_VERIFY === 0) await Promise.all([tree.root.verify(), tree.branch.verify()]);
  }
  figures.points = points.length;
  await tree.comeToRest();
  options.say([...outcomes].map(([outcome, count]) => `${count} times ${outcome}`).join(', '));
  return { rounds, figures };
}

/** A key that only the root has, for the branch to ask for. */
async function keyOfRoot({ root, devices, journal }: CrashTree): Promise<HeldKey> {
  const device = devices.get(root.name)!;
  const key = device.makeKey();
  await device.handOver(key);
  journal.acknowledged(root.name, key.id);
  return key;
}
