/**
 * One Administration Server, assembled from its parts: what machines and people may call, and what it does by itself.
 * It knows no listener and no disk, so a whole tree of servers runs in one process from one seed.
 */
import { COUNTING_WINDOW_MS } from '#domain/limits.ts';
import type { Store } from '#store/store.ts';
import { CountedEvents } from './audit/counted-events.ts';
import { Provisions } from './audit/provisions.ts';
import { Refusals } from './audit/refusals.ts';
import { Backups } from './backup/backups.ts';
import { type Budgets, BUDGETS_DEFAULT, createMemberBudgets } from './members/member-budgets.ts';
import type { Repository } from './start/create-repository.ts';
import { DeviceCustody } from './devices/device-custody.ts';
import { loadReceipts } from './devices/receipts.ts';
import { UpwardTransmission } from './hierarchy/primary/upward-transmission.ts';
import type { AskToJoin } from './hierarchy/primary/join.ts';
import { OpenStreams } from './hierarchy/secondaries/open-streams.ts';
import { healContacts } from './hierarchy/secondaries/heal-contacts.ts';
import { type Dialler, PrimaryLink } from './hierarchy/primary/primary-link.ts';
import { treeForPrimary } from './hierarchy/tree.ts';
import { MachineApi, type MachineApiPorts } from './http/machines/machine-api.ts';
import { createPeopleApi, type PeopleApi } from './http/people/people-api.ts';
import { ReportedLinkSettings } from './hierarchy/secondaries/reported-link-settings.ts';
import { Lookups } from './keys/lookup.ts';
import type { Clock, Log, Random, Timers } from './environment/environment.ts';
import type { HierarchyPorts } from './hierarchy/ports.ts';
import { PendingRepairs } from './integrity/repair/pending-repairs.ts';
import { Resealing } from './seals/resealing.ts';
import { Seals, type SealsPorts } from './seals/seals.ts';
import { noteTimeAhead } from './repository/known-time.ts';
import { InTurn } from './environment/in-turn.ts';
import { Signal } from './environment/signal.ts';
import type { StatusPorts } from './status/status.ts';
import type { TransferTuning } from './transfer/transfer-ports.ts';
import { Transfers } from './transfer/transfers.ts';
import { ServerIdentities } from './transfer/server-identities.ts';
import type { Credentials } from './members/credentials.ts';

export interface AdministrationServerOptions {
  readonly repository: Repository;
  readonly store: Store;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly log: Log;
  readonly credentials: Credentials;
  readonly dialler: Dialler;
  readonly askToJoin: AskToJoin;
  readonly makePrivateKey: () => string;
  readonly facts: StatusPorts['facts'];
  readonly budgets?: Budgets;
  readonly transferTuning?: TransferTuning;
  /** Where its seals are kept. */
  readonly sealPlaces: Pick<SealsPorts, 'dataDirectory' | 'places'>;
}

export interface AdministrationServer {
  readonly machines: MachineApi;
  readonly people: PeopleApi;
  /** Export and import of keys. */
  readonly transfers: Transfers;
  readonly backups: Backups;
  readonly refusals: Refusals;
  /** Aborted when the server stops: long calls of people end then. */
  readonly stopping: AbortSignal;
  /** Starts heartbeats and the counting of refusals. */
  start(): void;
  /** Ends the server's own work; the caller closes the listeners. */
  stop(): Promise<void>;
}

export async function createAdministrationServer(
  options: AdministrationServerOptions,
): Promise<AdministrationServer> {
  const { repository, store, clock, timers, random, log, credentials } = options;
  const { server, barrier, rows, audit } = repository;
  const pending = new PendingRepairs({ barrier, rows, audit, clock, random });
  const ports: HierarchyPorts = {
    server,
    store,
    barrier,
    rows,
    audit,
    clock,
    timers,
    random,
    log,
    reported: new ReportedLinkSettings(),
    wanted: pending,
    keysRecorded: new Signal(),
    hierarchyChanged: new Signal(),
    treeChanged: new Signal(),
  };
  ports.hierarchyChanged.listen(() => ports.reported.forgetIds());
  // If the time cannot be stored now, it is still reported.
  await noteTimeAhead(ports).catch(() => undefined);
  const link = new PrimaryLink(ports, options.dialler);
  await link.remember();
  const upward = new UpwardTransmission(ports, link, () => treeForPrimary(ports));
  const refreshLink = () => upward.refresh();
  const lookups = new Lookups(ports, link, refreshLink);
  // Two counters, so that refused strangers take no room from counted keys.
  const counted = { refusals: new CountedEvents(audit, clock), provisions: new CountedEvents(audit, clock) };
  const refusals = new Refusals(counted.refusals);
  const streams = new OpenStreams();
  const machinePorts: MachineApiPorts = {
    ...ports,
    link,
    lookups,
    refusals,
    streams,
    credentials,
    receipts: await loadReceipts(rows, store, random, server.id),
    custody: new DeviceCustody(ports),
    arrivals: new InTurn(),
    provisions: new Provisions(counted.provisions),
    budgets: createMemberBudgets(options.budgets ?? BUDGETS_DEFAULT, clock),
  };
  const identities = new ServerIdentities(rows, store);
  const transfers = new Transfers({ ...ports, ...options.transferTuning, identities });
  const backups = new Backups({
    ...ports,
    ...options.transferTuning,
    keyring: repository.keyring,
  });
  const seals = new Seals({ ...ports, ...options.sealPlaces, keyring: repository.keyring });
  const resealing = new Resealing({ ...ports, keyring: repository.keyring });
  const people = createPeopleApi({
    ...ports,
    pending,
    seals,
    resealing,
    identities,
    link,
    lookups,
    refreshLink,
    streams,
    upward,
    credentials,
    heartbeatNow: () => upward.now(),
    askToJoin: options.askToJoin,
    makePrivateKey: options.makePrivateKey,
    facts: options.facts,
  });

  const stopped = new AbortController();
  let cancelSweep: (() => void) | undefined;
  let healing: Promise<void> | undefined;
  function sweepLater(): void {
    cancelSweep = timers.after(COUNTING_WINDOW_MS, () => {
      Promise.all([counted.refusals.sweep(), counted.provisions.sweep()]).then(sweepLater, sweepLater);
    });
  }
  return {
    machines: new MachineApi(machinePorts),
    people,
    transfers,
    backups,
    refusals,
    stopping: stopped.signal,
    start() {
      healing = healContacts(ports, stopped.signal).catch(() => undefined);
      upward.start();
      transfers.start();
      resealing.start();
      sweepLater();
    },
    async stop() {
      cancelSweep?.();
      stopped.abort();
      await Promise.all([healing, upward.stop(), transfers.stop(), backups.stop(), resealing.stop()]);
      options.dialler.close();
      await Promise.allSettled([counted.refusals.end(), counted.provisions.end()]);
    },
  };
}
