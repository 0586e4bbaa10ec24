/**
 * The connections to one server at a URL, kept while a command runs.
 *
 * Invariants: a connection is handed out, so a request's first byte is sent, only after its server was verified: over
 * TLS by its certificate, without TLS by being on this machine. If a fingerprint is pinned, no other certificate is
 * accepted, whoever signed it.
 */
import type { X509Certificate } from 'node:crypto';
import { connect as connectPlainly, isIP, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectSecurely, getCACertificates, type TLSSocket } from 'node:tls';
import { KeystairError } from '#domain/errors.ts';
import { CONNECT_MS_DEFAULT } from '#domain/limits.ts';
import { step } from '#domain/step.ts';
import { isLoopback } from '../address.ts';
import { Agent } from '../built-in-http.ts';
import { notReached, reasonOf, systemCodeOf } from '../connection-failure.ts';
import { tlsContextOptions } from '../tls-context.ts';

/** Notices within minutes that a server vanished: long calls have no time limit. */
const KEEP_ALIVE_MS = 30_000;

export interface Trust {
  /** Whether an authority that this machine trusts may vouch for the server. */
  readonly authorities: boolean;
  /** SHA-256 of the one certificate that is accepted without an authority, as `readFingerprint` spells it. */
  readonly fingerprint: string | undefined;
}

/** Judges the server after the handshake. Returns the failure, or undefined if the server is accepted. */
function faultOf(socket: TLSSocket, url: string, trust: Trust): KeystairError | undefined {
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return untrusted(url, 'it shows no certificate', undefined);
  const shown = certificate.fingerprint256;
  if (trust.authorities && socket.authorized) return undefined;
  if (trust.fingerprint === undefined) return untrusted(url, reasonWhy(socket.authorizationError), shown);
  if (shown !== trust.fingerprint)
    return untrusted(
      url,
      `its certificate is not the pinned one, whose SHA-256 is ${trust.fingerprint}`,
      shown,
    );
  return datesFault(certificate, url);
}

/** An expired certificate's key may be in anybody's hands, and a server renews its certificate long before that. */
function datesFault(certificate: X509Certificate, url: string): KeystairError | undefined {
  const { validFrom, validTo, validFromDate, validToDate } = certificate;
  const now = Date.now();
  if (now >= validFromDate.getTime() && now <= validToDate.getTime()) return undefined;
  const here = new Date(now).toISOString();
  return new KeystairError(
    'clock-problem',
    `cannot use the server at ${url}: its certificate is valid from ${validFrom} to ${validTo}, and the clock here says ${here}; nothing was sent`,
    { nextStep: 'set the clock of this machine; where it is right, have the server given a new certificate' },
  );
}

const REASONS: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'its certificate has expired',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name',
};

function reasonWhy(error: unknown): string {
  const code = typeof error === 'string' ? error : systemCodeOf(error);
  return REASONS[code ?? ''] ?? 'no authority that this machine trusts signed its certificate';
}

function untrusted(url: string, reason: string, shown: string | undefined): KeystairError {
  const which = shown === undefined ? '' : `, and the SHA-256 of the one it shows is ${shown}`;
  return new KeystairError('untrusted-server', `the server at ${url}: ${reason}${which}; nothing was sent`, {
    nextStep: step('compare-fingerprint', { url }),
    details: { url, ...(shown === undefined ? {} : { fingerprint: shown }) },
  });
}

export class JudgedConnections extends Agent {
  readonly #url: URL;
  readonly #trust: Trust;

  constructor(url: URL, trust: Trust) {
    super({ keepAlive: true });
    this.#url = url;
    this.#trust = trust;
  }

  /** All connections lead to one server. */
  override getName(): string {
    return '';
  }

  override createConnection(_: unknown, done: (error: Error | null, socket: Duplex) => void): undefined {
    this.#dial().then(
      (socket) => done(null, socket),
      // Given an error, Node ignores the second argument.
      (error: unknown) => done(error as Error, undefined as unknown as Duplex),
    );
  }

  #dial(): Promise<Socket> {
    const { protocol, hostname, host, origin } = this.#url;
    const secure = protocol === 'https:';
    const to = {
      host: hostname.replace(/^\[(.*)\]$/, '$1'),
      port: Number(this.#url.port) || (secure ? 443 : 80),
    };
    return new Promise((resolve, reject) => {
      const socket = secure ? this.#secure(to) : connectPlainly(to);
      const fail = (error: KeystairError): void => {
        clearTimeout(timer);
        socket.destroy();
        reject(error);
      };
      const unreachable = (reason: string, cause?: unknown): void =>
        fail(notReached([{ address: host, code: 'server-unreachable', reason, cause }]));
      const timer = setTimeout(
        () => unreachable(`no connection within ${CONNECT_MS_DEFAULT} ms`),
        CONNECT_MS_DEFAULT,
      );
      // This listener stays: an error may come before the request listens, and an unhandled one ends the process.
      socket.on('error', (error) => unreachable(reasonOf(error), error));
      const closed = (): void => unreachable('the connection was closed during the handshake');
      socket.on('close', closed);
      socket.once(secure ? 'secureConnect' : 'connect', () => {
        const fault = secure ? faultOf(socket as TLSSocket, origin, this.#trust) : notHere(socket, origin);
        if (fault !== undefined) return fail(fault);
        clearTimeout(timer);
        socket.off('close', closed);
        socket.setNoDelay(true);
        socket.setKeepAlive(true, KEEP_ALIVE_MS);
        return resolve(socket);
      });
    });
  }

  #secure(to: { readonly host: string; readonly port: number }): TLSSocket {
    return connectSecurely({
      ...to,
      ...tlsContextOptions(undefined),
      // The system lists each of them several times.
      ...(this.#trust.authorities ? { ca: [...new Set(getCACertificates('system'))] } : {}),
      // Our own code judges the server, before anything is sent.
      rejectUnauthorized: false,
      ALPNProtocols: ['http/1.1'],
      ...(isIP(to.host) === 0 ? { servername: to.host } : {}),
    });
  }
}

/** A name that looks local may lead to another machine. */
function notHere({ remoteAddress = '' }: Socket, url: string): KeystairError | undefined {
  if (isLoopback(remoteAddress)) return undefined;
  return untrusted(
    url,
    `without TLS a server must be on this machine, and this address leads to ${remoteAddress}`,
    undefined,
  );
}
