/**
 * The neighbours that an export can be sealed to: each told its recipient itself, and the row that keeps it has a MAC,
 * since whoever changed it would open the file.
 */
import type { ServerName } from '#domain/server-name.ts';
import { listMembers } from '../members/members.ts';
import type { ServerPorts } from '../repository/ports.ts';
import { readPrimary } from './primary/primary-row.ts';

export async function sealableServers({
  rows,
  store: { reader },
}: Pick<ServerPorts, 'rows' | 'store'>): Promise<readonly (ServerName & { readonly recipient: string })[]> {
  const primary = await readPrimary(rows, reader);
  const secondaries = await listMembers(rows, reader, 'secondary');
  return [...(primary === undefined ? [] : [primary]), ...secondaries].flatMap(({ id, name, recipient }) =>
    recipient === undefined ? [] : [{ id, name, recipient }],
  );
}
