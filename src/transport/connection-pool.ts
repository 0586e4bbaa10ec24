/**
 * The connections to one server under one client certificate: kept while idle, resumed when they were not kept.
 *
 * Invariant: `dial` verified every connection in here. Their dates are judged again without reading a certificate: a
 * pool knows the period in which all its connections fit, and is replaced afterwards.
 */
import { createSecureContext, type SecureContext, type TLSSocket } from 'node:tls';
import type { Duplex } from 'node:stream';
import { CONNECTION_IDLE_MS_MAX, EXCHANGES_MAX } from '#domain/limits.ts';
import { Agent } from './built-in-http.ts';
import { type FailedAttempt, notReached } from './connection-failure.ts';
import type { PinnedServer } from './peer-identity.ts';
import { dial, type DialOutcome, type ResumableSession, type VerifiedServer } from './server-connection.ts';
import { type TlsCredentials, tlsContextOptions } from './tls-context.ts';

/** Hints where to dial; the one that worked last is tried first. */
export interface AddressHints {
  list(): readonly string[];
  worked(address: string): void;
}

export interface PoolOptions {
  readonly addresses: AddressHints;
  readonly pinned: PinnedServer;
  readonly credentials: TlsCredentials | undefined;
  /** `renewal`: a server whose dates do not fit is accepted too, and no connection is kept. */
  readonly purpose: 'everything' | 'renewal';
  /** Unix milliseconds. */
  readonly now: () => number;
  readonly connectTimeoutMs: number;
}

/** The properties of the last connection; for tests and for people. */
export interface Negotiated {
  /** The key exchange group, where this Node reports it. */
  readonly group: string | undefined;
  readonly resumed: boolean;
}

export class ConnectionPool extends Agent {
  readonly #options: PoolOptions;
  readonly #context: SecureContext;
  readonly #servers = new WeakMap<Duplex, VerifiedServer>();
  #session: ResumableSession | undefined;
  #fitsFrom = -Infinity;
  #fitsUntil = Infinity;
  readonly #closing = new AbortController();
  #negotiated: Negotiated | undefined;

  constructor(options: PoolOptions) {
    super({
      keepAlive: options.purpose === 'everything',
      maxFreeSockets: EXCHANGES_MAX,
      timeout: CONNECTION_IDLE_MS_MAX,
    });
    this.#options = options;
    this.#context = createSecureContext(tlsContextOptions(options.credentials));
  }

  get negotiated(): Negotiated | undefined {
    return this.#negotiated;
  }

  /** Whether this pool may be used: same certificate of ours, and every server certificate in it fits the clock. */
  fits(credentials: TlsCredentials | undefined, now: number): boolean {
    const own = this.#options.credentials;
    return (
      now >= this.#fitsFrom &&
      now <= this.#fitsUntil &&
      own?.certificatePem === credentials?.certificatePem &&
      own?.privateKeyPem === credentials?.privateKeyPem
    );
  }

  /** The server at the other end; undefined for a connection outside this pool. */
  serverOf(socket: Duplex): VerifiedServer | undefined {
    return this.#servers.get(socket);
  }

  /** Closes what is idle, so that the next request opens a connection. */
  closeIdle(): void {
    for (const sockets of Object.values(this.freeSockets)) {
      for (const socket of sockets ?? []) socket.destroy();
    }
  }

  /** Lets requests under way finish, and keeps nothing after them. */
  retire(): void {
    this.maxFreeSockets = 0;
    this.closeIdle();
  }

  /** Ends everything, including connections that are being dialled. */
  override destroy(): void {
    this.#closing.abort();
    this.retire();
    super.destroy();
  }

  /** All connections of a pool lead to one server; Node would build the name from twenty options. */
  override getName(): string {
    return '';
  }

  override createConnection(_: unknown, done: (error: Error | null, socket: Duplex) => void): undefined {
    this.#connect().then(
      (socket) => done(null, socket),
      // Given an error, Node ignores the second argument.
      (error: unknown) => done(error as Error, undefined as unknown as Duplex),
    );
  }

  async #connect(): Promise<TLSSocket> {
    const attempts: FailedAttempt[] = [];
    for (const address of this.#options.addresses.list()) {
      const dialled = this.#judge(address, await this.#dial(address));
      if (dialled.outcome === 'connected') {
        this.#options.addresses.worked(address);
        return this.#take(dialled.socket, dialled.server);
      }
      attempts.push(dialled.attempt);
      if (this.#closing.signal.aborted) break;
    }
    throw notReached(attempts);
  }

  #dial(address: string): Promise<DialOutcome> {
    const { pinned, now, connectTimeoutMs, purpose } = this.#options;
    return dial({
      address,
      context: this.#context,
      pinned,
      session: this.#session,
      now,
      timeoutMs: connectTimeoutMs,
      signal: this.#closing.signal,
      onSession: (session) => {
        if (purpose === 'everything' && session.server.kind === 'trusted') this.#session = session;
      },
    });
  }

  /** A server whose dates do not fit is good only for a renewal. */
  #judge(address: string, dialled: DialOutcome): DialOutcome {
    if (dialled.outcome === 'failed' || dialled.server.kind === 'trusted') return dialled;
    if (this.#options.purpose === 'renewal') return dialled;
    dialled.socket.destroy();
    const { notBefore, notAfter } = dialled.server;
    const [from, until, here] = [notBefore, notAfter, this.#options.now()].map((ms) =>
      new Date(ms).toISOString(),
    );
    const reason = `its certificate is valid from ${from} to ${until}, but the clock here says ${here}`;
    return { outcome: 'failed', attempt: { address, code: 'clock-problem', reason } };
  }

  #take(socket: TLSSocket, server: VerifiedServer): TLSSocket {
    this.#servers.set(socket, server);
    this.#fitsFrom = Math.max(this.#fitsFrom, server.notBefore);
    this.#fitsUntil = Math.min(this.#fitsUntil, server.notAfter);
    // An object without a name where an older Node does not know hybrid groups.
    const group = (socket.getEphemeralKeyInfo() as { name?: string } | null)?.name;
    this.#negotiated = { group, resumed: socket.isSessionReused() };
    return socket;
  }
}
