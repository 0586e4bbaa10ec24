/**
 * The way from a data directory to the server that runs on it: the socket `keystair.sock` in it. A Unix socket's path
 * ends at 107 bytes; a deeper directory is opened, and the socket reached through the descriptor.
 */
import { constants, lstatSync, openSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { KeystairError } from '#domain/errors.ts';
import type { PeopleClient } from '#transport/people/people-client.ts';
import type { TransferClient } from '#transport/people/transfer-client.ts';
import { demandOwnersSocket } from './owners-socket.ts';

const SOCKET_NAME = 'keystair.sock';
/** Its database, and the folder of an unfinished restore. */
const OF_A_SERVER = ['keystair.db', 'restoring'];
/** `sun_path` of Linux has 108 bytes, one of them the closing zero. */
const SOCKET_PATH_BYTES_MAX = 107;

/** @returns a path that a socket can be connected by, for as long as this process lives. */
export function reachableSocketPath(dataDirectory: string): string {
  const path = join(resolve(dataDirectory), SOCKET_NAME);
  if (Buffer.byteLength(path) <= SOCKET_PATH_BYTES_MAX) return path;
  // Never closed: the path is good only while the descriptor is open, and a command is short.
  const descriptor = openSync(dataDirectory, constants.O_RDONLY | constants.O_DIRECTORY);
  return join('/proc/self/fd', String(descriptor), SOCKET_NAME);
}

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
  demandOwnersSocket(dataDirectory, found, join(dataDirectory, SOCKET_NAME));
}

/** Whether there is one, or the rest of a restore that was broken off; yes where this user may not look. */
export function holdsServer(dataDirectory: string): boolean {
  try {
    return OF_A_SERVER.some(
      (name) => lstatSync(join(dataDirectory, name), { throwIfNoEntry: false }) !== undefined,
    );
  } catch {
    return true;
  }
}

function addressOf(dataDirectory: string) {
  return {
    socketPath: reachableSocketPath(dataDirectory),
    dataDirectory,
    holdsServer: () => holdsServer(dataDirectory),
  };
}

export async function connectToServer(dataDirectory: string): Promise<PeopleClient> {
  checkDataDirectory(dataDirectory);
  // Loaded here and not above: help and wrong usage need no schemas.
  const { createPeopleClient } = await import('#transport/people/people-client.ts');
  return createPeopleClient(addressOf(dataDirectory));
}

export async function connectTransfers(dataDirectory: string): Promise<TransferClient> {
  checkDataDirectory(dataDirectory);
  const { createTransferClient } = await import('#transport/people/transfer-client.ts');
  return createTransferClient(addressOf(dataDirectory));
}
