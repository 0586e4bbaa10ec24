/**
 * The way from a data directory to the server that runs on it: the socket in it. Invariant: nothing is sent there until
 * it is known that only the directory's owner can have made it.
 */
import { lstatSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { reachableSocketPath, SOCKET_NAME } from '#disk/socket-path.ts';
import { KeystairError } from '#domain/errors.ts';
import type { PeopleClient } from '#transport/people/people-client.ts';
import type { PeopleConnection } from '#transport/people/people-connection.ts';
import type { TransferClient } from '#transport/people/transfer-client.ts';
import { requireOwnersSocket } from './owners-socket.ts';

/** A server's database, and the folder of an unfinished restore. */
const OF_A_SERVER = ['keystair.db', 'restoring'];

function checkDataDirectory(dataDirectory: string): void {
  const found = statSync(dataDirectory, { throwIfNoEntry: false });
  if (found === undefined) {
    throw new KeystairError('not-found', `there is no data directory ${dataDirectory}`, {
      nextStep: `check the path, or create a server there with \`keystair server start --data ${dataDirectory}\``,
    });
  }
  if (!found.isDirectory()) {
    throw new KeystairError('invalid-argument', `${dataDirectory} is not a directory`, {
      nextStep: "give the server's data directory with --data DIR",
    });
  }
  requireOwnersSocket(dataDirectory, found, join(dataDirectory, SOCKET_NAME));
}

/** Whether there is a server, or the remains of a broken-off restore; true where this user may not look. */
export function holdsServer(dataDirectory: string): boolean {
  try {
    return OF_A_SERVER.some(
      (name) => lstatSync(join(dataDirectory, name), { throwIfNoEntry: false }) !== undefined,
    );
  } catch {
    return true;
  }
}

/** The connection to the server that runs there. */
export async function connectionTo(dataDirectory: string): Promise<PeopleConnection> {
  checkDataDirectory(dataDirectory);
  const { socketConnection } = await import('#transport/people/socket-connection.ts');
  return socketConnection({
    socketPath: reachableSocketPath(dataDirectory),
    dataDirectory,
    holdsServer: () => holdsServer(dataDirectory),
  });
}

export async function connectToServer(dataDirectory: string): Promise<PeopleClient> {
  const connection = await connectionTo(dataDirectory);
  // Loaded here and not above: help and wrong usage need no schemas.
  const { createPeopleClient } = await import('#transport/people/people-client.ts');
  return createPeopleClient(connection);
}

export async function connectTransfers(dataDirectory: string): Promise<TransferClient> {
  const connection = await connectionTo(dataDirectory);
  const { createTransferClient } = await import('#transport/people/transfer-client.ts');
  return createTransferClient(connection);
}
