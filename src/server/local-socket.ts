/**
 * The socket in the data directory, mode 0600: whoever owns the directory addresses the server by it.
 */
import { chmodSync, constants, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';

const SOCKET_NAME = 'keystair.sock';
/** `sun_path` of Linux has 108 bytes, one of them the closing zero. */
const SOCKET_PATH_BYTES_MAX = 107;

/** Listens; a socket that a killed process left behind is replaced. The data directory's lock is held by the caller. */
export async function listenLocally(app: FastifyInstance, dataDirectory: string): Promise<void> {
  const path = join(dataDirectory, SOCKET_NAME);
  rmSync(path, { force: true });
  // A deeper directory is opened and the socket made through the descriptor, which stays open as long as the process.
  const reachable =
    Buffer.byteLength(path) <= SOCKET_PATH_BYTES_MAX
      ? path
      : join(
          '/proc/self/fd',
          String(openSync(dataDirectory, constants.O_RDONLY | constants.O_DIRECTORY)),
          SOCKET_NAME,
        );
  // Between bind and chmod the directory's own mode, 0700, keeps others out.
  await app.listen({ path: reachable });
  chmodSync(path, 0o600);
}
