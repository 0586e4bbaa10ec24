/** The processes of this server, for people: this one first. */
import type { ServerStatus } from '#protocol/people/routes/server.ts';
import { PROGRAM_VERSION } from '#protocol/version.ts';
import { isoTime } from '../environment/environment.ts';
import type { HierarchyPorts } from '../hierarchy/ports.ts';

/** A server with a database of its own is one process, which does everything. */
export async function showProcesses(
  { store, server, clock }: Pick<HierarchyPorts, 'clock' | 'server' | 'store'>,
  listen: string,
): Promise<ServerStatus['processes']> {
  const { processes } = store;
  if (processes === undefined) {
    const lastSeenAt = isoTime(clock());
    return [
      {
        id: server.id,
        address: listen,
        version: PROGRAM_VERSION,
        lastSeenAt,
        sealed: false,
        holds: ['lead'],
      },
    ];
  }
  const shown = (await processes.living()).map(({ id, address, version, lastSeenAt, state, leads }) => ({
    id,
    address,
    version,
    lastSeenAt: isoTime(lastSeenAt),
    sealed: state === 'sealed',
    holds: leads ? ['lead' as const] : [],
  }));
  const isOwn = (id: string): number => (id === processes.process ? 0 : 1);
  return shown.toSorted((one, other) => isOwn(one.id) - isOwn(other.id));
}
