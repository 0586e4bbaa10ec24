/** What goes wrong in a day. Each fault ends by itself after a while; what is still wrong in the evening is mended. */
import { type Budgets, BUDGETS_DEFAULT } from '#server/members/member-budgets.ts';
import type { Instance } from '../world/instance.ts';
import type { Weather } from '../world/weather.ts';
import type { Site, World } from '../world/world.ts';
import { HOUR_MS, MINUTE_MS, type Step, within } from '../step.ts';
import { backUp, restoreFrom, tryOldInvitation } from './backups.ts';
import { recover } from './recovery.ts';
import type { Action } from './work.ts';

const DAY = 24 * HOUR_MS;

const STORMS: readonly Weather[] = [
  { lost: 0.2, answerLost: 0.2, repeated: 0.05, slow: 0.05, cut: 0.2 },
  { lost: 0.05, answerLost: 0.4, repeated: 0.1, slow: 0, cut: 0.1 },
  { lost: 0.02, answerLost: 0.02, repeated: 0.5, slow: 0.1, cut: 0 },
  { lost: 0, answerLost: 0.05, repeated: 0.2, slow: 0.6, cut: 0.1 },
  { lost: 0.05, answerLost: 0.05, repeated: 0.05, slow: 0.02, cut: 0.8 },
];

function siteOf(world: World, number: number): Site {
  return world.sites[number % world.sites.length]!;
}

export function fault(world: World, where: string, what: string): void {
  world.faultsDone += 1;
  world.trace.tell(where, `FAULT: ${what}`);
}

function startLater(world: World, server: Instance, ms: number): void {
  world.schedule.after(ms, `start of ${server.name}`, () => server.start());
}

export function onServer(weight: number, work: (world: World, server: Instance, step: Step) => void): Action {
  return {
    weight,
    run: (world, step) => {
      const { instances } = siteOf(world, step.one);
      const alive = instances.filter(({ retired }) => !retired);
      if (alive.length > 0) work(world, alive[step.two % alive.length]!, step);
    },
  };
}

export const FAULTS = {
  /** The process dies at some await of what it does next. */
  crash: onServer(28, (world, server, step) => {
    if (server.state !== 'running') return;
    const { life } = server.running[step.one % server.running.length]!;
    fault(world, server.name, 'it will crash in the middle of what it does next');
    life.endAfter(within(step.size, 1, 60));
    life.whenOver(() => startLater(world, server, within(step.two, 1, 10 * MINUTE_MS)));
  }),
  /** It dies again while it starts. */
  crashAtStart: onServer(6, (world, server, step) => {
    if (server.state !== 'running') return;
    fault(world, server.name, 'it crashes, and again while it starts');
    server.crash();
    world.schedule.after(within(step.two, 1, MINUTE_MS), `start of ${server.name}`, () => {
      server.start();
      if (world.atPeace) return;
      const { life } = server.processes[0]!;
      life.endAfter(within(step.size, 1, 40));
      life.whenOver(() => startLater(world, server, MINUTE_MS));
    });
  }),
  outage: onServer(6, (world, server, step) => {
    if (server.state !== 'running') return;
    fault(world, server.name, 'it is stopped for a while');
    world.begin(server.name, 'stopping', () => server.stop());
    startLater(world, server, within(step.size, MINUTE_MS, 40 * MINUTE_MS));
  }),
  partLink: {
    weight: 12,
    run(world: World, step: Step) {
      const site = siteOf(world, step.one);
      const other = site.above ?? siteOf(world, step.two);
      if (other === site) return;
      fault(world, site.name, `the line to ${other.name} is down`);
      const join = world.network.part(site.name, other.name);
      world.schedule.after(within(step.size, MINUTE_MS, 40 * MINUTE_MS), `line of ${site.name}`, join);
    },
  },
  isolate: {
    weight: 4,
    run(world: World, step: Step) {
      const { name } = siteOf(world, step.one);
      fault(world, name, 'it is cut off from everyone');
      const join = world.network.part(name, '*');
      world.schedule.after(within(step.size, MINUTE_MS, 20 * MINUTE_MS), `line of ${name}`, join);
    },
  },
  storm: {
    weight: 14,
    run(world: World, step: Step) {
      const storm = STORMS[step.one % STORMS.length]!;
      fault(world, 'network', `a storm begins: ${JSON.stringify(storm)}`);
      world.network.begin(storm, within(step.size, 5 * MINUTE_MS, HOUR_MS));
    },
  },
  clock: onServer(8, (world, server, step) => {
    const jumps = [
      -30 * DAY,
      -HOUR_MS,
      -2 * MINUTE_MS,
      -10_000,
      10_000,
      2 * MINUTE_MS,
      HOUR_MS,
      40 * DAY,
      400 * DAY,
    ];
    const jump = jumps[step.size % jumps.length]!;
    fault(world, server.name, `its clock jumps by ${jump} ms`);
    server.setClock(jump);
    world.schedule.after(within(step.two, 1, 4 * HOUR_MS), `clock of ${server.name}`, () => {
      if (!world.atPeace) server.setClock(0);
    });
  }),
  failWrites: onServer(10, (world, server, step) => {
    server.disk.failingWrites = within(step.size, 1, 6);
    fault(world, server.name, `its next ${server.disk.failingWrites} writes fail`);
  }),
  fullDisk: onServer(6, (world, server, step) => {
    fault(world, server.name, 'its disk is full');
    server.disk.full = true;
    server.disk.reserveUsed = step.two % 2 === 0;
    world.schedule.after(within(step.size, MINUTE_MS, 30 * MINUTE_MS), `disk of ${server.name}`, () => {
      server.disk.full = false;
      server.disk.reserveUsed = false;
    });
  }),
  lowDisk: onServer(3, (world, server, step) => {
    fault(world, server.name, 'its disk is nearly full');
    server.disk.low = true;
    world.schedule.after(within(step.size, MINUTE_MS, 30 * MINUTE_MS), `disk of ${server.name}`, () => {
      server.disk.low = false;
    });
  }),
  /** Budgets that a day of few keys uses up. They are read when it starts. */
  tightBudgets: onServer(6, (world, server, step) => {
    if (server.state !== 'running') return;
    const budgets = {
      ...BUDGETS_DEFAULT,
      deviceRecordsAnHour: within(step.two, 1, 3),
      secondaryRecordsAnHour: within(step.size, 1, 8),
    };
    const { deviceRecordsAnHour: ofDevice, secondaryRecordsAnHour: ofSecondary } = budgets;
    fault(world, server.name, `its budgets are ${ofDevice} and ${ofSecondary} records an hour`);
    const startWith = async (next: Budgets): Promise<void> => {
      server.budgets = next;
      await server.stop();
      server.start();
    };
    world.begin(server.name, 'tight budgets', () => startWith(budgets));
    world.schedule.after(within(step.size, 20 * MINUTE_MS, 6 * HOUR_MS), `budgets of ${server.name}`, () => {
      if (!world.atPeace) world.begin(server.name, 'other budgets', () => startWith(BUDGETS_DEFAULT));
    });
  }),
  /** A virtual machine's snapshot, or a backup of the directory, put back hours later. */
  putBack: onServer(8, (world, server, step) => {
    if (server.halfRestored) return;
    const directory = world.snapshotDirectory(`${server.name}-${step.at}`);
    server.copyTo(directory);
    world.trace.tell(server.name, 'a snapshot is taken');
    world.schedule.after(within(step.size, MINUTE_MS, 5 * HOUR_MS), `snapshot of ${server.name}`, () => {
      if (server.retired || world.atPeace) return;
      fault(world, server.name, `an older copy of its data is put back, of ${step.at} ms`);
      server.crash();
      world.begin(server.name, 'putting back', async () => {
        await server.putBack(directory, 'older-copy');
        server.start();
      });
    });
  }),
  /** A backup is made, and hours later all that is left. */
  loseMachine: onServer(8, (world, server, step) => {
    if (server.state !== 'running') return;
    world.begin(server.name, 'backup and restore', async () => {
      const backup = await backUp(world, server, step);
      const at = world.schedule.now;
      await world.schedule.wait(within(step.size, MINUTE_MS, 5 * HOUR_MS), `the machine of ${server.name}`);
      if (server.retired || world.atPeace) return;
      fault(world, server.name, `its machine is lost; a backup of ${at} ms is restored on another`);
      server.crash();
      const restoredAt = world.schedule.now;
      await restoreFrom(world, server, backup, step);
      if (step.size % 2 === 0) {
        await world.schedule.wait(within(step.two, 1, 5 * MINUTE_MS), 'recovery');
        world.begin(server.name, 'recovery', () => recover(world, server, step));
      }
      await tryOldInvitation(world, server, backup, restoredAt);
    });
  }),
  /** Its directory is copied, and both run for a while. */
  runTwice: onServer(4, (world, server, step) => {
    if (server.halfRestored || server.site.instances.some((other) => other !== server && !other.retired))
      return;
    const copy = world.addCopy(server.site);
    fault(world, server.name, `a copy of it, ${copy.name}, is started beside it`);
    const directory = world.snapshotDirectory(copy.name);
    server.copyTo(directory);
    world.begin(copy.name, 'starting', async () => {
      await copy.putBack(directory, 'copied');
      copy.start();
    });
    world.schedule.after(within(step.size, 5 * MINUTE_MS, 3 * HOUR_MS), `end of ${copy.name}`, () =>
      copy.retire(),
    );
  }),
} satisfies Readonly<Record<string, Action>>;

export type FaultName = keyof typeof FAULTS;
