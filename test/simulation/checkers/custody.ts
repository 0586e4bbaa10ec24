/**
 * Custody: what was acknowledged is there, for ever, whatever crashed; nothing that is there is ever changed; a cursor
 * says no more than what is there.
 */
import type { Reader } from '#store/transaction.ts';
import type { Instance, Opened } from '../world/instance.ts';
import type { ServedCall } from '../world/network.ts';
import type { Committed } from '../world/store-port.ts';
import type { World } from '../world/world.ts';
import { readBatch } from './batch.ts';
import { checkRestored, onHalfRestored } from './by-hand.ts';
import type { Facts } from './facts.ts';
import type { ObservedKey } from './observed-server.ts';

export const LOST = 'a key that was acknowledged is never lost';
export const CHANGED = 'nothing is ever overwritten';
export const EARLY = 'a key is acknowledged only when it is durable';
export const CURSOR = 'a cursor and the keys before it are one';

/** What was durable before a crash must be there after it, as it was. */
export async function checkOpened(
  facts: Facts,
  instance: Instance,
  reader: Reader,
  opened: Opened,
): Promise<void> {
  const before = [...instance.observed.keys.values()];
  const epochs = new Set(instance.observed.epochs);
  await instance.observed.readAll(reader, facts.now);
  if (opened !== 'as-it-was') {
    if (opened === 'half-restored') onHalfRestored(facts, instance);
    const times = facts.putBack.get(instance.site) ?? [];
    if (opened !== 'first') facts.putBack.set(instance.site, [...times, facts.now]);
    const backup = facts.restoring.get(instance);
    facts.restoring.delete(instance);
    if (opened === 'restored' && backup !== undefined) checkRestored(facts, instance, backup, epochs);
    return;
  }
  for (const key of before) checkSame(facts, instance, key);
}

function checkSame(facts: Facts, instance: Instance, key: ObservedKey): void {
  const now = instance.observed.keys.get(key.id);
  if (now === undefined) {
    facts.violate(LOST, `${instance.name} had key ${key.id} and has it no more after a crash`, [
      key.id,
      instance.name,
    ]);
  } else if (now.digest !== key.digest || now.fields !== key.fields || now.seq !== key.seq) {
    facts.violate(CHANGED, `${instance.name} has another record under ${key.id} after a crash`, [
      key.id,
      instance.name,
    ]);
  }
}

export function checkAppended(facts: Facts, instance: Instance, committed: Committed): void {
  const { observed } = instance;
  for (const row of committed.keys) {
    const about = [row.id, instance.name];
    if (observed.keys.has(row.id)) {
      facts.violate(CHANGED, `${instance.name} recorded key ${row.id} over the one it had`, about);
    }
    const made = facts.keys.get(row.id);
    if (made === undefined) {
      facts.violate(CHANGED, `${instance.name} recorded key ${row.id}, which no device made`, about);
    }
  }
}

/** A cursor goes forward, and every key before it is here or was refused. */
export function checkCursors(facts: Facts, world: World, instance: Instance, committed: Committed): void {
  for (const { memberId, epoch, seq, chain } of committed.cursors) {
    const about = [instance.name, world.siteById(memberId)?.name ?? memberId];
    const before = instance.observed.cursors.get(`${memberId} ${epoch}`);
    const from = before?.seq ?? 0;
    if (seq < from) {
      facts.violate(
        CURSOR,
        `${instance.name} moved the cursor of ${about[1]} back from ${from} to ${seq}`,
        about,
      );
    }
    const chainText = Buffer.from(chain).toString('hex');
    const sender = world
      .siteById(memberId)
      ?.instances.find((one) => one.observed.bySeq[seq - 1]?.chain === chainText);
    if (sender === undefined) continue;
    const refused = new Set(committed.refused.map((key) => key.seq));
    for (const key of sender.observed.bySeq.slice(from, seq)) {
      if (instance.observed.keys.has(key.id) || refused.has(key.seq)) continue;
      facts.violate(
        CURSOR,
        `${instance.name} says it received ${sender.name}'s keys up to ${seq}, and lacks number ${key.seq}, ${key.id}`,
        [key.id, ...about],
      );
    }
  }
}

/** An answer that acknowledges leaves: what it says must be durable by now. */
export function checkAcknowledged(
  facts: Facts,
  world: World,
  instance: Instance,
  call: ServedCall,
  route: string,
  callerId: string,
  answer: Record<string, unknown>,
): void {
  const { site } = instance;
  const demand = (key: string, what: string): void => {
    if (instance.observed.keys.has(key)) return;
    facts.violate(EARLY, `${instance.name} ${what} key ${key}, which is not durable there`, [
      key,
      instance.name,
    ]);
  };
  const device = world.devices.find(({ id }) => id === callerId);
  const secondary = device === undefined ? world.siteById(callerId) : undefined;
  const heardBy = secondary?.instances.find(({ name }) => name === call.caller);
  const note = (key: string): void =>
    facts.acknowledge({
      key,
      site,
      instance,
      at: facts.now,
      device,
      secondary,
      heardBy,
    });
  switch (route) {
    case 'record':
      demand(String(answer['id']), 'acknowledged');
      note(String(answer['id']));
      break;
    case 'arrive':
      for (const key of answer['keys'] as { id: string; outcome: string }[]) {
        if (key.outcome === 'recorded') demand(key.id, 'told an arriving device that it has');
      }
      break;
    case 'returnReceipts': {
      const refused = new Set(answer['refused'] as string[]);
      const { receipts } = JSON.parse(call.sent as string) as { receipts: { id: string }[] };
      for (const { id } of receipts) if (!refused.has(id)) demand(id, 'took back');
      break;
    }
    case 'transmit': {
      if (answer['outcome'] !== 'received') break;
      const { start, ids } = readBatch(call.sent as Uint8Array);
      const { seq } = answer['acknowledged'] as { seq: number };
      const refused = new Set((answer['refused'] as { id: string }[]).map(({ id }) => id));
      for (const id of ids.slice(0, Math.max(0, seq - start))) {
        if (refused.has(id)) continue;
        demand(id, 'acknowledged to its secondary');
        note(id);
      }
      break;
    }
    default:
  }
}

/** At the end: what was acknowledged is where it was acknowledged. */
export function checkStillHeld(facts: Facts, world: World): void {
  for (const { key, site, instance, at, device, secondary, heardBy } of facts.acknowledgements) {
    const server = site.instances[0]!;
    if (server.observed.keys.has(key)) continue;
    const setBack = instance !== server || facts.putBackSince(site, at);
    // An older copy was put back, or a copy had acknowledged: whoever holds it brings it back, if it still may.
    if (setBack && device !== undefined && (device.removed || device.home !== site)) continue;
    if (setBack && secondary !== undefined) {
      const gone = !isSecondaryOf(world, secondary.id, server);
      // The secondary was set back as well: neither has it, and whoever has it above or below gives it back on a lookup.
      if (gone || facts.putBackSince(secondary, at)) continue;
      // A copy of the secondary had it, by a lookup, and is gone with its directory; the secondary itself never had it.
      if (heardBy !== secondary.instances[0] && !secondary.instances[0]!.observed.keys.has(key)) continue;
    }
    const whom = device?.name ?? secondary?.name ?? 'its caller';
    facts.violate(
      LOST,
      `${instance.name} acknowledged key ${key} to ${whom} at ${at} ms, and ${server.name} does not have it`,
      [key, site.name, whom],
    );
  }
}

function isSecondaryOf(world: World, id: string, primary: Instance): boolean {
  const member = primary.observed.links.members.get(id);
  const own = world.siteById(id)?.instances[0]?.observed.links.primary;
  return member !== undefined && !member.removed && own?.id === primary.site.id;
}
