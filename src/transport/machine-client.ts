/**
 * The client with which a device or a secondary calls its server: HTTP/1.1 over mutual TLS, connections kept and
 * sessions resumed.
 *
 * Invariant: a request leaves only over a connection whose server was verified against the pinned authority, whose
 * dates fit now (unless the request is a renewal), under the certificate that is ours now.
 */
import { assert } from '#domain/errors.ts';
import { CONNECT_MS_DEFAULT, EXCHANGES_MAX } from '#domain/limits.ts';
import { brokenOff, interrupted, timedOut } from './connection-failure.ts';
import { ConnectionPool, type Negotiated } from './connection-pool.ts';
import {
  exchange,
  type ExchangeOutcome,
  type ExchangeRequest,
  isStreamed,
  type MachineResponse,
  type RequestBody,
} from './exchange.ts';
import type { PinnedServer } from './peer-identity.ts';
import type { TlsCredentials } from './tls-context.ts';
import { trustAuthority } from './trusted-authority.ts';
import { Semaphore } from './semaphore.ts';

export interface MachineClientOptions {
  /** HOST:PORT. Hints: tried in order, the one that worked last first. */
  readonly addresses: readonly string[];
  /** The authority pinned when joining: a fingerprint from an invitation, or the certificate kept since. */
  readonly authority: {
    readonly fingerprint?: string | undefined;
    readonly certificatePem?: string | undefined;
  };
  /** Undefined while joining. */
  readonly serverId?: string | undefined;
  /** Asked at every request; another certificate means other connections. */
  readonly clientCertificate: () => TlsCredentials | undefined;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** For one address, handshake included. */
  readonly connectTimeoutMs?: number | undefined;
}

export interface MachineRequest {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: RequestBody | undefined;
  readonly signal?: AbortSignal | undefined;
  /** For the whole exchange: waiting, connecting, sending, and the answer to its last byte. */
  readonly timeoutMs: number;
  /** May go to a server whose certificate's dates do not fit. Uses a connection of its own. */
  readonly renewalOnly?: boolean | undefined;
  /** May be sent once more where the server had closed a kept connection. Not for a streamed body. */
  readonly idempotent?: boolean | undefined;
}

export interface MachineClient {
  /**
   * Throws `server-unreachable`, `untrusted-server`, `clock-problem`, or `interrupted` where `signal` or `close` ended
   * it. Any answer of the server is a response, refusals too.
   */
  request(request: MachineRequest): Promise<MachineResponse>;
  setAddresses(addresses: readonly string[]): void;
  /** Ends every request before it returns. */
  close(): void;
  /** The properties of the last connection for ordinary requests. */
  negotiated(): Negotiated | undefined;
}

export function createMachineClient(options: MachineClientOptions): MachineClient {
  const pinned: PinnedServer = {
    fingerprints: pinnedFingerprints(options.authority),
    serverId: options.serverId,
  };
  const line = new Semaphore(EXCHANGES_MAX);
  const underWay = new Set<AbortController>();
  const renewals = new Set<ConnectionPool>();
  let addresses = options.addresses;
  let pool: ConnectionPool | undefined;
  let closed = false;

  const hints = {
    list: () => addresses,
    worked: (address: string) => {
      if (addresses[0] === address || !addresses.includes(address)) return;
      addresses = [address, ...addresses.filter((other) => other !== address)];
    },
  };

  const nameNow = (): string => (addresses.length === 0 ? 'the server' : `the server at ${addresses[0]}`);

  function openPool(
    purpose: 'everything' | 'renewal',
    credentials: TlsCredentials | undefined,
  ): ConnectionPool {
    const connectTimeoutMs = options.connectTimeoutMs ?? CONNECT_MS_DEFAULT;
    return new ConnectionPool({
      addresses: hints,
      pinned,
      credentials,
      purpose,
      now: options.now,
      connectTimeoutMs,
    });
  }

  function ordinaryPool(credentials: TlsCredentials | undefined): ConnectionPool {
    if (pool?.fits(credentials, options.now()) !== true) {
      pool?.retire();
      pool = openPool('everything', credentials);
    }
    return pool;
  }

  /** What ends this request early: its deadline, its caller, or the end of the client. */
  function begin(request: MachineRequest, server: string): { ending: AbortSignal; over: () => void } {
    const controller = new AbortController();
    const cancel = (): void => controller.abort(interrupted(server, request.signal?.reason));
    const timer = setTimeout(() => controller.abort(timedOut(server, request.timeoutMs)), request.timeoutMs);
    if (closed || request.signal?.aborted === true) cancel();
    request.signal?.addEventListener('abort', cancel, { once: true });
    underWay.add(controller);
    const over = (): void => {
      clearTimeout(timer);
      request.signal?.removeEventListener('abort', cancel);
      underWay.delete(controller);
    };
    return { ending: controller.signal, over };
  }

  async function send(request: MachineRequest): Promise<MachineResponse> {
    const server = nameNow();
    const { ending, over } = begin(request, server);
    await line.enter(ending).catch((error: unknown) => {
      over();
      throw error;
    });
    // This function and each exchange hold the place in line, as does an answer that is still being read.
    let holders = 1;
    const onBegun = (): void => {
      holders += 1;
    };
    const leave = (): void => {
      holders -= 1;
      if (holders > 0) return;
      over();
      line.leave();
    };
    try {
      const first = await attempt(request, { server, ending, onBegun, onOver: leave });
      if (first.outcome === 'answered') return first.response;
      if (request.idempotent !== true || isStreamed(request.body)) throw brokenOff(server, first.error);
      // The others kept since then are most likely closed as well.
      pool?.closeIdle();
      const second = await attempt(request, { server, ending, onBegun, onOver: leave });
      if (second.outcome === 'answered') return second.response;
      throw brokenOff(server, second.error);
    } finally {
      leave();
    }
  }

  async function attempt(
    request: MachineRequest,
    running: Pick<ExchangeRequest, 'server' | 'ending' | 'onBegun' | 'onOver'>,
  ): Promise<ExchangeOutcome> {
    const { method, path, headers, body } = request;
    const credentials = options.clientCertificate();
    if (request.renewalOnly !== true)
      return exchange(ordinaryPool(credentials), { method, path, headers, body, ...running });
    const once = openPool('renewal', credentials);
    const onBegun = (): void => {
      renewals.add(once);
      running.onBegun();
    };
    const onOver = (): void => {
      renewals.delete(once);
      running.onOver();
    };
    return exchange(once, { method, path, headers, body, ...running, onBegun, onOver });
  }

  return {
    request: send,
    setAddresses(changed) {
      addresses = [...changed];
    },
    close() {
      closed = true;
      for (const controller of underWay) controller.abort(interrupted(nameNow()));
      pool?.destroy();
      for (const renewal of renewals) renewal.destroy();
    },
    negotiated: () => pool?.negotiated,
  };
}

function pinnedFingerprints(authority: MachineClientOptions['authority']): readonly string[] {
  if (authority.fingerprint !== undefined) return [authority.fingerprint];
  assert(authority.certificatePem !== undefined, 'a client pins an authority');
  return [trustAuthority(authority.certificatePem).fingerprint];
}
