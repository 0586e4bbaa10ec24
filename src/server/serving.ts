/**
 * A serving server: its operations behind its listeners until it is stopped, then the drain. Invariant: no listener is
 * ever left open, even after a failed start.
 */
import { createPrivateKey, createPublicKey } from 'node:crypto';
import type { Server } from 'node:https';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { ADDRESSES_MAX } from '#domain/message-limits.ts';
import type { ServerName } from '#domain/server-name.ts';
import type { ServerLife } from '#protocol/server-program.ts';
import { PROGRAM_VERSION } from '#protocol/version.ts';
import type { Store } from '#store/store.ts';
import { askToJoin } from '#transport/ask-to-join.ts';
import type { Authority } from '#transport/authority.ts';
import { makeKeyPair } from '#transport/key-pair.ts';
import { replaceCertificate } from '#transport/machine-listener.ts';
import { trustAuthority } from '#transport/trusted-authority.ts';
import { type AdministrationServer, createAdministrationServer } from './administration-server.ts';
import { createAuditReceivers } from './audit-receivers.ts';
import { rereadSealPlaces, type ServerConfig } from './config.ts';
import type { ConsoleDoor } from './console-door.ts';
import type { Clock, Log, Random, Timers } from './environment/environment.ts';
import { createDialler } from './hierarchy/primary/dial-primary.ts';
import { listenOnPort, rememberPort } from './http/machines/listen-port.ts';
import { createMachineListener } from './http/machines/machine-listener.ts';
import { LOCAL_ENTRANCE, type LocalSocket } from './http/people/local-socket.ts';
import { createPeopleListener } from './http/people/people-listener.ts';
import { createCredentials, loadAuthority } from './members/credentials.ts';
import { keepLeafRenewed, makeServerLeaf } from './members/server-leaf.ts';
import { createReceivers } from './notice-receivers.ts';
import type { Repository } from './start/create-repository.ts';
import { healSetback } from './start/heal-setback.ts';

/** A balancer that asks every two seconds has asked twice. */
const LEAVE_MS = 5000;
/** A drain that takes longer is cut: the person who stopped the service is waiting. */
const DRAIN_MS_MAX = 10_000;

export interface ServingPorts {
  readonly config: ServerConfig;
  readonly log: Log;
  readonly store: Store;
  readonly socket: LocalSocket;
  readonly door: ConsoleDoor;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
}

/** @param life whom to notify that the server answers, and where it listens. Resolves when everything is drained. */
export async function serve(
  ports: ServingPorts,
  repository: Repository,
  life: {
    readonly onReady: (server: ServerName, listen: string) => void;
    readonly onSetUpLink: ServerLife['onSetUpLink'];
    readonly stop: AbortSignal;
  },
): Promise<void> {
  const { config, log, store, socket, door, clock, timers, random } = ports;
  const { server, rows } = repository;
  if (store.whenSetBack !== undefined) {
    store.whenSetBack(healSetback({ ...repository, clock, random, log }));
    // Whatever was lost is recorded before anybody is answered.
    await store.write(async () => undefined);
  }
  const authority = await loadAuthority(rows, store);
  let listen = '';
  const ownAddress = () => config.address ?? listen;
  let others: () => readonly string[] = () => [];
  /** This process first: whoever hears it talks to it already. Behind a balancer all have one address. */
  const addresses = () => [...new Set([ownAddress(), ...others()])].slice(0, ADDRESSES_MAX);
  const credentials = createCredentials(authority, addresses, clock);
  const names = [config.address ?? config.listen.host];
  const leaf = await makeServerLeaf(authority, server.id, names, clock());
  const administrationServer = await createAdministrationServer({
    repository,
    store,
    clock,
    timers,
    random,
    log,
    credentials,
    dialler: createDialler(rows, store, clock),
    askToJoin: (invitation, privateKeyPem, { id, name, useHierarchy }) =>
      askToJoin({ invitation, keyPair: keyPairOf(privateKeyPem), id, name, useHierarchy, now: clock }),
    makePrivateKey: () => makeKeyPair().privateKeyPem,
    budgets: config.budgets,
    providers: config.providers,
    receivers: createReceivers(config.notices, { server, clock, consoleUrl: () => door.url }),
    auditReceivers: createAuditReceivers(config.forwarding, { server, clock, host: hostname() }),
    facts: () => ({ listen, console: door.url, consoleFingerprint: door.fingerprint }),
    tellsRecipient: true,
    sealPlaces: {
      dataDirectory: config.dataDirectory,
      places: (file) => rereadSealPlaces(config, file),
    },
  });
  others = administrationServer.otherAddresses;
  const machines = createMachineListener({
    api: administrationServer.machines,
    credentials: leaf,
    authorities: [trustAuthority(authority.certificatePem)],
    clock,
    log,
  });
  const people = createPeopleListener(administrationServer, LOCAL_ENTRANCE, log);
  let endRenewal = (): void => {};
  try {
    await machines.app.ready();
    listen = await listenOnPort(machines.server, config.listen, rows, store);
    await rememberPort(machines.server, rows, store);
    await socket.serve(people);
    await serveConsole(ports, administrationServer, authority, server.id);
    const leafPorts = { authority, serverId: server.id, addresses: names, clock, timers, log };
    endRenewal = keepLeafRenewed(leafPorts, leaf, (renewed) => replaceCertificate(machines.server, renewed));
    administrationServer.start();
    await store.processes?.announce({
      address: ownAddress(),
      version: PROGRAM_VERSION,
      state: 'serving',
      opensWith: await administrationServer.opensAlone(),
    });
    log.info({ event: 'ready', server: server.id, name: server.name, listen }, 'the server is ready');
    life.onReady(server, listen);
    const setUpUrl = await administrationServer.offerFirstSetUp();
    if (setUpUrl !== undefined) life.onSetUpLink(setUpUrl);

    await aborted(life.stop);
    log.info({ event: 'stopping' }, 'the server is draining');
    await leaveToOthers(administrationServer, store);
  } finally {
    endRenewal();
    const cut = setTimeout(() => machines.server.closeAllConnections(), DRAIN_MS_MAX);
    await Promise.all([
      closed(machines.server),
      machines.app.close(),
      people.close(),
      door.close(),
      socket.close(),
      administrationServer.stop(),
    ]);
    clearTimeout(cut);
  }
}

/** Where others serve: a balancer in front has to notice first that this process takes no more. */
async function leaveToOthers(served: AdministrationServer, { processes }: Store): Promise<void> {
  served.leave();
  if (processes === undefined) return;
  await processes.announce({ state: 'stopping' }).catch(() => undefined);
  if (served.otherAddresses().length > 0) await sleep(LEAVE_MS);
}

/** The same operations over the network, for people who signed in. */
async function serveConsole(
  { config, door, log }: ServingPorts,
  served: AdministrationServer,
  authority: Authority,
  serverId: string,
): Promise<void> {
  const listener = await door.open(authority, serverId);
  if (listener === undefined) return;
  const entrance = door.entrance(listener, served.known, serverId);
  const metrics =
    config.console?.metrics === true
      ? new (await import('./http/people/metrics.ts')).Metrics(served.metricsPorts)
      : undefined;
  await listener.serve(createPeopleListener({ ...served, metrics }, entrance, log));
}

/**
 * Resolves with the last connection. A closed server no longer watches a slow one, which would keep the process alive.
 */
function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    // `close` reports an error if the server never listened.
    server.close(() => resolve());
  });
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

function keyPairOf(privateKeyPem: string) {
  const publicKey = createPublicKey(createPrivateKey(privateKeyPem)).export({ type: 'spki', format: 'der' });
  return { privateKeyPem, publicKey };
}
