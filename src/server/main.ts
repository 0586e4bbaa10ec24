/**
 * The server's wiring: real disk, real clock, real network. Reads like a contents page; what each part does is in its
 * own file.
 */
import { createPrivateKey, createPublicKey, randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { pino } from 'pino';
import { createKeyFile, readKeyFile } from '#crypto/seal/key-file.ts';
import { KeystairError } from '#domain/errors.ts';
import { fillSqliteDirectory } from '#store/sqlite/fill-directory.ts';
import { openSqliteStore } from '#store/sqlite/open-sqlite-store.ts';
import type { Store } from '#store/store.ts';
import { askToJoin } from '#transport/ask-to-join.ts';
import { makeKeyPair } from '#transport/key-pair.ts';
import { replaceCertificate } from '#transport/machine-listener.ts';
import { trustAuthority } from '#transport/trusted-authority.ts';
import { createAdministrationServer } from './administration-server.ts';
import { type CheckReport, checkBackup } from './backup/check-backup.ts';
import { readBackup } from './backup/read-backup.ts';
import { restoreBackup, type Restored } from './backup/restore-backup.ts';
import { defaultName, readConfig, type ServerConfig, type ServerOptions } from './config.ts';
import { createRepository, isNew, openRepository, type Repository } from './create-repository.ts';
import { createDialler } from './hierarchy/dial-primary.ts';
import { createMachineListener } from './http/machine-listener.ts';
import { createPeopleListener } from './http/people-listener.ts';
import { listenOnPort } from './listen-port.ts';
import { listenLocally } from './local-socket.ts';
import type { Log, Timers } from './ports.ts';
import { createCredentials, loadAuthority, makeServerLeaf } from './trust/credentials.ts';
import { verify } from './verify.ts';

export interface ServerReady {
  readonly event: 'ready';
  readonly server: { readonly id: string; readonly name: string };
  readonly listen: string;
  readonly console: string | null;
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

function createLog(level: string): Log {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    pino.destination({ fd: 2, sync: true }),
  );
}

/** What is on disk is not known any more: say so and end, without a further write. */
function endProcess(log: Log): (error: KeystairError) => never {
  return (error) => {
    log.error({ event: 'fatal', code: error.code, because: error.sentence }, 'the server ends');
    process.stderr.write(`keystair: ${error.code}: ${error.sentence}\n`);
    process.exit(1);
  };
}

async function openStore(config: ServerConfig, log: Log): Promise<Store> {
  return openSqliteStore({ directory: config.dataDirectory, onFatal: endProcess(log), random });
}

async function openOrCreate(config: ServerConfig, store: Store, log: Log): Promise<Repository> {
  const ports = { store, clock, random, log };
  if (!(await isNew(store.reader)))
    return openRepository(ports, readKeyFile(config.rootKeyFile), config.name);
  const sealKey = existsSync(config.rootKeyFile)
    ? readKeyFile(config.rootKeyFile)
    : createKeyFile(config.rootKeyFile, random);
  return createRepository(ports, sealKey, config.name ?? defaultName());
}

/** Runs until `stop` is aborted and everything is drained. */
export async function runServer(
  options: ServerOptions,
  life: { readonly onReady: (ready: ServerReady) => void; readonly stop: AbortSignal },
): Promise<void> {
  const config = readConfig(options);
  const log = createLog(config.logLevel);
  const store = await openStore(config, log);
  try {
    const repository = await openOrCreate(config, store, log);
    await serve(config, log, store, repository, life);
  } finally {
    await store.close();
  }
  log.info({ event: 'stopped' }, 'the server stopped');
}

async function serve(
  config: ServerConfig,
  log: Log,
  store: Store,
  repository: Repository,
  life: { readonly onReady: (ready: ServerReady) => void; readonly stop: AbortSignal },
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
    facts: () => ({
      listen,
      seals: repository.seals.map(({ kind }) => kind),
      warnings: keyFileWarnings(config),
    }),
  });
  const machines = createMachineListener({
    api: administrationServer.machines,
    credentials: leaf,
    authorities: [trustAuthority(authority.certificatePem)],
    clock,
    log,
  });
  const people = createPeopleListener(administrationServer, log);
  await machines.app.ready();
  listen = await listenOnPort(machines.server, config.listen, rows, store);
  await listenLocally(people, config.dataDirectory);
  const renewal = setInterval(() => {
    if (clock() < leaf.renewAt) return;
    makeServerLeaf(authority, server.id, names, clock()).then(
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
  clearInterval(renewal);
  const cut = setTimeout(() => machines.server.closeAllConnections(), DRAIN_MS_MAX);
  machines.server.close();
  await Promise.all([machines.app.close(), people.close(), administrationServer.stop()]);
  clearTimeout(cut);
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

/** With the key file on the database's own disk, a thief of the disk has everything. */
function keyFileWarnings(config: ServerConfig): string[] {
  const sameDisk = statSync(dirname(config.rootKeyFile)).dev === statSync(config.dataDirectory).dev;
  if (!sameDisk) return [];
  return [
    `the key file ${config.rootKeyFile} lies on the disk of the database: whoever takes the disk has every key; put it on another (rootKeyFile in the configuration)`,
  ];
}

/** Verifies a data directory on which no server runs. Takes its lock meanwhile. */
export async function verifyOffline(
  dataDirectory: string,
  configFile?: string,
): Promise<{ ok: boolean; keys: number; problems: readonly string[] }> {
  const config = readConfig({ data: dataDirectory, config: configFile });
  const log = createLog('error');
  const store = await openStore(config, log);
  try {
    const repository = await openRepository(
      { store, clock, random, log },
      readKeyFile(config.rootKeyFile),
      undefined,
    );
    return await verify({ store, ...repository });
  } finally {
    await store.close();
  }
}

/** A backup's file as it comes, and what opens it. */
interface BackupFile {
  readonly bytes: AsyncIterable<Uint8Array>;
  readonly password: string;
}

/** Into an empty data directory, whole or not at all. The key file is made where the configuration says. */
export async function restoreServer(
  file: BackupFile,
  dataDirectory: string,
  configFile?: string,
): Promise<Restored> {
  const config = readConfig({ data: dataDirectory, config: configFile });
  const log = createLog('error');
  const keyFile = config.rootKeyFile;
  let made = false;
  const makeSealKey = (): Uint8Array => {
    // There is one where it lies elsewhere by configuration, or where an earlier restore broke off.
    if (existsSync(keyFile)) return readKeyFile(keyFile);
    made = true;
    return createKeyFile(keyFile, random);
  };
  const mayRemain = dirname(keyFile) === config.dataDirectory ? [basename(keyFile)] : [];
  const options = { directory: config.dataDirectory, mayRemain, onFatal: endProcess(log) };
  try {
    return await fillSqliteDirectory(options, (store) =>
      restoreBackup({ store, clock, random, log }, readBackup(file.bytes, file.password), makeSealKey),
    );
  } catch (error) {
    if (made) rmSync(keyFile, { force: true });
    throw error;
  }
}

/** The restore drill: in a scratch directory that is gone afterwards. No key file is ever written. */
export async function checkBackupFile(file: BackupFile, scratch: string): Promise<CheckReport> {
  const log = createLog('error');
  const directory = mkdtempSync(join(scratch, 'keystair-check-'));
  try {
    const options = { directory, auditReserveBytes: 0, sync: 'off' as const, onFatal: endProcess(log) };
    const store = await openSqliteStore(options);
    try {
      return await checkBackup({ store, clock, random, log }, readBackup(file.bytes, file.password));
    } finally {
      await store.close();
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
