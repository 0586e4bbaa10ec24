/**
 * The server's wiring: real disk, real clock, real network. Reads like a contents page; what each part does is in its
 * own file.
 */
import { createPrivateKey, createPublicKey, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { createKeyFile, readKeyFile } from '#crypto/seal/key-file.ts';
import type { ServerName } from '#domain/lookup.ts';
import { LOCAL_ADMINISTRATOR } from '#domain/right.ts';
import { openSqliteStore } from '#store/sqlite/open-sqlite-store.ts';
import type { Store } from '#store/store.ts';
import { askToJoin } from '#transport/ask-to-join.ts';
import { makeKeyPair } from '#transport/key-pair.ts';
import { replaceCertificate } from '#transport/machine-listener.ts';
import { trustAuthority } from '#transport/trusted-authority.ts';
import { createAdministrationServer } from './administration-server.ts';
import {
  defaultName,
  readConfig,
  rereadSealPlaces,
  type ServerConfig,
  type ServerOptions,
} from './config.ts';
import {
  createRepository,
  isNew,
  openedRepository,
  readDataKeys,
  type Repository,
} from './start/create-repository.ts';
import { createDialler } from './hierarchy/primary/dial-primary.ts';
import { createMachineListener } from './http/machines/machine-listener.ts';
import { createPeopleListener } from './http/people/people-listener.ts';
import { listenOnPort, rememberPort } from './http/machines/listen-port.ts';
import { createLocalSocket, type LocalSocket } from './http/people/local-socket.ts';
import type { Log, Timers } from './repository/ports.ts';
import { createLog, endProcess } from './process-log.ts';
import { openAtStart, type SealedServer, unjudgedName, waitSealed } from './seals/sealed-start.ts';
import { createCredentials, isLeafDue, loadAuthority, makeServerLeaf } from './members/credentials.ts';

/**
 * `ready` when it can be talked to. A server that starts sealed is `ready` with `sealed` and listens for nobody; when it
 * was opened, the same comes again as `unsealed`.
 */
export interface ServerReady {
  readonly event: 'ready' | 'unsealed';
  readonly server: { readonly id: string; readonly name: string };
  readonly listen: string | null;
  readonly console: string | null;
  readonly sealed?: true;
}

export { checkBackupFile, restoreServer, verifyOffline } from './offline.ts';

export interface ServerLife {
  readonly onReady: (ready: ServerReady) => void;
  readonly stop: AbortSignal;
}

const clock = (): number => Date.now();
const random = (bytes: number): Uint8Array => randomBytes(bytes);
const timers: Timers = {
  after(ms, call) {
    const timer = setTimeout(call, ms);
    timer.unref();
    return () => clearTimeout(timer);
  },
};
/** How often the server looks whether its own certificate is due. */
const LEAF_LOOK_MS = 60 * 60 * 1000;
/** A drain that takes longer is cut: whoever stopped the service is waiting. */
const DRAIN_MS_MAX = 10_000;

async function openStore(config: ServerConfig, log: Log): Promise<Store> {
  return openSqliteStore({ directory: config.dataDirectory, onFatal: endProcess(log), random });
}

/** Runs until `stop` is aborted and everything is drained. */
export async function runServer(options: ServerOptions, life: ServerLife): Promise<void> {
  const config = readConfig(options);
  const log = createLog(config.logLevel);
  const store = await openStore(config, log);
  const socket = createLocalSocket(config.dataDirectory);
  try {
    const ports = { store, clock, random, log };
    if (await isNew(store.reader)) {
      const repository = await createRepository(ports, keyFileOfNew(config), config.name ?? defaultName());
      await serve(config, log, store, repository, socket, life);
    } else {
      const start = await openAtStart(store.reader, await readDataKeys(store.reader), config);
      if ('opened' in start) {
        const repository = await openedRepository(ports, start.opened, config.name);
        await serve(config, log, store, repository, socket, life);
      } else await serveWhenUnsealed(config, log, store, start.sealed, socket, life);
    }
  } finally {
    await socket.close();
    await store.close();
  }
  log.info({ event: 'stopped' }, 'the server stopped');
}

/** A key file that is there already is of a start that broke off, or was laid there on purpose. */
function keyFileOfNew({ rootKeyFile }: ServerConfig): Uint8Array {
  return existsSync(rootKeyFile) ? readKeyFile(rootKeyFile) : createKeyFile(rootKeyFile, random);
}

async function serveWhenUnsealed(
  config: ServerConfig,
  log: Log,
  store: Store,
  sealed: SealedServer,
  socket: LocalSocket,
  life: ServerLife,
): Promise<void> {
  const serving = Promise.withResolvers<ServerName>();
  // Nobody waits for it where the server is stopped while it is sealed.
  serving.promise.catch(() => undefined);
  const server = await unjudgedName(store.reader);
  const onSealed = (): void =>
    life.onReady({ event: 'ready', server, listen: null, console: null, sealed: true });
  const ports = { config, sealed, server, socket, clock, log, stop: life.stop, onSealed };
  const unsealed = await waitSealed({ ...ports, serving: serving.promise });
  if (unsealed === undefined) return;
  try {
    const { opened, refused } = unsealed;
    const repository = await openedRepository({ store, clock, random, log }, opened, config.name);
    const { id: seal, kind } = opened.seal;
    const by = LOCAL_ADMINISTRATOR.name;
    await repository.audit.record({ event: 'server-unsealed', by, seal, kind, refusedBefore: refused });
    await serve(config, log, store, repository, socket, {
      stop: life.stop,
      onReady: (ready) => {
        life.onReady({ ...ready, event: 'unsealed' });
        serving.resolve(repository.server);
      },
    });
  } catch (error) {
    serving.reject(error);
    throw error;
  }
}

async function serve(
  config: ServerConfig,
  log: Log,
  store: Store,
  repository: Repository,
  socket: LocalSocket,
  life: ServerLife,
): Promise<void> {
  const { server, rows } = repository;
  const authority = await loadAuthority(rows, store);
  let listen = '';
  const addresses = () => [config.address ?? listen];
  const credentials = createCredentials(authority, addresses, clock);
  const names = [config.address ?? config.listen.host];
  let leaf = await makeServerLeaf(authority, server.id, names, clock());
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
    facts: () => ({ listen }),
    sealPlaces: {
      dataDirectory: config.dataDirectory,
      places: (file) => rereadSealPlaces(config, file),
    },
  });
  const machines = createMachineListener({
    api: administrationServer.machines,
    credentials: leaf,
    authorities: [trustAuthority(authority.certificatePem)],
    clock,
    log,
  });
  const people = createPeopleListener(administrationServer, log);
  let renewal: NodeJS.Timeout | undefined;
  try {
    await machines.app.ready();
    listen = await listenOnPort(machines.server, config.listen, rows, store);
    await rememberPort(machines.server, rows, store);
    await socket.serve(people);
    renewal = setInterval(() => {
      if (!isLeafDue(leaf, clock())) return;
      makeServerLeaf(authority, server.id, names, clock(), leaf).then(
        (renewed) => {
          leaf = renewed;
          replaceCertificate(machines.server, leaf);
          log.info({ event: 'leaf-renewed' }, "renewed the server's own certificate");
        },
        () => log.error({ event: 'leaf-not-renewed' }, "could not renew the server's own certificate"),
      );
    }, LEAF_LOOK_MS);
    administrationServer.start();
    log.info({ event: 'ready', server: server.id, name: server.name, listen }, 'the server is ready');
    life.onReady({ event: 'ready', server, listen, console: null });

    await aborted(life.stop);
    log.info({ event: 'stopping' }, 'the server drains');
  } finally {
    // After a start that failed, too: a listener that is left open keeps a process that serves nobody.
    clearInterval(renewal);
    const cut = setTimeout(() => machines.server.closeAllConnections(), DRAIN_MS_MAX);
    machines.server.close();
    await Promise.all([machines.app.close(), people.close(), socket.close(), administrationServer.stop()]);
    clearTimeout(cut);
  }
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
