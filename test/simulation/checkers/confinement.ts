/**
 * Confinement: no key is ever on a server to which no path led with the option on at both ends and no DMZ mark, unless
 * a file brought it; and nothing of a key leaves over a link that its sender had closed.
 *
 * Each appearance of a key is checked against how the link stood in the very transaction, and each departure against
 * what the sender's own rows had said for longer than this millisecond; so the path holds by induction.
 */
import type { Instance } from '../world/instance.ts';
import type { Site, World } from '../world/world.ts';
import { readBatch } from './batch.ts';
import type { Facts } from './facts.ts';
import type { ObservedKey, LinkState } from './observed-server.ts';

export const CONFINED = 'a key goes only where an open path leads';

/** A key appeared. @param links before and after the group of works in which it did. */
export function checkArrivals(
  facts: Facts,
  world: World,
  instance: Instance,
  keys: readonly ObservedKey[],
  links: readonly LinkState[],
): void {
  for (const key of keys) {
    const problem = problemOf(facts, world, instance, key, links);
    if (problem === undefined) continue;
    facts.violate(
      CONFINED,
      `key ${key.id} came to ${instance.name} from ${key.receivedFrom}, but ${problem}`,
      [key.id, instance.name, world.siteById(key.receivedFrom.split(':')[1] ?? '')?.name ?? ''],
    );
  }
}

function problemOf(
  facts: Facts,
  world: World,
  instance: Instance,
  key: ObservedKey,
  links: readonly LinkState[],
): string | undefined {
  const { site } = instance;
  const [way = '', id = ''] = key.receivedFrom.split(':');
  const fields = JSON.parse(key.fields) as { device: { id: string }; origin: string };
  switch (way) {
    case 'device':
      if (fields.device.id !== id) return 'it names another device';
      if (fields.origin !== site.id) return 'it names another origin';
      return links.every(({ members }) => members.get(id)?.removed !== false)
        ? 'that is no member'
        : undefined;
    case 'receipt':
      return facts.held.has(`${site.name} ${key.id}`) ? undefined : 'that site never gave a receipt for it';
    case 'secondary':
    case 'primary': {
      const other = world.siteById(id);
      const closed = links.map((at) => (way === 'primary' ? closedUp(at, id) : closedDown(at, id)));
      if (closed.every((why) => why !== undefined)) return closed[0];
      return other !== undefined && facts.carried.has(carriedName(other, site, key.id))
        ? undefined
        : 'it never left there';
    }
    case 'import':
      if (!facts.brought.has(`${site.name} ${key.id}`)) return 'no whole file brought it';
      return instance.observed.importsTold.has(id) ? undefined : 'that import was never confirmed';
    default:
      return 'no key comes that way';
  }
}

/** Why no key crosses between a server and the secondary, by the server's own rows. */
function closedDown({ option, members }: LinkState, secondary: string): string | undefined {
  const member = members.get(secondary);
  if (member === undefined || member.removed) return 'that is no secondary of it';
  if (member.dmz) return 'it had marked the link DMZ';
  return option ? undefined : 'its option was off';
}

/** The same for its primary. */
function closedUp({ option, primary }: LinkState, id: string): string | undefined {
  if (primary === undefined || primary.id !== id) return 'that is not its primary';
  if (primary.dmz) return 'it had marked the link DMZ';
  return option ? undefined : 'its option was off';
}

/** A call in which keys or claims travel leaves for the primary. */
export function checkCallUp(
  facts: Facts,
  instance: Instance,
  target: Site,
  route: string,
  body: string | Uint8Array,
): void {
  const { observed } = instance;
  if (observed.held(facts.now, (links) => closedUp(links, target.id) !== undefined)) {
    const why = closedUp(observed.links, target.id) ?? 'the link was closed';
    facts.violate(CONFINED, `${instance.name} sent a ${route} to ${target.name}, but ${why}`, [
      instance.name,
      target.name,
    ]);
  }
  if (route !== 'transmit') return;
  for (const id of readBatch(body as Uint8Array).ids)
    facts.carried.add(carriedName(instance.site, target, id));
}

/** A key leaves for a secondary. */
export function checkAnswerDown(facts: Facts, instance: Instance, secondary: Site, key: string): void {
  if (instance.observed.held(facts.now, (links) => closedDown(links, secondary.id) !== undefined)) {
    const why = closedDown(instance.observed.links, secondary.id) ?? 'the link was closed';
    facts.violate(CONFINED, `${instance.name} gave key ${key} to ${secondary.name}, but ${why}`, [
      key,
      instance.name,
      secondary.name,
    ]);
  }
  facts.carried.add(carriedName(instance.site, secondary, key));
}

/** A key leaves for a device. */
export function checkAnswerToDevice(facts: Facts, instance: Instance, device: string, key: string): void {
  if (!instance.observed.held(facts.now, ({ members }) => members.get(device)?.removed !== false)) return;
  facts.violate(CONFINED, `${instance.name} gave key ${key} to device ${device}, which is no member`, [
    key,
    instance.name,
  ]);
}

function carriedName(from: Site, to: Site, key: string): string {
  return `${from.name} ${to.name} ${key}`;
}
