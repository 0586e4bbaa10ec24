/** Finds the one device that a person means, by id or name. */
import { keyInScope, type Scope } from '#domain/scope.ts';
import { UUID_PATTERN } from '#domain/uuid.ts';
import type { ServerPorts } from '../repository/ports.ts';
import { findMember } from './members.ts';

/**
 * The id of the device meant, for a filter of keys. Without a limit an id is taken as it is: a removed device, or
 * another server's device, has keys here too.
 */
export async function findDeviceId(
  ports: Pick<ServerPorts, 'rows' | 'store'>,
  scope: Scope,
  wanted: string,
): Promise<string> {
  if (scope !== 'everywhere') {
    const found = await findMember(ports, 'device', wanted, { isSeen: (one) => keyInScope(scope, one) });
    return found.id;
  }
  if (UUID_PATTERN.test(wanted)) return wanted;
  return (await findMember(ports, 'device', wanted, { removed: true })).id;
}
