/** Putting a tree together: servers, joins, devices; and their regular life. */
import { KeystairError } from '#domain/errors.ts';
import { Device } from '../world/device.ts';
import type { Site, World } from '../world/world.ts';
import { MINUTE_MS, type Plan } from '../step.ts';

/** Seldomer than servers, and still within two of their heartbeats. */
const DEVICE_HEARTBEAT_MS = 25 * MINUTE_MS;
const START_MS = 1000;

function running(site: Site) {
  const server = site.instances.find(({ state }) => state === 'running');
  if (server === undefined) {
    throw new KeystairError('server-not-running', `${site.name} does not run`, { nextStep: 'start it' });
  }
  return server;
}

/** With a new invitation of the primary. */
export async function joinAbove(world: World, site: Site, primary: Site, dmz: boolean): Promise<void> {
  world.trace.tell(site.name, `joins ${primary.name}${dmz ? ' over a link marked DMZ' : ''}`);
  const { invitation } = await running(primary).ask('inviteSecondary', dmz ? { dmz } : {});
  await running(site).ask('joinHierarchy', { invitation });
}

export async function enrolDevice(world: World, device: Device, site: Site): Promise<void> {
  const { invitation } = await running(site).ask('inviteDevice', {});
  await device.enrol(site, invitation);
  const beat = (): void => {
    world.schedule.after(
      DEVICE_HEARTBEAT_MS * (0.9 + 0.1 * world.dice.below(3)),
      `heartbeat of ${device.name}`,
      () => {
        world.begin(device.name, 'heartbeat', () => device.heartbeat());
        beat();
      },
    );
  };
  beat();
}

function processesOf({ processes = 1 }: Plan, index: number): number {
  return processes - (index % processes);
}

/** Starts every server, joins them from the root down, enrols the devices. */
export function plantTree(world: World, plan: Plan): void {
  for (const [index, above] of plan.above.entries()) {
    world.addSite(above === null ? undefined : world.sites[above], processesOf(plan, index));
  }
  const absent = plan.absent ?? [];
  for (const site of world.sites) {
    if (absent.includes(site.index)) site.instances[0]!.retire();
    site.instances[0]!.start();
  }
  const present = world.sites.filter(({ index }) => !absent.includes(index));
  world.schedule.after(START_MS, 'the tree is put together', () => {
    world.begin('tree', 'putting the tree together', async () => {
      for (const site of present) {
        // A few branches are cautious.
        if (site.above === undefined || !world.dice.chance(0.12)) {
          await running(site).ask('changeSettings', { useHierarchy: true });
        }
        if (site.above !== undefined) await joinAbove(world, site, site.above, world.dice.chance(0.06));
      }
      for (let number = 0; number < plan.devices; number += 1) {
        const site = world.sites[number % world.sites.length]!;
        const device = new Device(world, site);
        if (present.includes(site)) await enrolDevice(world, device, site);
      }
    });
  });
}
