/** From the address that a command was given to the clients of that server. What it takes is loaded when it is asked. */
import type { PeopleClient } from '#transport/people/people-client.ts';
import type { PeopleConnection } from '#transport/people/people-connection.ts';
import type { TransferClient } from '#transport/people/transfer-client.ts';
import { connectionTo } from './data-directory.ts';
import type { ServerAddress } from './places.ts';
import type { Surroundings } from './remote-server.ts';

export interface Connect {
  readonly connect: (server: ServerAddress) => Promise<PeopleClient>;
  readonly connectTransfers: (server: ServerAddress) => Promise<TransferClient>;
}

export function connectAround(around: Surroundings): Connect {
  const reach = async (server: ServerAddress): Promise<PeopleConnection> => {
    const connection = await reachPlain(server);
    if (server.given === undefined) return connection;
    const { withApproval } = await import('#transport/people/given-approval.ts');
    return withApproval(connection, server.given);
  };
  const reachPlain = async (server: ServerAddress): Promise<PeopleConnection> => {
    if (server.at === 'directory') return connectionTo(server.directory);
    const { reachServer } = await import('./remote-server.ts');
    return reachServer(server, around);
  };
  return {
    connect: async (server) => {
      const connection = await reach(server);
      // Loaded here and not above: help and wrong usage need no schemas.
      const { createPeopleClient } = await import('#transport/people/people-client.ts');
      return createPeopleClient(connection);
    },
    connectTransfers: async (server) => {
      const connection = await reach(server);
      const { createTransferClient } = await import('#transport/people/transfer-client.ts');
      return createTransferClient(connection);
    },
  };
}
