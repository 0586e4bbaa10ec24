/**
 * Convergence: once the faults are over and the options are on, every key reaches the root within two heartbeats, and
 * every lookup with a right claim succeeds.
 */
import { codeOf } from '#domain/errors.ts';
import type { World } from '../world/world.ts';
import type { Dice } from '../world/dice.ts';
import type { Facts } from './facts.ts';

const CONVERGED = 'when faults stop, every key reaches the root within two heartbeats';
const ANSWERED = 'when faults stop, every lookup with a right claim succeeds';
const HANDED_OVER = 'when faults stop, every key is taken into custody';
const VERIFIED = 'a server finds itself whole';
/** Questions asked at the end. */
const LOOKUPS = 24;

export function checkConverged(facts: Facts, world: World): void {
  const root = world.sites[0]!.instances[0]!;
  for (const { instances } of world.sites) {
    const server = instances[0]!;
    if (server.retired) continue;
    if (server.state !== 'running') {
      facts.violate(CONVERGED, `${server.name} does not run although nothing is in its way`, [server.name]);
    }
    for (const { id } of server.observed.keys.values()) {
      if (root.observed.keys.has(id)) continue;
      facts.violate(CONVERGED, `${server.name} has key ${id}, and the root does not`, [
        id,
        server.name,
        root.name,
      ]);
      return;
    }
  }
}

/** No device still waits to hand a key over. */
export function checkHandedOver(facts: Facts, world: World): void {
  for (const device of world.devices) {
    const { home, id, name, waiting } = device;
    const member = home.instances[0]!.observed.links.members.get(id);
    if (waiting === 0 || device.removed || member === undefined || member.removed || member.state === 'moved')
      continue;
    facts.violate(HANDED_OVER, `${name} waits with ${waiting} keys that ${home.name} does not acknowledge`, [
      name,
      home.name,
    ]);
  }
}

/** Devices ask for keys that the root has. Resolves when all are answered. */
export async function checkAnswered(facts: Facts, world: World, dice: Dice): Promise<void> {
  const root = world.sites[0]!.instances[0]!;
  const keys = [...facts.keys.values()].filter(
    ({ complete: { key } }) => key.kind !== 'recovery' && root.observed.keys.has(key.id),
  );
  const devices = world.devices.filter(({ removed, enrolled }) => enrolled && !removed);
  if (keys.length === 0 || devices.length === 0) return;
  for (let asked = 0; asked < LOOKUPS; asked += 1) {
    const device = dice.pick(devices);
    const { complete, claim, file } = dice.pick(keys);
    const about = [complete.key.id, device.name, device.home.name];
    try {
      const answer =
        file === undefined
          ? await device.lookup(complete.key.id, claim)
          : await device.openFile(complete.key.id, claim, file);
      if (answer.outcome === 'found') continue;
      facts.violate(
        ANSWERED,
        `${device.name} asked ${device.home.name} for key ${complete.key.id} with its claim: ${answer.reason} at ${answer.at.name}`,
        about,
      );
    } catch (error) {
      // Lost membership with an older copy: it would have to join again.
      if (codeOf(error) === 'not-a-member' && facts.putBackSince(device.home, 0)) continue;
      facts.violate(
        ANSWERED,
        `${device.name} asked ${device.home.name} for key ${complete.key.id}: ${String(error)}`,
        about,
      );
    }
  }
}

/** `server verify` everywhere. */
export async function checkVerified(facts: Facts, world: World): Promise<void> {
  for (const { instances } of world.sites) {
    const server = instances[0]!;
    if (server.retired) continue;
    const { ok, problems } = await server.ask('verify', {});
    if (!ok)
      facts.violate(
        VERIFIED,
        `${server.name} finds: ${problems.map(({ sentence }) => sentence).join('; ')}`,
        [server.name],
      );
  }
}
