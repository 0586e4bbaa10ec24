/**
 * The permission to recover keys: an administrator at the primary allows one secondary, for a limited time, to get what
 * it once sent, without the claims. Invariant: the permission is a row with a MAC; it expires; and withdrawing it
 * closes what is under way before the command returns.
 */
import { RECOVERY_MS_DEFAULT } from '#domain/limits.ts';
import type { Caller } from '#domain/right.ts';
import type { ServerName } from '#domain/server-name.ts';
import type { PeopleAnswer } from '#protocol/people/people-routes.ts';
import type { Reader } from '#store/transaction.ts';
import { isoTime } from '../../environment/environment.ts';
import { findNamed, listMembers, readMember } from '../../members/members.ts';
import { type Expiring, isExpired, latestTime } from '../../repository/known-time.ts';
import type { ServerPorts } from '../../repository/ports.ts';
import { gone } from '../neighbours.ts';
import type { OpenStreams } from '../secondaries/open-streams.ts';

/** The row's id is the secondary's. */
interface RecoveryRow extends Expiring {
  readonly allowedAt: string;
}

export interface RecoveryPorts extends Pick<ServerPorts, 'audit' | 'clock' | 'rows' | 'store'> {
  readonly streams: OpenStreams;
}

/** Until when that secondary may recover its keys; undefined if it may not. */
export async function recoveryAllowedUntil(
  ports: Pick<ServerPorts, 'rows' | 'clock'>,
  reader: Reader,
  secondaryId: string,
): Promise<string | undefined> {
  const row = await ports.rows.get<RecoveryRow>(reader, 'recovery', secondaryId);
  return row === undefined || !(await stillAllows(ports, reader, row)) ? undefined : row.expiresAt;
}

/** Setting the clock back to before the permission does not extend it. */
async function stillAllows(
  ports: Pick<ServerPorts, 'rows' | 'clock'>,
  reader: Reader,
  row: RecoveryRow,
): Promise<boolean> {
  return ports.clock() >= Date.parse(row.allowedAt) && !(await isExpired(ports, reader, row));
}

/** Every open permission, for the status. */
export async function openRecoveries(
  ports: Pick<ServerPorts, 'clock' | 'rows' | 'store'>,
): Promise<readonly { readonly server: ServerName; readonly expiresAt: string }[]> {
  const { reader } = ports.store;
  const rows = await ports.rows.all<RecoveryRow>(reader, 'recovery');
  if (rows.length === 0) return [];
  const until = new Map<string, string>();
  for (const { id, value } of rows) {
    if (await stillAllows(ports, reader, value)) until.set(id, value.expiresAt);
  }
  const secondaries = await listMembers(ports.rows, reader, 'secondary');
  return secondaries
    .filter(({ id }) => until.has(id))
    .map(({ id, name }) => ({ server: { id, name }, expiresAt: until.get(id)! }));
}

export async function allowRecovery(
  ports: RecoveryPorts,
  caller: Caller,
  request: {
    readonly server: string;
    readonly expiresMs?: number | undefined;
    readonly off?: true | undefined;
  },
): Promise<PeopleAnswer<'allowRecovery'>> {
  const secondaries = await listMembers(ports.rows, ports.store.reader, 'secondary');
  const { id, name } = findNamed(secondaries, request.server, 'secondary');
  if (request.off === true) {
    await ports.store.write(async (transaction) => {
      if ((await transaction.row('recovery', id)) === undefined) return;
      await transaction.deleteRow('recovery', id);
      await ports.audit.append(transaction, [
        { event: 'recovery-withdrawn', by: caller.name, secondary: id, name },
      ]);
    });
    ports.streams.close(id);
    await ports.store.processes?.settled();
    return { server: { id, name }, expiresAt: null };
  }
  const now = ports.clock();
  const row: RecoveryRow = {
    allowedAt: isoTime(now),
    knownAt: isoTime(await latestTime(ports, ports.store.reader)),
    expiresAt: isoTime(now + (request.expiresMs ?? RECOVERY_MS_DEFAULT)),
  };
  await ports.store.write(async (transaction) => {
    // The secondary may have been removed since it was found. If it returns later, it must not return with a
    // permission.
    const member = await readMember(ports.rows, transaction, id);
    if (member?.removedAt !== null) throw gone({ id, name });
    await ports.rows.put(transaction, 'recovery', id, row);
    await ports.audit.append(transaction, [
      { event: 'recovery-allowed', by: caller.name, secondary: id, name, expiresAt: row.expiresAt },
    ]);
  });
  return { server: { id, name }, expiresAt: row.expiresAt };
}
