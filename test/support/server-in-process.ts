/**
 * A whole Administration Server in this process: the real store, barrier, listener and TLS on loopback, with a clock
 * that the test sets. For what would take a real process a month, or a great many of them.
 */
import { createPrivateKey, createPublicKey, randomBytes } from 'node:crypto';
import type { Server as HttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { CompleteKey } from '#domain/encryption-key.ts';
import { checkKey } from '#domain/encryption-key.ts';
import type { Member } from '#domain/member.ts';
import type { ServerName } from '#domain/server-name.ts';
import type { MachineCalls } from '#protocol/machine-calls.ts';
import {
  PEOPLE_ROUTES,
  type PeopleAnswer,
  type PeopleCallName,
  type PeopleRequest,
} from '#protocol/people/people-routes.ts';
import { type AdministrationServer, createAdministrationServer } from '#server/administration-server.ts';
import type { Log, Timers } from '#server/environment/environment.ts';
import { createDialler } from '#server/hierarchy/primary/dial-primary.ts';
import type { Dialler } from '#server/hierarchy/primary/dialler.ts';
import { createMachineListener, type MachineTimes } from '#server/http/machines/machine-listener.ts';
import { createCredentials, loadAuthority } from '#server/members/credentials.ts';
import type { Budgets } from '#server/members/member-budgets.ts';
import { isLeafDue, makeServerLeaf } from '#server/members/server-leaf.ts';
import type { Receiver } from '#server/notices/notices.ts';
import type { ProviderSettings } from '#server/people/provider-settings.ts';
import type { MakeParameters } from '#server/people/stretcher.ts';
import { recordKeys } from '#server/records/record-keys.ts';
import { createRepository, type Repository } from '#server/start/create-repository.ts';
import { openSqliteStore } from '#store/sqlite/open-sqlite-store.ts';
import type { Store } from '#store/store.ts';
import { NOTHING_WANTED } from '#test/support/nothing-wanted.ts';
import { askToJoin } from '#transport/ask-to-join.ts';
import type { Authority } from '#transport/authority.ts';
import { makeKeyPair } from '#transport/key-pair.ts';
import { replaceCertificate } from '#transport/machine-listener.ts';
import { type TrustedAuthority, trustAuthority } from '#transport/trusted-authority.ts';
import { ADMINISTRATOR } from './administrator.ts';
import { atTheEnd } from './at-the-end.ts';
import { NO_SEAL_PLACES } from './no-seal-places.ts';

const random = (bytes: number): Uint8Array => new Uint8Array(randomBytes(bytes));

export interface ServerInProcess {
  readonly name: ServerName;
  readonly address: string;
  readonly store: Store;
  readonly repository: Repository;
  readonly authority: Authority;
  readonly trusted: readonly TrustedAuthority[];
  readonly listener: HttpsServer;
  readonly administration: AdministrationServer;
  /**
   * Its clock stands so many milliseconds ahead of the machine's, or of the moment that it was stopped at, in
   * milliseconds since 1970.
   */
  readonly clock: { (): number; aheadMs: number; stoppedAt?: number | undefined };
  /** What it logged: event names with their fields. */
  readonly logged: Readonly<Record<string, unknown>>[];
  /** What it waits for by the clock: deadlines of questions on their way, and what it does by itself. */
  timersRunning(): number;
  /** Begins what it does by itself, where `heartbeats` kept that back. */
  start(): void;
  /** A call of the local administrator. */
  call<N extends PeopleCallName>(name: N, request: PeopleRequest<N>): Promise<PeopleAnswer<N>>;
  /** Records keys as a device's, without one. They climb with the next heartbeat. */
  record(...keys: readonly CompleteKey[]): Promise<void>;
  has(id: string): Promise<boolean>;
  member(id: string): Promise<Member | undefined>;
  /** The audit log's events of one kind, oldest first. */
  events(event: string): Promise<Record<string, unknown>[]>;
  /** Renews the listener's own certificate where that is due, as the program does by itself. */
  renewLeaf(options?: { readonly dueOrNot: boolean }): Promise<void>;
  /** Takes no calls any more. */
  silence(): Promise<void>;
}

export interface InProcessOptions {
  readonly aheadMs?: number;
  /** Where it keeps its data; in memory unless given. */
  readonly directory?: string;
  /** Of the key file: to open the directory with the command line later. */
  readonly sealKey?: Uint8Array;
  /** How it dials its primary, in place of the real way. */
  readonly dialler?: Dialler;
  /** What stands between its calls to its primary and the wire. */
  readonly between?: (calls: MachineCalls) => MachineCalls;
  readonly heartbeats?: boolean;
  readonly budgets?: Budgets;
  /** How long its listener waits for bodies, and for answers to be taken. */
  readonly times?: MachineTimes;
  readonly connectionsMax?: number;
  /** The address of its console. */
  readonly consoleUrl?: () => string | null;
  readonly providers?: readonly ProviderSettings[];
  /** Who are told of requests for approval. */
  readonly receivers?: readonly Receiver[];
  /** What passwords of people cost. */
  readonly passwordParameters?: MakeParameters;
}

function logTo(logged: Record<string, unknown>[]): Log {
  const write = (fields: Readonly<Record<string, unknown>>): void => void logged.push({ ...fields });
  return { info: write, warn: write, error: write };
}

/** Closed by itself when the tests of the file are over. */
export async function openServer(name: string, options: InProcessOptions = {}): Promise<ServerInProcess> {
  const clock = Object.assign(() => (clock.stoppedAt ?? Date.now()) + clock.aheadMs, {
    aheadMs: options.aheadMs ?? 0,
    stoppedAt: undefined as number | undefined,
  });
  const pending = new Set<NodeJS.Timeout>();
  const timers: Timers = {
    after(ms, call) {
      const timer = setTimeout(() => {
        pending.delete(timer);
        call();
      }, ms);
      pending.add(timer);
      return () => {
        clearTimeout(timer);
        pending.delete(timer);
      };
    },
  };
  const logged: Record<string, unknown>[] = [];
  const log = logTo(logged);
  const store = await openSqliteStore({
    ...(options.directory === undefined ? { path: ':memory:' } : { directory: options.directory }),
    onFatal: (error) => {
      throw error;
    },
  });
  const repository = await createRepository(
    { store, clock, random, log },
    options.sealKey ?? random(32),
    name,
  );
  const { server, rows, barrier, audit } = repository;
  const authority = await loadAuthority(rows, store);
  let address = '';
  const credentials = createCredentials(authority, () => [address], clock);
  const trusted = [trustAuthority(authority.certificatePem)];
  const administration: AdministrationServer = await createAdministrationServer({
    repository,
    store,
    clock,
    timers,
    random,
    log,
    credentials,
    dialler: options.dialler ?? dialThrough(createDialler(rows, store, clock), options.between),
    askToJoin: (invitation, privateKeyPem, request) =>
      askToJoin({ invitation, keyPair: keyPairOf(privateKeyPem), ...request, now: clock }),
    makePrivateKey: () => makeKeyPair().privateKeyPem,
    facts: () => ({ listen: address, console: options.consoleUrl?.() ?? null, consoleFingerprint: null }),
    sealPlaces: NO_SEAL_PLACES,
    ...(options.budgets === undefined ? {} : { budgets: options.budgets }),
    ...(options.providers === undefined ? {} : { providers: options.providers }),
    ...(options.receivers === undefined ? {} : { receivers: options.receivers }),
    ...(options.passwordParameters === undefined ? {} : { passwordParameters: options.passwordParameters }),
  });
  let leaf = await makeServerLeaf(authority, server.id, ['127.0.0.1'], clock());
  const { app, server: listener } = createMachineListener({
    api: administration.machines,
    credentials: leaf,
    authorities: trusted,
    clock,
    log,
    connectionsMax: options.connectionsMax,
    ...(options.times === undefined ? {} : { times: options.times }),
  });
  await app.ready();
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  address = `127.0.0.1:${(listener.address() as AddressInfo).port}`;
  if (options.heartbeats !== false) administration.start();

  const silence = async (): Promise<void> => {
    listener.closeAllConnections();
    listener.close();
    await app.close();
  };
  atTheEnd(async () => {
    await silence();
    await administration.stop();
    await store.close();
    for (const timer of pending) clearTimeout(timer);
  });

  return {
    name: server,
    address,
    store,
    repository,
    authority,
    trusted,
    listener,
    administration,
    clock,
    logged,
    timersRunning: () => pending.size,
    start: () => administration.start(),
    call: (route, request) => {
      const parsed = PEOPLE_ROUTES[route].request.parse(request);
      return administration.people[route](ADMINISTRATOR, parsed as never);
    },
    async record(...keys) {
      const checked = keys.map((key) => checkKey(key));
      const origin = `device:${keys[0]?.key.device.id ?? ''}`;
      await store.write((transaction) =>
        recordKeys({ barrier, clock, audit, wanted: NOTHING_WANTED }, transaction, checked, origin),
      );
    },
    has: async (id) => (await store.reader.keyById(id)) !== undefined,
    member: (id) => rows.get<Member>(store.reader, 'member', id),
    async events(event) {
      const all = await store.reader.auditAfter(0, 100_000);
      return all
        .map((row) => JSON.parse(row.event) as Record<string, unknown>)
        .filter((entry) => entry['event'] === event);
    },
    async renewLeaf({ dueOrNot } = { dueOrNot: false }) {
      if (!dueOrNot && !isLeafDue(leaf, clock())) return;
      leaf = await makeServerLeaf(authority, server.id, ['127.0.0.1'], clock(), leaf);
      replaceCertificate(listener, leaf);
    },
    silence,
  };
}

function dialThrough(real: Dialler, between: InProcessOptions['between']): Dialler {
  if (between === undefined) return real;
  return { calls: async (primary) => between(await real.calls(primary)), close: () => real.close() };
}

function keyPairOf(privateKeyPem: string) {
  const publicKey = createPublicKey(createPrivateKey(privateKeyPem)).export({ type: 'spki', format: 'der' });
  return { privateKeyPem, publicKey };
}

export async function joinInProcess(
  secondary: ServerInProcess,
  primary: ServerInProcess,
  { dmz = false }: { dmz?: boolean } = {},
): Promise<void> {
  const { invitation } = await primary.call('inviteSecondary', { dmz });
  await secondary.call('joinHierarchy', { invitation });
}

export async function switchOption(
  useHierarchy: boolean,
  ...servers: readonly ServerInProcess[]
): Promise<void> {
  for (const server of servers) await server.call('changeSettings', { useHierarchy });
}
