/** Finds the one device that a person means, by id or name. */
import { UUID_PATTERN } from '#domain/uuid.ts';
import type { ServerPorts } from '../repository/ports.ts';
import { findMember } from './members.ts';

/**
 * The id of the device meant, for a filter. An id is taken as it is: a removed device, or another server's device, has
 * keys here too.
 */
export async function findDeviceId(
  ports: Pick<ServerPorts, 'rows' | 'store'>,
  wanted: string,
): Promise<string> {
  if (UUID_PATTERN.test(wanted)) return wanted;
  return (await findMember(ports, 'device', wanted, { removed: true })).id;
}
