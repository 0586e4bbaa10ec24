/**
 * The socket in the data directory, mode 0600: whoever owns the directory addresses the server by it.
 *
 * Invariant: it is one socket from the first answer to the last. A server that was sealed hands its calls from one
 * application to another without closing it, so that no call meets a gap.
 */
import { chmodSync, constants, openSync, rmSync } from 'node:fs';
import type { RequestListener, Server } from 'node:http';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { KeystairError } from '#domain/errors.ts';
import { createServer } from '#protocol/built-in-http.ts';

const SOCKET_NAME = 'keystair.sock';
/** `sun_path` of Linux has 108 bytes, one of them the closing zero. */
const SOCKET_PATH_BYTES_MAX = 107;

export interface LocalSocket {
  /** Calls go there from now on; those under way stay where they are. The first one makes the socket. Throws `data-not-writable`. */
  serve(app: FastifyInstance): Promise<void>;
  /** Resolves when the last call was answered. */
  close(): Promise<void>;
}

/** The data directory's lock is held by the caller. */
export function createLocalSocket(dataDirectory: string): LocalSocket {
  let answer: RequestListener;
  const server = createServer((request, response) => answer(request, response));
  // Imports and backups take as long as they take.
  server.requestTimeout = 0;
  return {
    async serve(app) {
      await app.ready();
      answer = (request, response) => app.routing(request, response);
      if (server.listening) return;
      const path = join(dataDirectory, SOCKET_NAME);
      try {
        // A killed process leaves it behind.
        rmSync(path, { force: true });
        // Between bind and chmod the directory's own mode, 0700, keeps others out.
        await listen(server, reachable(dataDirectory, path));
        chmodSync(path, 0o600);
      } catch (cause) {
        throw notMade(path, cause);
      }
    },
    close() {
      if (!server.listening) return Promise.resolve();
      return new Promise((resolve) => {
        server.close(() => resolve());
        server.closeIdleConnections();
      });
    },
  };
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ path }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function notMade(path: string, cause: unknown): KeystairError {
  const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
  return new KeystairError(
    'data-not-writable',
    `the socket ${path}, by which the server is addressed, cannot be made (${code})`,
    {
      nextStep:
        'take away what lies there, and see that the data directory is on a local file system with space left',
      cause,
    },
  );
}

/** A deeper directory is opened and the socket made through the descriptor, which stays open as long as the process. */
function reachable(dataDirectory: string, path: string): string {
  if (Buffer.byteLength(path) <= SOCKET_PATH_BYTES_MAX) return path;
  const descriptor = openSync(dataDirectory, constants.O_RDONLY | constants.O_DIRECTORY);
  return join('/proc/self/fd', String(descriptor), SOCKET_NAME);
}
