/**
 * A tree in which one system call of one server fails, or that one and all after it, and then the next. Whatever fails:
 * each answer is an error or right, a sync that fails ends the process, and once the disk is well again everything that
 * was acknowledged is there, even where the power went right after.
 */
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { NotReady } from '#test/support/running-server.ts';
import type { Dice } from '#test/simulation/world/dice.ts';
import { CrashServer } from './crash-server.ts';
import {
  type CallCounts,
  countsUntilNow,
  type Fault,
  readTrace,
  sayFault,
  type Traced,
  tracing,
} from './failing-calls.ts';
import type { FaultPoint } from './fault-points.ts';
import { attempt, handOverSome, lookUp, type Outcomes } from './fault-work.ts';
import type { PlaceMaker } from './place.ts';
import { type HeldKey, joinDevice } from './played-device.ts';
import { type CrashTree, growTree } from './tree.ts';
import type { Workplace } from './workplace.ts';

export interface FaultLane {
  /** Where strace writes. */
  readonly trace: string;
  /** @param point without a fault the calls are only counted. */
  live(point: Pick<FaultPoint, 'victim'> & Partial<FaultPoint>): Promise<LivedThrough>;
  verify(): Promise<void>;
  comeToRest(): Promise<void>;
}

export interface LivedThrough {
  /** Null where it was killed by a signal. */
  readonly code: number | null;
  readonly ready: boolean;
  readonly traced: Traced;
  /** Calls until it was ready; undefined where it never was. */
  readonly starting: CallCounts | undefined;
}

interface Ended extends LivedThrough {
  readonly log: string;
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
    return { ready: false, code, log, starting: undefined, traced: await readTrace(trace, pid) };
  }
  const starting = countsUntilNow(trace);
  await work();
  const code = await server.stop();
  const { process, log } = server.running;
  return { ready: true, code, log: log(), starting, traced: await readTrace(trace, process.pid!) };
}

/** How a server may end whose calls fail. */
function judge({ ready, code, log, traced }: Ended, fault: Fault | undefined): void {
  if (code === null && traced.met && fault?.error === 'SIGKILL') return;
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

/**
 * What a killed server did not sync is there for the next start, until the power goes. Whoever was told of it then must
 * find it after that, too. Its neighbour keeps silent: whatever is committed for it would sync all that lies before.
 */
async function comeBackShortly(server: CrashServer, neighbour: CrashServer): Promise<void> {
  neighbour.freeze();
  try {
    await server.start();
    await server.look();
    await server.kill();
  } finally {
    neighbour.thaw();
  }
}

export interface FaultLaneOptions {
  readonly workplace: Workplace;
  readonly makePlace: PlaceMaker;
  readonly dice: Dice;
  readonly outcomes: Outcomes;
}

export async function openFaultLane(options: FaultLaneOptions): Promise<FaultLane> {
  const { workplace, makePlace, dice, outcomes } = options;
  const trace = join(workplace.makeFolder('trace'), 'trace');
  const tree = await growTree({ workplace, makePlace, dice });

  const inTree = async (server: CrashServer, fault: Fault | undefined): Promise<Ended> => {
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
    judge(ended, fault);
    if (fault?.error === 'SIGKILL') await comeBackShortly(server, server === root ? branch : root);
    await server.place.cut();
    await server.start();
    await tree.check();
    return ended;
  };

  /** The first start of all, in an empty place. */
  const atFirstStart = async (fault: Fault | undefined): Promise<Ended> => {
    const server = new CrashServer(workplace, 'New', makePlace('new', dice));
    const ended = await liveThrough(server, trace, fault, async () => {
      await attempt(outcomes, async () => {
        const device = await joinDevice(server);
        await handOverSome({ server, device, journal: tree.journal, outcomes });
        device.close();
      });
    });
    judge(ended, fault);
    await server.place.cut();
    await server.start();
    await server.look();
    await server.verify();
    await server.stop();
    server.place.close();
    return ended;
  };

  return {
    trace,
    live({ victim, fault }) {
      tree.journal.note(`${victim}: ${fault === undefined ? 'counted' : sayFault(fault)}`);
      if (victim === 'new') return atFirstStart(fault);
      return inTree(victim === 'root' ? tree.root : tree.branch, fault);
    },
    async verify() {
      await Promise.all([tree.root.verify(), tree.branch.verify()]);
    },
    comeToRest: () => tree.comeToRest(),
  };
}

/** A key that only the root has, for the branch to ask for. */
async function keyOfRoot({ root, devices, journal }: CrashTree): Promise<HeldKey> {
  const device = devices.get(root.name)!;
  const key = device.makeKey();
  await device.handOver(key);
  journal.acknowledged(root.name, key.id);
  return key;
}
