/**
 * P9: what an idle heartbeat costs, counted and not timed: bytes of the bodies, round trips, and what both stores
 * read. Two real servers in this process with real data directories; only TLS and HTTP between them are left out.
 */
import { createPublicKey } from 'node:crypto';
import { join } from 'node:path';
import { readKeyFile } from '#crypto/seal/key-file.ts';
import { createMachineCalls, type Send } from '#protocol/machine-calls.ts';
import { MACHINE_ROUTES, type MachineRouteName } from '#protocol/machine-routes.ts';
import { PROTOCOL_HEADER, PROTOCOL_VERSION } from '#protocol/version.ts';
import { type AdministrationServer, createAdministrationServer } from '#server/administration-server.ts';
import { openRepository } from '#server/start/create-repository.ts';
import type { MachineApi } from '#server/http/machines/machine-api.ts';
import { requireRights, LOCAL_ADMINISTRATOR, RIGHTS } from '#domain/right.ts';
import type { Timers } from '#server/environment/environment.ts';
import { createCredentials, loadAuthority } from '#server/members/credentials.ts';
import { openSqliteStore } from '#store/sqlite/open-sqlite-store.ts';
import type { Store } from '#store/store.ts';
import { fingerprintOf, makeKeyPair } from '#transport/key-pair.ts';
import { clock, fatal, makeRepository, random, silent } from '../servers/make-repository.ts';
import type { Row } from '../table.ts';
import type { BenchRun } from './bench-run.ts';
import { type Counts, countingStore } from './counting-store.ts';
import type { Transmitted } from './transmission.ts';
import { requireCount } from './turns.ts';

/** What waits for its turn gets it, and nothing happens by itself later: every heartbeat is asked for. */
const NOW_OR_NEVER: Timers = {
  after(ms, call) {
    if (ms === 0) setImmediate(call);
    return () => {};
  },
};

interface Wire {
  roundTrips: number;
  asked: number;
  answered: number;
}

interface OpenServer {
  readonly administrationServer: AdministrationServer;
  readonly counts: Counts;
  readonly store: Store;
}

function publicKeyOf(privateKeyPem: string): Buffer {
  return createPublicKey(privateKeyPem).export({ type: 'spki', format: 'der' });
}

/** Calls a server in this process as TLS and HTTP would, and counts what would travel. */
function sendTo(machines: () => MachineApi, memberId: string, publicKey: () => Buffer, wire: Wire): Send {
  const names = Object.keys(MACHINE_ROUTES) as MachineRouteName[];
  return async ({ path, body }) => {
    const name = names.find((one) => MACHINE_ROUTES[one].path === path)!;
    const key = publicKey();
    const fingerprint = fingerprintOf(key);
    const peer =
      name === 'join'
        ? ({ kind: 'self-signed', publicKey: key, fingerprint } as const)
        : ({
            kind: 'member',
            memberId,
            publicKey: key,
            fingerprint,
            dates: 'valid',
            notBefore: 0,
            notAfter: Number.MAX_SAFE_INTEGER,
          } as const);
    const admitted = await machines().admit(name, peer);
    const bytes = Buffer.from(body);
    const request =
      MACHINE_ROUTES[name].request === 'json-lines'
        ? (async function* () {
            yield bytes;
          })()
        : JSON.parse(bytes.toString());
    const answer = Buffer.from(JSON.stringify(await machines().run(name, admitted, request, () => {})));
    wire.roundTrips += 1;
    wire.asked += bytes.length;
    wire.answered += answer.length;
    return { status: 200, headers: { [PROTOCOL_HEADER]: String(PROTOCOL_VERSION) }, body: answer };
  };
}

async function openServer(
  data: string,
  primary: (() => MachineApi) | undefined,
  wire: Wire,
): Promise<OpenServer> {
  const { store, counts } = countingStore(
    await openSqliteStore({ directory: data, onFatal: fatal, sync: 'off', random }),
  );
  const repository = await openRepository(
    { store, clock, random, log: silent },
    readKeyFile(join(data, 'root.key')),
    undefined,
  );
  const { rows, server } = repository;
  const authority = await loadAuthority(rows, store);
  const memberKey = await rows.getSecret(store.reader, 'member-key');
  let publicKey = memberKey === undefined ? undefined : publicKeyOf(Buffer.from(memberKey).toString());
  const above = (): MachineApi => {
    if (primary === undefined) throw new Error('the root dials nobody');
    return primary();
  };
  const calls = createMachineCalls(sendTo(above, server.id, () => publicKey!, wire));
  const administrationServer = await createAdministrationServer({
    repository,
    store,
    clock,
    timers: NOW_OR_NEVER,
    random,
    log: silent,
    credentials: createCredentials(authority, () => ['primary.office.example:8443'], clock),
    dialler: { calls: async () => calls, close() {} },
    async askToJoin(invitation, privateKeyPem, { id, name }) {
      publicKey = publicKeyOf(privateKeyPem);
      return calls.call('join', { secret: invitation.secret, id, name, kind: 'secondary' });
    },
    makePrivateKey: () => makeKeyPair().privateKeyPem,
    facts: () => ({ listen: '', console: null, consoleFingerprint: null }),
    sealPlaces: {
      dataDirectory: data,
      places: () => ({ rootKeyFile: join(data, 'root.key'), pkcs11: undefined }),
    },
  });
  return { administrationServer, counts, store };
}

interface Idle {
  readonly keys: number;
  readonly wire: Wire;
  readonly counts: Counts;
}

/** Opens both, joins them where they are not, sends what there is, and counts the heartbeat after that. */
async function countIdle(data: { readonly primary: string; readonly secondary: string }): Promise<Idle> {
  const wire: Wire = { roundTrips: 0, asked: 0, answered: 0 };
  const primary = await openServer(data.primary, undefined, wire);
  const secondary = await openServer(data.secondary, () => primary.administrationServer.machines, wire);
  const admin = requireRights(LOCAL_ADMINISTRATOR, RIGHTS);
  const { people } = secondary.administrationServer;
  const status = await people.serverStatus(admin, {});
  if (status.primary === null) {
    const { invitation } = await primary.administrationServer.people.inviteSecondary(admin, {});
    await people.joinHierarchy(admin, { invitation });
  }
  const first = await people.heartbeatNow(admin, {});
  requireCount('keys acknowledged before the idle heartbeat', first.acknowledgedSeq, status.headSeq);
  // The second is idle: the first may still have told of the servers below.
  await people.heartbeatNow(admin, {});
  const both = [primary, secondary];
  for (const { counts } of both) Object.assign(counts, { reads: 0, rows: 0, writes: 0 });
  Object.assign(wire, { roundTrips: 0, asked: 0, answered: 0 });
  await people.heartbeatNow(admin, {});
  const sum = (pick: (counts: Counts) => number): number =>
    both.reduce((all, { counts }) => all + pick(counts), 0);
  const idle: Idle = {
    keys: status.headSeq,
    wire: { ...wire },
    counts: {
      reads: sum(({ reads }) => reads),
      rows: sum(({ rows }) => rows),
      writes: sum(({ writes }) => writes),
    },
  };
  for (const { administrationServer, store } of both.toReversed()) {
    await administrationServer.stop();
    await store.close();
  }
  return idle;
}

const FEW_KEYS = 1000;

export async function measureIdleHeartbeat(run: BenchRun, many: Transmitted): Promise<Row> {
  run.say('P9: idle heartbeats');
  const [secondary, primary] = await Promise.all(
    ['branch', 'root'].map((name) =>
      makeRepository({
        data: run.workplace.place(name),
        name,
        keys: name === 'branch' ? FEW_KEYS : 0,
        devices: 0,
        useHierarchy: true,
      }),
    ),
  );
  const small = await countIdle({ primary: primary!.data, secondary: secondary!.data });
  const large = await countIdle({ primary: many.root.data, secondary: many.branch.data });
  for (const idle of [small, large])
    requireCount('round trips of an idle heartbeat', idle.wire.roundTrips, 1);
  requireCount(`reads of an idle heartbeat at ${large.keys} keys`, large.counts.reads, small.counts.reads);
  requireCount(`rows read by an idle heartbeat at ${large.keys} keys`, large.counts.rows, small.counts.rows);
  const describe = ({ keys, wire, counts }: Idle): string =>
    `at ${keys.toLocaleString('en')} keys: ${wire.asked} bytes up, ${wire.answered} down, ${wire.roundTrips} round trip, ` +
    `${counts.reads} reads with ${counts.rows} rows and ${counts.writes} writes at both ends`;
  return {
    id: 'P9',
    what: 'idle heartbeat, body of the larger way',
    unit: 'bytes',
    ours: Math.max(large.wire.asked, large.wire.answered),
    goal: { sense: 'most', whole: 400, half: 400, of: 'figure' },
    notes: [describe(small), describe(large)],
  };
}
