/**
 * The evening: every fault is mended, every server runs once, its options are on, no link is marked, and each belongs
 * to the primary it should. From then on what was promised must come about by itself.
 */
import { CLEAR_WEATHER } from '../world/network.ts';
import type { Instance } from '../world/instance.ts';
import type { Site, World } from '../world/world.ts';
import { joinAbove } from './tree.ts';

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
      server.setClock(0);
      server.life.endNever();
      server.start();
    }
  }
}

/** What administrators do once everything runs, from the root down. */
export async function openEveryLink(world: World): Promise<void> {
  for (const site of world.sites) {
    const server = site.instances[0]!;
    if (server.retired) continue;
    await server.ask('changeSettings', { useHierarchy: true, transmit: 'immediately', heartbeat: 900 });
    if (site.above !== undefined) await belongTo(world, site, server, site.above);
  }
}

async function belongTo(world: World, site: Site, server: Instance, above: Site): Promise<void> {
  const primary = above.instances[0]!;
  const isMember = () => primary.observed.standing.members.get(site.id)?.removed === false;
  if (server.observed.standing.primary?.id !== above.id || !isMember()) {
    if (server.observed.standing.primary !== undefined) await server.ask('leaveHierarchy', {});
    await joinAbove(world, site, above, false);
  }
  if (server.observed.standing.primary?.dmz === true)
    await server.ask('setServer', { server: above.id, dmz: false });
  if (primary.observed.standing.members.get(site.id)?.dmz === true) {
    await primary.ask('setServer', { server: site.id, dmz: false });
  }
}
