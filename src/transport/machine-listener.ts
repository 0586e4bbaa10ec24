/**
 * The listener that machines call: TLS 1.3 only; it asks for the caller's certificate and finds out who the caller is.
 *
 * Invariant: the handshake lets everyone in and decides nothing. Every request asks `peerOf` and then the membership
 * row. So a refused caller gets a problem document instead of a broken connection, an expired one can renew, and a
 * removed one is refused at its next request, even on a kept or resumed connection.
 */
import type { TLSSocket } from 'node:tls';
import type { Server, ServerOptions } from 'node:https';
import { TLS_HANDSHAKE_MS_MAX, TLS_SESSION_MS } from '#domain/limits.ts';
import { identifyMember, judgedNow, type PeerIdentity } from './peer-identity.ts';
import { type TlsCredentials, tlsContextOptions } from './tls-context.ts';
import type { TrustedAuthority } from './trusted-authority.ts';

/** For `https.createServer`, also under an HTTP framework. */
export function machineTlsOptions(credentials: TlsCredentials): ServerOptions {
  return {
    ...tlsContextOptions(credentials),
    requestCert: true,
    rejectUnauthorized: false,
    handshakeTimeout: TLS_HANDSHAKE_MS_MAX,
    sessionTimeout: TLS_SESSION_MS / 1000,
  };
}

/**
 * Replaces the certificate of a running listener: new handshakes use the new one, open connections stay. Ticket keys
 * change with it, so that every caller makes a full handshake and sees the new certificate.
 */
export function replaceCertificate(server: Server, credentials: TlsCredentials): void {
  // A mismatched pair throws, and the listener keeps the old one. `setSecureContext` drops every option that is not
  // passed again: minimum version, groups and all.
  server.setSecureContext(machineTlsOptions(credentials));
}

interface Judgement {
  readonly authorities: readonly TrustedAuthority[];
  identity: PeerIdentity;
}

const judgements = new WeakMap<TLSSocket, Judgement>();

/**
 * Who calls over this connection. The certificate is judged once per connection, its dates at every call.
 *
 * Works on resumed sessions: a server's ticket holds the caller's leaf, though not the rest of its chain. (A client
 * that resumes does not get the server's leaf back; see `server-connection.ts`.)
 *
 * @param authorities pass the same array until they change; another array means judging again.
 */
export function peerOf(
  socket: TLSSocket,
  authorities: readonly TrustedAuthority[],
  now: number,
): PeerIdentity {
  let judgement = judgements.get(socket);
  if (judgement?.authorities !== authorities) {
    judgement = { authorities, identity: identifyMember(socket.getPeerX509Certificate(), authorities, now) };
    judgements.set(socket, judgement);
    return judgement.identity;
  }
  judgement.identity = judgedNow(judgement.identity, now);
  return judgement.identity;
}
