/**
 * The people's listener on the network: TLS 1.3, or plain HTTP on a loopback address only.
 *
 * Invariant: one listener lives from the first answer to the last. When a sealed server opens, another application
 * takes over its calls without closing it.
 */
import type { RequestListener, Server } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { TLS_HANDSHAKE_MS_MAX } from '#domain/limits.ts';
import { HEADERS_MS_MAX, PEOPLE_CONNECTIONS_MAX, PEOPLE_UNREAD_MS_MAX } from '#domain/listener-limits.ts';
import { isLoopback } from '#transport/address.ts';
import { createServer as createPlainServer } from '#transport/built-in-http.ts';
import { type TlsCredentials, tlsContextOptions } from '#transport/tls-context.ts';
import type { Log, Timers } from '../../environment/environment.ts';
import { WATCHED, watchConnections } from '../connections.ts';
import { requireBind } from '../bind.ts';
import { Newcomers } from '../newcomers.ts';
import { PEOPLE, whatFailed } from '../replies.ts';
import {
  type CertificateFiles,
  certificateFingerprint,
  readCertificateFiles,
  versionOf,
} from './console-certificate.ts';
import { type ConsoleAddress, originOf, siteOf } from './console-site.ts';
import type { Site } from './request-origin.ts';

/** How often the certificate's files are checked; certificates are renewed weeks before they expire. */
const CERTIFICATE_CHECK_MS = 60_000;
const KEEP_ALIVE_MS = 75_000;
/** Browsers then call the host and those below it over TLS alone: for a year, as their lists demand. */
const STRICT_TRANSPORT = 'max-age=31536000; includeSubDomains';

export interface ConsoleOptions {
  readonly address: ConsoleAddress;
  /** Undefined for plain HTTP. */
  readonly credentials: TlsCredentials | undefined;
  /** The operator's files, if the credentials came from them. */
  readonly files: CertificateFiles | undefined;
  readonly log: Log;
  readonly timers: Timers;
}

export interface ConsoleListener {
  readonly site: Site;
  /** The address to tell people. */
  readonly url: string;
  /** SHA-256 of the certificate in use; null without TLS. */
  readonly fingerprint: () => string | null;
  /** Notes that the caller of this connection is known. */
  know(socket: Socket): void;
  /** Directs new calls to this application. Calls under way stay where they are. */
  serve(app: FastifyInstance): Promise<void>;
  /** Resolves when the last call was answered. */
  close(): Promise<void>;
}

/** Listens at once; a request before the first `serve` waits for it. Throws `invalid-argument`. */
export async function openConsoleListener(options: ConsoleOptions): Promise<ConsoleListener> {
  const { address, log, timers } = options;
  const first = Promise.withResolvers<RequestListener>();
  let answer: RequestListener = (request, response) =>
    void first.promise.then((serving) => serving(request, response));
  const server = createListener(options.credentials);
  server.maxConnections = PEOPLE_CONNECTIONS_MAX;
  const newcomers = new Newcomers(server);
  const isStrict = wantsStrictTransport(address);
  const begin: RequestListener = (request, response) => {
    if (isStrict) response.setHeader('strict-transport-security', STRICT_TRANSPORT);
    answer(request, response);
  };
  watchConnections(server, begin, {
    audience: PEOPLE,
    unreadMs: PEOPLE_UNREAD_MS_MAX,
    onEnded: (_socket, because) =>
      log.warn({ event: 'connection-ended', because }, 'a connection of the people’s listener was ended'),
  });
  await requireBind(server, address.listen, '--console');
  const { port } = server.address() as AddressInfo;
  const shown = new Shown(options, server);
  shown.keepFresh(timers);
  return {
    site: siteOf(address, port),
    url: originOf(address, port),
    fingerprint: () => shown.fingerprint,
    know: (socket) => newcomers.know(socket),
    async serve(app) {
      await app.ready();
      answer = (request, response) => app.routing(request, response);
      first.resolve(answer);
    },
    close() {
      shown.end();
      return new Promise((resolve) => {
        server.close(() => resolve());
        server.closeIdleConnections();
      });
    },
  };
}

/** Not for a name of this machine itself, which other programs on it share. */
function wantsStrictTransport(address: ConsoleAddress): boolean {
  return address.secure && !isLoopback(new URL(originOf(address, 0)).hostname.replace(/^\[(.*)\]$/, '$1'));
}

function createListener(credentials: TlsCredentials | undefined): Server | TlsServer {
  const bounds = {
    ...WATCHED,
    headersTimeout: HEADERS_MS_MAX,
    keepAliveTimeout: KEEP_ALIVE_MS,
    // An import has no time limit. A body that stalls is ended with its connection.
    requestTimeout: 0,
  };
  if (credentials === undefined) return createPlainServer(bounds);
  return createTlsServer({
    ...tlsContextOptions(credentials),
    handshakeTimeout: TLS_HANDSHAKE_MS_MAX,
    ...bounds,
  });
}

/** The certificate in use. */
class Shown {
  readonly #options: ConsoleOptions;
  readonly #server: Server | TlsServer;
  #credentials: TlsCredentials | undefined;
  #version: string | undefined;
  #cancel: () => void = () => {};

  constructor(options: ConsoleOptions, server: Server | TlsServer) {
    this.#options = options;
    this.#server = server;
    this.#credentials = options.credentials;
    this.#version = options.files === undefined ? undefined : versionOf(options.files);
  }

  get fingerprint(): string | null {
    return this.#credentials === undefined ? null : certificateFingerprint(this.#credentials.certificatePem);
  }

  keepFresh(timers: Timers): void {
    if (this.#options.files === undefined) return;
    this.#cancel = timers.after(CERTIFICATE_CHECK_MS, () => {
      this.#look(this.#options.files!);
      this.keepFresh(timers);
    });
  }

  end(): void {
    this.#cancel();
  }

  /**
   * While files are being replaced, they may not match. The listener then keeps its certificate and checks again later.
   */
  #look(files: CertificateFiles): void {
    const { log } = this.#options;
    const version = versionOf(files);
    if (version === this.#version) return;
    try {
      const credentials = readCertificateFiles(files);
      (this.#server as TlsServer).setSecureContext(tlsContextOptions(credentials));
      this.#credentials = credentials;
      this.#version = version;
      log.info({ event: 'certificate-replaced' }, 'the console uses the new certificate');
    } catch (error) {
      log.warn(
        { event: 'certificate-not-replaced', because: whatFailed(error) },
        'the console keeps its certificate',
      );
    }
  }
}
