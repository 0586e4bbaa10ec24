/**
 * Changes the hierarchy from this server: sets DMZ marks, removes a secondary, leaves the primary. Invariant: every
 * stream that such a command closes is closed before the command returns.
 */
import { codeOf, KeystairError } from '#domain/errors.ts';
import type { Caller } from '#domain/right.ts';
import type { ServerName } from '#domain/server-name.ts';
import { step } from '#domain/step.ts';
import { forgetPrimaryPolicy } from '../groups/policy-rows.ts';
import { findNamed, listMembers, readMember, removeMember, writeMember } from '../members/members.ts';
import type { ServerPorts } from '../repository/ports.ts';
import type { PrimaryLink } from './primary/primary-link.ts';
import { readPrimary } from './primary/primary-row.ts';
import type { OpenStreams } from './secondaries/open-streams.ts';

export interface NeighbourPorts
  extends Pick<ServerPorts, 'audit' | 'clock' | 'hierarchyChanged' | 'random' | 'rows' | 'store'> {
  readonly link: PrimaryLink;
  readonly streams: OpenStreams;
}

/** Marks the link to a secondary, or this end's link to the primary. */
export async function setDmz(
  ports: NeighbourPorts,
  caller: Caller,
  request: { readonly server: string; readonly dmz: boolean },
): Promise<{ server: ServerName; dmz: boolean }> {
  const { reader } = ports.store;
  const primary = await readPrimary(ports.rows, reader);
  const secondaries = await listMembers(ports.rows, reader, 'secondary');
  const found = findNamed(
    [...secondaries, ...(primary === undefined ? [] : [primary])],
    request.server,
    'neighbour',
  );
  const server: ServerName = { id: found.id, name: found.name };
  await ports.store.write(async (transaction) => {
    const row = await readPrimary(ports.rows, transaction);
    if (row?.id === server.id) {
      await ports.rows.put(transaction, 'primary', 'current', { ...row, dmz: request.dmz });
    } else {
      const member = await readMember(ports.rows, transaction, server.id);
      if (member?.removedAt !== null) throw gone(server);
      await writeMember(ports.rows, transaction, { ...member, dmz: request.dmz });
    }
    await ports.audit.append(transaction, [
      { event: 'member-changed', by: caller.name, member: server.id, changes: { dmz: request.dmz } },
    ]);
  });
  if (request.dmz) await closeTo(ports, server.id);
  ports.hierarchyChanged.raise();
  return { server, dmz: request.dmz };
}

export async function removeSecondary(
  ports: NeighbourPorts,
  caller: Caller,
  wanted: string,
): Promise<{ server: ServerName }> {
  const secondaries = await listMembers(ports.rows, ports.store.reader, 'secondary');
  const primary = await readPrimary(ports.rows, ports.store.reader);
  const isMeant = isCalled(wanted);
  if (primary !== undefined && isMeant(primary) && !secondaries.some(isMeant)) {
    throw new KeystairError('not-found', `${primary.name} is the primary of this server, not a secondary`, {
      nextStep: step('part-from-primary'),
    });
  }
  const { id, name } = findNamed(secondaries, wanted, 'secondary');
  await removeMember(ports, caller.name, id);
  await closeTo(ports, id);
  ports.hierarchyChanged.raise();
  return { server: { id, name } };
}

/** Leaves the primary, and says so to it if it can be reached. If not, the primary shows this server as silent. */
export async function leaveHierarchy(
  ports: NeighbourPorts,
  caller: Caller,
): Promise<{ primary: ServerName; told: boolean }> {
  const primary = await readPrimary(ports.rows, ports.store.reader);
  if (primary === undefined) {
    throw new KeystairError('no-primary', 'this server has no primary to leave', {
      nextStep: 'nothing to do: this server is already a root',
    });
  }
  let told = true;
  try {
    await ports.link.call(primary, false, (calls) => calls.call('leave', {}));
  } catch (error) {
    // The primary no longer knows this member, which is what the caller wanted.
    told = codeOf(error) === 'not-a-member';
  }
  await ports.store.write(async (transaction) => {
    // The call took a moment. Another caller may have left the primary and joined another one meanwhile.
    if ((await readPrimary(ports.rows, transaction))?.id !== primary.id) return;
    await transaction.deleteRow('primary', 'current');
    await forgetPrimaryPolicy(ports, transaction);
    await transaction.clearRefusedKeys('');
    await ports.audit.append(transaction, [
      { event: 'hierarchy-left', by: caller.name, primary: primary.id, name: primary.name },
    ]);
  });
  ports.link.forget();
  await ports.store.processes?.settled();
  ports.hierarchyChanged.raise();
  return { primary: { id: primary.id, name: primary.name }, told };
}

function isCalled(wanted: string): (server: ServerName) => boolean {
  return ({ id, name }) => id === wanted || name === wanted;
}

async function closeTo(ports: NeighbourPorts, id: string): Promise<void> {
  const primary = await readPrimary(ports.rows, ports.store.reader);
  if (primary?.id === id) ports.link.closeStreams();
  ports.streams.close(id);
  // The streams at other processes of this server, too.
  await ports.store.processes?.settled();
}

export function gone(server: ServerName): KeystairError {
  return new KeystairError('not-found', `${server.name} is no longer a neighbour`, {
    nextStep: step('look-at-servers'),
  });
}
