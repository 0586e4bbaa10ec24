/**
 * One connection to a server: dialled, and verified before a byte of a request is sent over it.
 *
 * Invariant: `dial` hands out a socket only after `identifyServer` has seen the server's leaf, now or, on a resumed
 * session, when the session was made. On the client side of a resumed TLS 1.3 session Node shows no peer certificate at
 * all; there the server's ability to resume authenticates it. So a session is kept together with the verdict under
 * which it was made, and is offered only to the same pinned server.
 */
import { isIP } from 'node:net';
import { connect, type SecureContext, type TLSSocket } from 'node:tls';
import { readAddress } from './address.ts';
import { type FailedAttempt, reasonOf } from './connection-failure.ts';
import { identifyServer, type PinnedServer, type ServerIdentity } from './peer-identity.ts';

export type VerifiedServer = Exclude<ServerIdentity, { kind: 'untrusted' }>;

/** What lets the next connection skip the certificates, and the server it stands for. */
export interface ResumableSession {
  readonly ticket: Buffer;
  readonly server: VerifiedServer;
}

export interface DialRequest {
  readonly address: string;
  readonly context: SecureContext;
  readonly pinned: PinnedServer;
  readonly session: ResumableSession | undefined;
  /** Unix milliseconds. */
  readonly now: () => number;
  readonly timeoutMs: number;
  /** Gives up at once. */
  readonly signal: AbortSignal;
  /** A ticket for later connections; comes after the handshake, several times or never. */
  readonly onSession: (session: ResumableSession) => void;
}

export type DialOutcome =
  | { readonly outcome: 'connected'; readonly socket: TLSSocket; readonly server: VerifiedServer }
  | { readonly outcome: 'failed'; readonly attempt: FailedAttempt };

export function dial(request: DialRequest): Promise<DialOutcome> {
  const { address, session } = request;
  const target = readAddress(address);
  if (target === undefined) {
    const reason = 'it is not an address of the form HOST:PORT';
    return Promise.resolve({ outcome: 'failed', attempt: { address, code: 'server-unreachable', reason } });
  }
  const { host, port } = target;
  return new Promise((resolve) => {
    const socket = connect({
      host,
      port,
      secureContext: request.context,
      // The verdict is ours, below. Names are hints: the key is pinned.
      rejectUnauthorized: false,
      ALPNProtocols: ['http/1.1'],
      // For proxies that route by name; an IP is not allowed here.
      ...(isIP(host) === 0 ? { servername: host } : {}),
      ...(session === undefined ? {} : { session: session.ticket }),
    });
    const giveUp = (): void => fail('server-unreachable', 'the connection was abandoned');
    const settle = (): void => {
      clearTimeout(timer);
      request.signal.removeEventListener('abort', giveUp);
    };
    const fail = (code: FailedAttempt['code'], reason: string, cause?: unknown): void => {
      settle();
      socket.destroy();
      resolve({ outcome: 'failed', attempt: { address, code, reason, cause } });
    };
    const timer = setTimeout(
      () => fail('server-unreachable', `no connection within ${request.timeoutMs} ms`),
      request.timeoutMs,
    );
    const onError = (error: Error): void => fail('server-unreachable', reasonOf(error), error);
    const onClose = (): void => fail('server-unreachable', 'the connection was closed during the handshake');
    let verified: VerifiedServer | undefined;
    let early: Buffer | undefined;
    request.signal.addEventListener('abort', giveUp);
    socket.on('error', onError);
    socket.on('close', onClose);
    socket.on('session', (ticket) => {
      if (verified === undefined) early = ticket;
      else request.onSession({ ticket, server: verified });
    });
    socket.once('secureConnect', () => {
      const server =
        socket.isSessionReused() && session !== undefined
          ? session.server
          : identifyServer(socket.getPeerX509Certificate(), request.pinned, request.now());
      if (server.kind === 'untrusted') {
        fail('untrusted-server', `it is not the server that was joined: its certificate ${server.reason}`);
        return;
      }
      verified = server;
      if (early !== undefined) request.onSession({ ticket: early, server });
      settle();
      // The listener for errors stays: an error may come before the request listens, and an unheard one ends the
      // process.
      socket.off('close', onClose);
      socket.setNoDelay(true);
      resolve({ outcome: 'connected', socket, server });
    });
  });
}
