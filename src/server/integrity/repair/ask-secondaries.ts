/**
 * Asks secondaries for what came from them. The cursor lives here, so setting it back to the start makes the secondary
 * send everything of that epoch again, which changes nothing where it is known. Invariant: the cursor and its audit
 * event are durable together.
 */
import type { ServerName } from '#domain/server-name.ts';
import { samePosition, SEQUENCE_START } from '#domain/sequence.ts';
import type { Cursor } from '#store/rows.ts';
import type { ServerPorts } from '../../repository/ports.ts';
import { listMembers } from '../../members/members.ts';
import type { DamagedRange } from './damaged-range.ts';

/** The secondaries that were asked. They learn it at their next heartbeat. */
export async function askSecondaries(
  ports: Pick<ServerPorts, 'store' | 'rows' | 'audit'>,
  groups: readonly DamagedRange[],
  by: string,
): Promise<ServerName[]> {
  const secondaries = await listMembers(ports.rows, ports.store.reader, 'secondary');
  const asked: ServerName[] = [];
  for (const { id, name, dmz } of secondaries) {
    if (dmz || !groups.some(({ sources }) => sources.has(`secondary:${id}`))) continue;
    const cursors = await ports.store.reader.cursors(id);
    const newest = cursors.toSorted((left, right) => right.rank - left.rank)[0];
    if (newest === undefined) continue;
    await setBack(ports, newest, by);
    asked.push({ id, name });
  }
  return asked;
}

/** Sets the cursor to the start. A cursor that is there already stays. */
export async function setBack(
  ports: Pick<ServerPorts, 'store' | 'audit'>,
  { memberId, epoch }: Cursor,
  by: string,
): Promise<void> {
  await ports.store.write(async (transaction) => {
    const cursor = await transaction.cursor(memberId, epoch);
    if (cursor === undefined || samePosition(cursor, SEQUENCE_START)) return;
    await transaction.putCursor({ ...cursor, ...SEQUENCE_START });
    await ports.audit.append(transaction, [
      { event: 'secondary-asked-again', by, secondary: memberId, epoch },
    ]);
  });
}
