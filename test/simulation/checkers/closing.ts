/**
 * Closing: when the command returns by which a link was closed, nothing travels over it any more that had begun before,
 * at either of its ends.
 */
import { MACHINE_ROUTES } from '#protocol/machine-routes.ts';
import type { Instance } from '../world/instance.ts';
import type { OpenCall } from '../world/network.ts';
import type { Site, World } from '../world/world.ts';

const CLOSED = 'what travels over a link ends before the command returns that closed it';
/** Calls in which keys or claims travel. */
const CARRYING: ReadonlySet<string> = new Set(
  [MACHINE_ROUTES.transmit, MACHINE_ROUTES.lookup, MACHINE_ROUTES.recover].map(({ path }) => path),
);

/** @param other the neighbour at the other end; every one where it is left out. */
export async function closing<T>(
  world: World,
  instance: Instance,
  other: Site | undefined,
  command: () => Promise<T>,
): Promise<T> {
  const concerned = (call: OpenCall): boolean => {
    if (!CARRYING.has(call.path)) return false;
    const caller = world.sites.find(({ instances }) => instances.some(({ name }) => name === call.caller));
    if (call.caller === instance.name) return other === undefined || call.address === other.address;
    return call.reader === instance.name && caller !== undefined && (other === undefined || caller === other);
  };
  const { option, primary, members } = instance.observed.links;
  const marked = other !== undefined && (members.get(other.id)?.dmz === true || primary?.dmz === true);
  // Over a link that is closed already a neighbour that has not heard of it may begin; it is told with the answer.
  if (!option || marked) return command();
  const before = [...world.network.open].filter(concerned);
  const answer = await command();
  const left = before.find((call) => world.network.open.has(call) && concerned(call));
  if (left !== undefined) {
    world.witness.facts.violate(
      CLOSED,
      `${instance.name} closed a link, and ${left.caller} goes on with ${left.path} to ${left.address}`,
      [instance.name, left.caller],
    );
  }
  return answer;
}
