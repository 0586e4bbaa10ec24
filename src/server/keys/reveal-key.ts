/**
 * Reveals a key's material to an administrator: the only way without the claim. It needs its own right and a reason,
 * and its audit event is durable before the material leaves.
 */
import { type Caller, write } from '#domain/right.ts';
import { scopeOf } from '#domain/scope.ts';
import type { PeopleAnswer } from '#protocol/people/people-routes.ts';
import type { ServerPorts } from '../repository/ports.ts';
import { findKey } from './list-keys.ts';
import { openStoredKey } from '../records/record-keys.ts';
import { noteRevealed } from './rotation-tasks.ts';

export async function revealKey(
  ports: Pick<ServerPorts, 'audit' | 'barrier' | 'clock' | 'rows' | 'store'>,
  caller: Caller,
  request: { readonly id: string; readonly reason: string },
): Promise<PeopleAnswer<'revealKey'>> {
  const row = await findKey(ports, scopeOf(caller, write('Key reveal')), request.id);
  const { material } = openStoredKey(ports.barrier, row);
  await ports.audit.record({ event: 'key-revealed', by: caller.name, key: row.id, reason: request.reason });
  await noteRevealed(ports, row, caller.name);
  const text = material.exposeText();
  return text === undefined
    ? { id: row.id, material: Buffer.from(material.expose()).toString('base64'), encoding: 'base64' }
    : { id: row.id, material: text, encoding: 'text' };
}
