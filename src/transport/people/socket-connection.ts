/**
 * The connection to a server on this machine: the Unix socket in its data directory. Only the directory's owner can
 * open it.
 */
import { KeystairError } from '#domain/errors.ts';
import { step } from '#domain/step.ts';
import { overSocket, request } from '../built-in-http.ts';
import { systemCodeOf } from '../connection-failure.ts';
import type { PeopleConnection } from './people-connection.ts';

export interface SocketAddress {
  /** At most 107 bytes, so the caller must shorten a longer path. */
  readonly socketPath: string;
  readonly dataDirectory: string;
  /** Whether the directory contains a server at all. Called if none answers. */
  readonly holdsServer?: () => boolean;
}

export function socketConnection(address: SocketAddress): PeopleConnection {
  return {
    begin: ({ signal, ...call }) =>
      request({ ...overSocket(address.socketPath), ...call, ...(signal === undefined ? {} : { signal }) }),
    broken: (cause) => notRunning(address, cause),
  };
}

function notRunning(
  { dataDirectory, holdsServer = () => true }: SocketAddress,
  cause: unknown,
): KeystairError {
  const code = systemCodeOf(cause);
  if (code === 'EACCES') {
    return new KeystairError('not-allowed', `only the owner of ${dataDirectory} may address this server`, {
      nextStep: "run the command as the server's user",
      cause,
    });
  }
  if (code === 'ECONNRESET' || code === 'EPIPE') {
    return new KeystairError(
      'server-not-running',
      `the server of ${dataDirectory} stopped before it answered`,
      {
        nextStep: step('start-server-again', { directory: dataDirectory }),
        cause,
      },
    );
  }
  if (!holdsServer()) {
    return new KeystairError('server-not-running', `no server runs on ${dataDirectory}, and it holds none`, {
      nextStep: step('create-server', { directory: dataDirectory }),
      cause,
    });
  }
  return new KeystairError('server-not-running', `no server runs on ${dataDirectory}`, {
    nextStep: step('start-server', { directory: dataDirectory }),
    cause,
  });
}
