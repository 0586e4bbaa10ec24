/** What people and devices do in a day. Each step picks whom it concerns when it comes; what cannot be is left out. */
import { hashClaim } from '#domain/claim.ts';
import { closing } from '../checkers/closing.ts';
import type { Device } from '../world/device.ts';
import type { Instance } from '../world/instance.ts';
import type { Site, World } from '../world/world.ts';
import { MINUTE_MS, type Step, within } from '../step.ts';
import { carryFile } from './by-hand.ts';
import { recover } from './recovery.ts';
import { joinAbove } from './tree.ts';

export interface Action {
  readonly weight: number;
  readonly run: (world: World, step: Step) => void;
}

function picked<T>(list: readonly T[], number: number): T | undefined {
  return list.length === 0 ? undefined : list[number % list.length];
}

function running(world: World): Instance[] {
  return world.sites.flatMap(({ instances }) => instances.filter(({ state }) => state === 'running'));
}

function runningAt(site: Site): Instance | undefined {
  return site.instances.find(({ state }) => state === 'running');
}

function activeDevices(world: World): Device[] {
  return world.devices.filter((device) => device.enrolled && !device.removed);
}

/** Something an administrator does at one running server. */
function byAdministrator(
  weight: number,
  what: string,
  work: (world: World, server: Instance, step: Step) => Promise<unknown> | undefined,
): Action {
  return {
    weight,
    run(world, step) {
      const server = picked(running(world), step.one);
      if (server === undefined) return;
      const done = work(world, server, step);
      if (done !== undefined) world.begin(server.name, what, () => done);
    },
  };
}

/** Something a device does. */
function byDevice(
  weight: number,
  what: string,
  work: (world: World, device: Device, step: Step) => Promise<unknown> | undefined,
): Action {
  return {
    weight,
    run(world, step) {
      const device = picked(activeDevices(world), step.one);
      if (device === undefined) return;
      const done = work(world, device, step);
      if (done !== undefined) world.begin(device.name, what, () => done);
    },
  };
}

function lookup(world: World, device: Device, step: Step, claimOf: (claim: string) => string) {
  const made = picked([...world.witness.facts.keys.values()], step.two);
  if (made === undefined) return undefined;
  const { id } = made.complete.key;
  return device.lookup(id, claimOf(made.claim)).then((answer) => {
    const came =
      answer.outcome === 'found' ? `found at ${answer.source.name}` : `${answer.reason} at ${answer.at.name}`;
    world.trace.tell(device.name, `asked ${device.home.name} for ${id}: ${came}`);
  });
}

function wrong(claim: string): string {
  return `${claim.startsWith('A') ? 'B' : 'A'}${claim.slice(1)}`;
}

export const WORK = {
  makeKeys: byDevice(34, 'making keys', async (_world, device, step) => {
    for (let made = within(step.size, 1, 4); made > 0; made -= 1) await device.makeKey();
  }),
  lookup: byDevice(20, 'a lookup', (world, device, step) => lookup(world, device, step, (claim) => claim)),
  /** Beside somebody who has the right one. */
  wrongLookup: byDevice(5, 'a lookup with a wrong claim', (world, device, step) => {
    const right = lookup(world, device, step, (claim) => claim);
    const asked = lookup(world, device, step, wrong);
    return right === undefined ? undefined : Promise.allSettled([right, asked]);
  }),
  /** A file from another device; now and then with a wrong claim, or with the header of another file. */
  openFile: byDevice(12, 'opening a file', (world, device, step) => {
    const files = [...world.witness.facts.keys.values()].filter(({ file }) => file !== undefined);
    const made = picked(files, step.two);
    if (made === undefined) return undefined;
    const { id } = made.complete.key;
    const open = async (claim: string, { file } = made): Promise<void> => {
      const answer = await device.openFile(id, claim, file!);
      const came = answer.outcome === 'found' ? 'opened' : `${answer.reason} at ${answer.at.name}`;
      world.trace.tell(device.name, `asked ${device.home.name} to open a file of ${id}: ${came}`);
    };
    switch (step.size % 8) {
      case 0:
        return Promise.allSettled([open(made.claim), open(wrong(made.claim))]);
      case 1:
        return open(made.claim, picked(files, step.one));
      default:
        return open(made.claim);
    }
  }),
  forgery: byDevice(2, 'a forged record', (world, device, step) => {
    const made = picked([...world.witness.facts.keys.values()], step.two);
    return made === undefined
      ? undefined
      : device.forge(made, hashClaim(Buffer.alloc(16, step.size % 256)), step.size % 2 === 0);
  }),
  optionOff: byAdministrator(4, 'the option off', (world, server) => {
    world.trace.tell(server.name, 'its administrator switches the option off');
    return closing(world, server, undefined, () => server.ask('changeSettings', { useHierarchy: false }));
  }),
  optionOn: byAdministrator(6, 'the option on', (world, server) => {
    world.trace.tell(server.name, 'its administrator switches the option on');
    return server.ask('changeSettings', { useHierarchy: true });
  }),
  markDmz: byAdministrator(4, 'a DMZ mark', (world, server, step) => {
    const other = picked(neighbours(world, server), step.two);
    if (other === undefined) return undefined;
    const dmz = step.size % 2 === 0;
    world.trace.tell(server.name, `its administrator marks the link to ${other.name} DMZ: ${dmz}`);
    const mark = () => server.ask('setServer', { id: other.id, dmz });
    return dmz ? closing(world, server, other, mark) : mark();
  }),
  /** Something is on its way between two servers when one of them closes the link. */
  closeMeanwhile: byDevice(9, 'closing a link that is in use', async (world, device, step) => {
    const below = runningAt(device.home);
    const above = runningAt(device.home.above ?? device.home);
    if (below === undefined || above === undefined || below === above) return;
    const used = step.two % 2 === 0 ? device.makeKey() : lookup(world, device, step, (claim) => claim);
    world.begin(device.name, 'using the link', async () => used);
    await world.schedule.wait(within(step.size, 1, 150), 'closing');
    const [closer, other] = step.size % 3 === 0 ? [below, above] : [above, below];
    const close = (closed: boolean): Promise<unknown> => {
      world.trace.tell(
        closer.name,
        `its administrator ${closed ? 'closes' : 'opens'} the link to ${other.name}`,
      );
      return step.two % 4 < 2
        ? closer.ask('setServer', { id: other.site.id, dmz: closed })
        : closer.ask('changeSettings', { useHierarchy: !closed });
    };
    await closing(world, closer, step.two % 4 < 2 ? other.site : undefined, () => close(true));
    await world.schedule.wait(within(step.two, 1, 40) * MINUTE_MS, 'opening');
    if (!world.atPeace) await close(false);
  }),
  /** Somebody is quicker than the hierarchy, and asks again. */
  lookupEarly: byDevice(6, 'an early lookup', async (world, device, step) => {
    const other = picked(activeDevices(world), step.two);
    if (other === undefined) return;
    world.begin(other.name, 'making a key', () => other.makeKey());
    const made = other.made.at(-1);
    if (made === undefined) return;
    for (const again of [1, 30_000, 90_000, 600_000]) {
      await world.schedule.wait(within(step.size, again, 2 * again), 'asking again');
      const answer = await device.lookup(made.complete.key.id, made.claim);
      const came = answer.outcome === 'found' ? 'found' : `${answer.reason} at ${answer.at.name}`;
      world.trace.tell(device.name, `asked ${device.home.name} for ${made.complete.key.id}: ${came}`);
    }
  }),
  carryFile: byAdministrator(6, 'keys by hand', carryFile),
  recover: byAdministrator(3, 'having keys back', recover),
  behaviour: byAdministrator(2, 'other settings', (_world, server, step) =>
    server.ask('changeSettings', {
      transmit: step.size % 2 === 0 ? 'immediately' : 'heartbeat',
      heartbeat: within(step.two, 120, 1800),
    }),
  ),
  heartbeat: byAdministrator(4, 'a heartbeat', (_world, server) => server.ask('heartbeatNow', {})),
  leave: byAdministrator(2, 'leaving', async (world, server, step) => {
    world.trace.tell(server.name, 'its administrator makes it leave its primary');
    await server.ask('leaveHierarchy', {});
    await world.schedule.wait(within(step.size, 1, 40) * MINUTE_MS, 'joining again');
    await joinAgain(world, server.site, step);
  }),
  removeSecondary: byAdministrator(2, 'removing a secondary', async (world, server, step) => {
    const other = picked(secondaries(world, server), step.two);
    if (other === undefined) return;
    world.trace.tell(server.name, `its administrator removes ${other.name}`);
    await closing(world, server, other, () => server.ask('removeServer', { id: other.id }));
    await world.schedule.wait(within(step.size, 1, 40) * MINUTE_MS, 'joining again');
    const removed = runningAt(other);
    if (removed === undefined || world.atPeace) return;
    await removed.ask('leaveHierarchy', {});
    await joinAgain(world, other, step);
  }),
  reveal: byAdministrator(2, 'a reveal', async (world, server, step) => {
    const key = picked([...server.observed.keys.keys()], step.two);
    if (key === undefined) return;
    const { material, encoding } = await server.ask('revealKey', {
      id: key,
      reason: 'a question of the simulation',
    });
    const base64 = encoding === 'base64' ? material : Buffer.from(material).toString('base64');
    world.witness.onRevealed(server, key, base64);
  }),
  explain: byAdministrator(3, 'an explanation', async (world, server, step) => {
    const made = picked([...world.witness.facts.keys.values()], step.two);
    if (made !== undefined) await server.ask('explainKey', { id: made.complete.key.id, claim: made.claim });
  }),
  list: byAdministrator(1, 'a listing', (_world, server) => server.ask('listKeys', { limit: 20 })),
  show: byAdministrator(1, 'a look at the tree', (_world, server) => server.ask('showHierarchy', {})),
  rename: {
    weight: 1,
    run(world, step) {
      const site = world.sites[step.one % world.sites.length]!;
      site.serverName = `Office ${site.index} ${step.size % 100}`;
      const server = runningAt(site);
      if (server === undefined) return;
      world.begin(server.name, 'a new name', async () => {
        await server.stop();
        server.start();
      });
    },
  },
  moveDevice: byDevice(3, 'changing server', async (world, device, step) => {
    const site = world.sites[step.two % world.sites.length]!;
    const server = runningAt(site);
    if (site === device.home || server === undefined) return;
    const { invitation } = await server.ask('inviteDevice', {});
    await device.moveTo(site, invitation);
  }),
  removeDevice: byDevice(1, 'removal', async (world, device) => {
    const server = runningAt(device.home);
    if (server === undefined) return;
    world.trace.tell(server.name, `its administrator removes ${device.name}`);
    await server.ask('removeDevice', { id: device.id });
    device.removed = true;
  }),
} satisfies Readonly<Record<string, Action>>;

export type WorkName = keyof typeof WORK;

function secondaries(world: World, server: Instance): Site[] {
  const { members } = server.observed.links;
  return world.sites.filter(({ id }) => members.get(id)?.removed === false);
}

function neighbours(world: World, server: Instance): Site[] {
  const primary = world.siteById(server.observed.links.primary?.id ?? '');
  return [...secondaries(world, server), ...(primary === undefined ? [] : [primary])];
}

/** Under the same primary as planned, with the option as it is. */
async function joinAgain(world: World, site: Site, step: Step): Promise<void> {
  if (site.above === undefined || world.atPeace) return;
  await joinAbove(world, site, site.above, step.two % 8 === 0);
}
