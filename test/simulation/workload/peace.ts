/**
 * The evening: every fault is mended, every server runs once, its options are on, no link is marked, and each belongs
 * to the primary it should. From then on what was promised must come about by itself.
 */
import { BUDGETS_DEFAULT } from '#server/members/member-budgets.ts';
import type { Device } from '../world/device.ts';
import { CLEAR_WEATHER } from '../world/weather.ts';
import type { Instance } from '../world/instance.ts';
import type { Site, World } from '../world/world.ts';
import { DAY_MS } from '../step.ts';
import { joinAbove } from './tree.ts';

const HEARTBEAT_SECONDS = 900;
/** In every other run peace comes after a month in which nobody heard of anyone: every certificate has expired. */
const AFTER_THE_PAUSE_MS = 40 * DAY_MS;

export function mendFaults(world: World): void {
  world.trace.tell('tree', 'PEACE: the faults are over');
  world.atPeace = true;
  world.network.weather = CLEAR_WEATHER;
  world.network.joinAll();
  for (const { instances } of world.sites) {
    for (const [index, server] of instances.entries()) {
      if (index > 0) server.retire();
      server.disk.full = false;
      server.disk.reserveUsed = false;
      server.disk.low = false;
      server.disk.failingWrites = 0;
      server.setClock(world.seed % 2 === 0 ? 0 : AFTER_THE_PAUSE_MS);
      for (const { life } of server.processes) life.endNever();
      if (server.budgets !== BUDGETS_DEFAULT) {
        server.budgets = BUDGETS_DEFAULT;
        server.crash();
      }
      server.start();
    }
  }
}

/** What administrators do once everything runs, from the root down. */
export async function openEveryLink(world: World): Promise<void> {
  for (const site of world.sites) {
    const server = site.instances[0]!;
    if (server.retired) continue;
    await restoreSettings(server);
    if (site.above !== undefined) await belongTo(world, site, server, site.above);
  }
  for (const device of world.devices) await enrolAgain(world, device);
}

/** Only where something is otherwise: what is right must come about without a hand that wakes it. */
async function restoreSettings(server: Instance): Promise<void> {
  const { useHierarchy, transmit, heartbeat } = await server.ask('showSettings', {});
  if (useHierarchy && transmit === 'immediately' && heartbeat === HEARTBEAT_SECONDS) return;
  await server.ask('changeSettings', {
    useHierarchy: true,
    transmit: 'immediately',
    heartbeat: HEARTBEAT_SECONDS,
  });
}

async function belongTo(world: World, site: Site, server: Instance, above: Site): Promise<void> {
  const primary = above.instances[0]!;
  const isMember = () => primary.observed.links.members.get(site.id)?.removed === false;
  if (server.observed.links.primary?.id !== above.id || !isMember()) {
    if (server.observed.links.primary !== undefined) await server.ask('leaveHierarchy', {});
    await joinAbove(world, site, above, false);
  }
  if (server.observed.links.primary?.dmz === true)
    await server.ask('setServer', { id: above.id, dmz: false });
  if (primary.observed.links.members.get(site.id)?.dmz === true) {
    await primary.ask('setServer', { id: site.id, dmz: false });
  }
}

/** A device that its server forgot, because an older copy was put back, joins it again and brings its receipts. */
async function enrolAgain(world: World, device: Device): Promise<void> {
  const server = device.home.instances[0]!;
  const member = server.observed.links.members.get(device.id);
  if (!device.enrolled || device.removed || server.retired) return;
  if (member !== undefined && !member.removed && member.state !== 'moved') return;
  world.trace.tell(server.name, `its administrator invites ${device.name}, which it does not know, again`);
  const { invitation } = await server.ask('inviteDevice', {});
  await device.enrol(device.home, invitation);
}
