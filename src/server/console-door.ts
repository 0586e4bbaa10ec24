/**
 * Opens the people's listener on the network, if one is configured: once, for a sealed or a serving server, until the
 * server stops.
 *
 * Invariant: a sealed server without an earlier certificate opens it only when it is unsealed.
 */
import type { Authority } from '#transport/authority.ts';
import { isLoopback } from '#transport/address.ts';
import type { TlsCredentials } from '#transport/tls-context.ts';
import { LOCAL_ADMINISTRATOR, type Person } from '#domain/right.ts';
import type { ConsoleConfig } from './console-config.ts';
import type { ServerConfig } from './config.ts';
import type { Clock, Log, Random, Timers } from './environment/environment.ts';
import {
  makeOwnCertificate,
  readCertificateFiles,
  readOwnCertificate,
} from './http/people/console-certificate.ts';
import { createAuthenticate, type KnownPeople, requirePageOfOurs } from './http/people/console-entrance.ts';
import { type ConsoleListener, openConsoleListener } from './http/people/console-listener.ts';
import { callerAddress } from './http/people/console-site.ts';
import type { Entrance } from './http/people/people-listener.ts';
import { newerConsoleSource } from './http/people/stale-console.ts';
import { cookieForm, createVisit } from './http/people/visit.ts';

export interface ConsoleDoorPorts {
  readonly config: ServerConfig;
  readonly log: Log;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
}

export class ConsoleDoor {
  readonly #ports: ConsoleDoorPorts;
  #listener: ConsoleListener | undefined;

  constructor(ports: ConsoleDoorPorts) {
    this.#ports = ports;
  }

  /** The address to tell people; null if the listener is not open. */
  get url(): string | null {
    return this.#listener?.url ?? null;
  }

  get fingerprint(): string | null {
    return this.#listener?.fingerprint() ?? null;
  }

  /** Opens the listener of a sealed server, if it has a certificate. */
  async openSealed(): Promise<ConsoleListener | undefined> {
    const { config, log } = this.#ports;
    if (config.console === undefined) return undefined;
    const credentials = this.#present(config.console);
    if (credentials === 'none') {
      log.warn(
        { event: 'console-closed' },
        'the console has no certificate yet: it opens once the server is unsealed',
      );
      return undefined;
    }
    return this.#open(config.console, credentials);
  }

  async open(authority: Authority, serverId: string): Promise<ConsoleListener | undefined> {
    const { config } = this.#ports;
    if (config.console === undefined || this.#listener !== undefined) return this.#listener;
    const present = this.#present(config.console);
    const credentials =
      present === 'none'
        ? await makeOwnCertificate(this.#own(), authority, serverId, namesOf(config.console))
        : present;
    return this.#open(config.console, credentials);
  }

  async close(): Promise<void> {
    await this.#listener?.close();
    this.#listener = undefined;
  }

  /** For a serving server: sessions, and the keys of service accounts. */
  entrance(listener: ConsoleListener, known: KnownPeople, serverId: string): Entrance {
    const { site, url } = listener;
    const { secure, trustedProxies } = this.#ports.config.console!;
    const cookie = cookieForm(serverId, secure || url.startsWith('https:'));
    const authenticate = createAuthenticate(known, cookie, site);
    return {
      site,
      pages: true,
      async authenticate(request, purpose) {
        const person = await authenticate(request, purpose);
        listener.know(request.socket);
        return person;
      },
      visit: (request, reply) => {
        const visit = createVisit(request, reply, cookie, {
          address: callerAddress(request.raw, trustedProxies),
          url,
        });
        // A request with a cookie comes from a browser, and our pages' requests name their origin.
        if (visit.session !== undefined || visit.device !== undefined) requirePageOfOurs(request.raw, site);
        return visit;
      },
    };
  }

  /**
   * For a sealed server, which answers only two calls: anybody may see its seals, and may open it with what only the
   * holder of a seal has.
   */
  sealedEntrance({ site }: ConsoleListener): Entrance {
    const { trustedProxies } = this.#ports.config.console!;
    return {
      site,
      pages: true,
      authenticate: (request): Person => ({
        ...LOCAL_ADMINISTRATOR,
        name: `somebody at ${callerAddress(request, trustedProxies)}`,
      }),
    };
  }

  #present(config: ConsoleConfig): TlsCredentials | undefined | 'none' {
    if (!config.secure) return undefined;
    if (config.files !== undefined) return readCertificateFiles(config.files);
    return readOwnCertificate(this.#own(), namesOf(config)) ?? 'none';
  }

  async #open(config: ConsoleConfig, credentials: TlsCredentials | undefined): Promise<ConsoleListener> {
    const { log, timers } = this.#ports;
    this.#listener = await openConsoleListener({
      address: config,
      credentials,
      files: config.files,
      log,
      timers,
    });
    const newer = newerConsoleSource();
    if (newer !== undefined) {
      log.warn(
        { event: 'console-stale', newer },
        'the console was built before its sources changed; build it again with npm ci, and start the server again',
      );
    }
    return this.#listener;
  }

  #own() {
    const { config, clock, random } = this.#ports;
    return { dataDirectory: config.dataDirectory, clock, random };
  }
}

function namesOf({ listen, url }: ConsoleConfig): readonly string[] {
  const told = url === undefined ? [listen.host] : [new URL(url).hostname.replace(/^\[(.*)\]$/, '$1')];
  return [...new Set([...told, ...(isLoopback(listen.host) ? [listen.host, 'localhost'] : [])])];
}
