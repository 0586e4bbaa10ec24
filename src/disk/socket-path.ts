/**
 * The socket through which people reach the server of a data directory. Invariant: a server and its callers arrive at
 * the same socket, however deep the directory lies.
 */
import { constants, openSync } from 'node:fs';
import { join, resolve } from 'node:path';

export const SOCKET_NAME = 'keystair.sock';
/** `sun_path` of Linux has 108 bytes, one of them the closing zero. */
const SOCKET_PATH_BYTES_MAX = 107;

/**
 * A path by which the socket in that folder can be made or connected, for the life of this process. Where the folder is
 * too deep, it is opened and the socket reached through the descriptor, which is never closed.
 */
export function reachableSocketPath(folder: string): string {
  const path = join(resolve(folder), SOCKET_NAME);
  if (Buffer.byteLength(path) <= SOCKET_PATH_BYTES_MAX) return path;
  const descriptor = openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  return join('/proc/self/fd', String(descriptor), SOCKET_NAME);
}
