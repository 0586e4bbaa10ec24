/**
 * One Administration Server, assembled from its parts: what machines and people may call, and what it does by itself.
 * It knows no listener and no disk, so a whole tree of servers runs in one process from one seed.
 */
import type { Caller, RequiredRight } from '#domain/right.ts';
import { meaningOf } from './act-meaning.ts';
import type { AdministrationServerOptions } from './administration-server-options.ts';
import { noteTold } from './approvals/approval-rows.ts';
import { endLapsed } from './approvals/lapse.ts';
import type { ApprovalPorts } from './approvals/ports.ts';
import { requireApproval } from './approvals/require-approval.ts';
import { Counting } from './audit/counting.ts';
import { Provisions } from './audit/provisions.ts';
import { Refusals } from './audit/refusals.ts';
import { type Backups, createBackups } from './backup/backups.ts';
import { Changes } from './changes/changes.ts';
import { tellingStore } from './changes/telling-store.ts';
import { openCheckpoints } from './checkpoints/open-checkpoints.ts';
import { DeviceCustody } from './devices/device-custody.ts';
import { loadReceipts } from './devices/receipts.ts';
import type { Clock } from './environment/environment.ts';
import { Signal } from './environment/signal.ts';
import { Forwarding } from './forwarding/forwarding.ts';
import { GroupPolicies } from './groups/group-policies.ts';
import type { HierarchyPorts } from './hierarchy/ports.ts';
import { PrimaryLink } from './hierarchy/primary/primary-link.ts';
import { UpwardTransmission } from './hierarchy/primary/upward-transmission.ts';
import { OpenStreams } from './hierarchy/secondaries/open-streams.ts';
import { ReportedLinkSettings } from './hierarchy/secondaries/reported-link-settings.ts';
import { treeForPrimary } from './hierarchy/tree.ts';
import { MachineApi, type MachineApiPorts } from './http/machines/machine-api.ts';
import type { KnownPeople } from './http/people/console-entrance.ts';
import { EventStreams } from './http/people/event-streams.ts';
import type { Approvals } from './http/people/gate.ts';
import type { MetricsPorts } from './http/people/metrics.ts';
import type { OpenPages } from './http/people/open-pages.ts';
import { createPeopleApi, type PeopleApi, type PeopleApiPorts } from './http/people/people-api.ts';
import type { ServedPeople } from './http/people/people-listener.ts';
import { Repetitions } from './http/people/repetitions.ts';
import { createSignInApi, type SignInApi } from './http/people/sign-in-api.ts';
import { createStreamApi } from './http/people/stream-api.ts';
import { PendingRepairs } from './integrity/repair/pending-repairs.ts';
import { Jobs } from './jobs/jobs.ts';
import { Lookups } from './keys/lookup.ts';
import { LedWork } from './led-work.ts';
import { BUDGETS_DEFAULT, createMemberBudgets } from './members/member-budgets.ts';
import { Notices } from './notices/notices.ts';
import { offerFirstSetUp } from './people/first-person.ts';
import { giversOf } from './people/givers.ts';
import { RegisteredPeople } from './people/known-people.ts';
import { Providers } from './people/providers.ts';
import { SignInDelays } from './people/sign-in-delays.ts';
import { Stretcher } from './people/stretcher.ts';
import { hearingStore } from './processes/hearing-store.ts';
import { OtherProcesses } from './processes/other-processes.ts';
import { noteTimeAhead } from './repository/known-time.ts';
import { Resealing } from './seals/resealing.ts';
import { Seals } from './seals/seals.ts';
import { createReadiness } from './status/ready.ts';
import { serverStatus } from './status/status.ts';
import { introduces } from './transfer/introduces.ts';
import { ServerIdentities } from './transfer/server-identities.ts';
import { Transfers } from './transfer/transfers.ts';

export interface AdministrationServer {
  readonly machines: MachineApi;
  readonly people: PeopleApi;
  /** For somebody who is not known yet. */
  readonly signIn: SignInApi;
  readonly streams: NonNullable<ServedPeople['streams']>;
  readonly jobs: Jobs;
  readonly repetitions: Repetitions;
  /** Export and import of keys. */
  readonly transfers: Transfers;
  readonly backups: Backups;
  readonly refusals: Refusals;
  readonly approvals: Approvals;
  readonly open: OpenPages;
  readonly metricsPorts: MetricsPorts;
  /** Who is who over the network. */
  readonly known: KnownPeople;
  /** Who can give a right. */
  readonly giversOf: (right: RequiredRight) => Promise<readonly string[]>;
  readonly clock: Clock;
  /** Aborted when the server stops: long calls of people end then. */
  readonly stopping: AbortSignal;
  /** A set-up link for the first person, where there is nobody yet. */
  readonly offerFirstSetUp: () => Promise<string | undefined>;
  /** HOST:PORT of other processes of this server. */
  readonly otherAddresses: () => readonly string[];
  /** Ids of the seals that open this process without a person. */
  readonly opensAlone: () => Promise<readonly string[]>;
  /** From here on it says that it is not ready: others take the calls that come. */
  leave(): void;
  /** Starts heartbeats and the counting of refusals. */
  start(): void;
  /** Ends the server's own work; the caller closes the listeners. */
  stop(): Promise<void>;
}

export async function createAdministrationServer(
  options: AdministrationServerOptions,
): Promise<AdministrationServer> {
  const { repository, clock, timers, random, log, credentials } = options;
  const { server, barrier, rows, audit, keyring } = repository;
  const changes = new Changes(random);
  const { processes } = options.store;
  const store = tellingStore(hearingStore(options.store, barrier, keyring), audit, changes);
  const pending = new PendingRepairs({ barrier, rows, audit, clock, random });
  const checkpoints = await openCheckpoints({ ...repository, store, clock, random }, options.postQuantumLog);
  const identities = new ServerIdentities(rows, store);
  const ports: HierarchyPorts = {
    server,
    introduction: introduces(options.facts, options.tellsRecipient === true ? identities : undefined),
    checkpoints,
    store,
    barrier,
    rows,
    audit,
    clock,
    timers,
    random,
    log,
    reported: new ReportedLinkSettings(clock()),
    policies: new GroupPolicies({ rows, server, store }),
    wanted: pending,
    keysRecorded: new Signal(),
    hierarchyChanged: new Signal(),
    treeChanged: new Signal(),
  };
  ports.hierarchyChanged.listen(() => ports.reported.forgetIds());
  ports.keysRecorded.listen(() => changes.note('keys'));
  for (const signal of [ports.hierarchyChanged, ports.treeChanged])
    signal.listen(() => changes.note('hierarchy'));
  const jobs = new Jobs(ports);
  jobs.changed.listen(() => changes.note('jobs'));
  const events = new EventStreams(timers, log);
  // If the time cannot be stored now, it is still reported.
  await noteTimeAhead(ports).catch(() => undefined);
  const link = new PrimaryLink(ports, options.dialler);
  await link.remember();
  const upward = new UpwardTransmission(ports, link, () => treeForPrimary(ports));
  const refreshLink = () => upward.refresh();
  const lookups = new Lookups(ports, link, refreshLink);
  const counted = new Counting(audit, clock, timers);
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
    provisions: new Provisions(counted.provisions),
    budgets: createMemberBudgets(options.budgets ?? BUDGETS_DEFAULT, clock),
  };
  const transferPorts = {
    ...ports,
    ...options.transferTuning,
    noteStranger: ({ name: by }: Caller, what: string) => {
      const code = 'not-found';
      const route = `${what} that another person started`;
      return refusals.note(by, code, { event: 'call-refused', by, caller: by, code, route });
    },
  };
  const transfers = new Transfers({ ...transferPorts, identities });
  const backups = createBackups({ ...transferPorts, keyring });
  const seals = new Seals({ ...ports, ...options.sealPlaces, keyring });
  const resealing = new Resealing({ ...ports, keyring });
  const notices = new Notices({
    ...ports,
    receivers: options.receivers ?? [],
    noteTold: (transaction, id, told) => noteTold(ports, transaction, id, told),
  });
  const providers = new Providers(options.providers ?? [], log);
  const forwarding = new Forwarding(ports, options.auditReceivers ?? []);
  const approvals: ApprovalPorts = {
    ...ports,
    providers,
    notices,
    meaningOf: (caller, asked) => meaningOf(ports, caller, asked),
  };
  const accounts = {
    ...ports,
    refusals,
    stretcher: new Stretcher(random, options.passwordParameters),
    delays: new SignInDelays(clock),
    rightsLost: endLapsed.bind(undefined, approvals),
    consoleUrl: () => options.facts().console,
  };
  const peoplePorts: PeopleApiPorts = {
    ...ports,
    accounts,
    approvals,
    providers,
    pending,
    transfers,
    backups,
    jobs,
    seals,
    resealing,
    identities,
    link,
    lookups,
    refreshLink,
    streams,
    upward,
    credentials,
    forwarding,
    heartbeatNow: () => upward.now(),
    askToJoin: options.askToJoin,
    makePrivateKey: options.makePrivateKey,
    facts: options.facts,
  };
  const people = createPeopleApi(peoplePorts);
  if (processes !== undefined) notices.hold();
  const led = new LedWork({
    ports,
    processes,
    upward,
    transfers,
    jobs,
    resealing,
    notices,
    approvals,
    forwarding,
    changes,
  });
  const others =
    processes === undefined
      ? undefined
      : new OtherProcesses({ ...ports, keyring, link, streams, changes, wake: () => led.wake() }, processes);
  await others?.start();

  const readiness = createReadiness(store, clock);
  const stopped = new AbortController();
  return {
    machines: new MachineApi(machinePorts),
    people,
    signIn: createSignInApi({ ...accounts, providers }),
    streams: { api: createStreamApi({ transfers, backups, jobs, changes }), events },
    jobs,
    repetitions: new Repetitions(ports),
    transfers,
    backups,
    refusals,
    approvals: { require: (caller, asked, given) => requireApproval(approvals, caller, asked, given) },
    known: new RegisteredPeople({ ...ports, providers }),
    giversOf: (right) => giversOf({ ...ports, providers }, right),
    open: { serverName: server.name, notReady: readiness.notReady },
    leave: readiness.leave,
    otherAddresses: () => others?.addresses ?? [],
    opensAlone: () => seals.opensAlone(),
    metricsPorts: {
      status: () => serverStatus(peoplePorts),
      freeBytes: () => store.freeBytes(),
      auditEvents: async () => (await store.reader.auditHead()).seq,
    },
    clock,
    stopping: stopped.signal,
    offerFirstSetUp: () => offerFirstSetUp(accounts),
    start() {
      led.start();
      counted.start();
    },
    async stop() {
      counted.stop();
      others?.stop();
      stopped.abort();
      events.stop();
      await Promise.all([led.stop(), jobs.stop(), transfers.stop(), backups.stop()]);
      options.dialler.close();
      await counted.end();
      // The last, so that it takes what the others wrote at their end.
      await forwarding.stop();
    },
  };
}
