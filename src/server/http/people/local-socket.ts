/**
 * The socket in the data directory, mode 0600, through which the directory's owner addresses the server.
 *
 * Invariants: nobody else can connect to it at any moment. Anyone who connects is treated as the local administrator,
 * and between `bind` and `chmod` a socket has the mode that the umask leaves. So it is made in a folder that only the
 * owner can enter, and renamed to its place once it has its mode. One socket lives from the first answer to the last:
 * when a sealed server opens, another application takes over its calls without closing it, so no call fails in between.
 */
import { chmodSync, lstatSync, renameSync, rmSync } from 'node:fs';
import type { RequestListener, Server } from 'node:http';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { makeClosedDirectory, ownUser } from '#disk/closed-directory.ts';
import { reachableSocketPath, SOCKET_NAME } from '#disk/socket-path.ts';
import { KeystairError } from '#domain/errors.ts';
import { LOCAL_ADMINISTRATOR } from '#domain/right.ts';
import { PEOPLE_UNREAD_MS_MAX } from '#domain/listener-limits.ts';
import { createServer } from '#transport/built-in-http.ts';
import type { Log } from '../../environment/environment.ts';
import { WATCHED, watchConnections } from '../connections.ts';
import { PEOPLE } from '../replies.ts';
import type { Entrance } from './people-listener.ts';
import { LOCAL_SITE } from './request-origin.ts';

/** Anyone who reaches the socket owns the directory, so it asks for nothing more. */
export const LOCAL_ENTRANCE: Entrance = { site: LOCAL_SITE, authenticate: () => LOCAL_ADMINISTRATOR };

/**
 * Where the socket is made. The empty folder stays, because a full disk has no block for a new one and the server must
 * be able to start there.
 */
const MAKING_FOLDER = 'keystair.sock.making';

export interface LocalSocket {
  /**
   * Directs new calls to this application. Calls under way stay where they are. The first `serve` makes the socket.
   * Throws `data-not-writable`.
   */
  serve(app: FastifyInstance): Promise<void>;
  /** Resolves when the last call was answered. */
  close(): Promise<void>;
}

/**
 * The caller holds the data directory's lock.
 *
 * @param unreadMs how long an answer may stay unread before it is ended.
 */
export function createLocalSocket(
  dataDirectory: string,
  log: Log,
  unreadMs: number = PEOPLE_UNREAD_MS_MAX,
): LocalSocket {
  let answer: RequestListener;
  // An import has no time limit.
  const server = createServer({ ...WATCHED, requestTimeout: 0 });
  watchConnections(server, (request, response) => answer(request, response), {
    audience: PEOPLE,
    unreadMs,
    onEnded: (_socket, because) =>
      log.warn({ event: 'connection-ended', because }, 'a connection of the local socket was ended'),
  });
  return {
    async serve(app) {
      await app.ready();
      answer = (request, response) => app.routing(request, response);
      if (server.listening) return;
      const path = join(dataDirectory, SOCKET_NAME);
      try {
        await listenThere(server, path, join(dataDirectory, MAKING_FOLDER));
      } catch (cause) {
        throw notMade(path, cause);
      }
    },
    close() {
      if (!server.listening) return Promise.resolve();
      removeName(join(dataDirectory, SOCKET_NAME));
      return new Promise((resolve) => {
        server.close(() => resolve());
        server.closeIdleConnections();
      });
    },
  };
}

async function listenThere(server: Server, path: string, folder: string): Promise<void> {
  const made = join(folder, SOCKET_NAME);
  if (!isClosedFolder(folder)) rmSync(folder, { recursive: true, force: true });
  makeClosedDirectory(folder, 'the folder');
  // A killed process may have left these behind.
  for (const left of [path, made]) rmSync(left, { force: true });
  await listen(server, reachableSocketPath(folder));
  try {
    chmodSync(made, 0o600);
    renameSync(made, path);
  } catch (error) {
    server.close();
    throw error;
  }
}

/** Whether it is a folder that nobody else can enter, and not a link. */
function isClosedFolder(path: string): boolean {
  const found = lstatSync(path, { throwIfNoEntry: false });
  return found?.isDirectory() === true && found.uid === ownUser(found.uid) && (found.mode & 0o077) === 0;
}

/** The system removes the name that a socket was bound to, but this socket was renamed. */
function removeName(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // On a disk that takes no writes the name stays; the next start replaces it.
  }
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
        'remove what is there, and make sure that the data directory is on a local file system with free space',
      cause,
    },
  );
}
