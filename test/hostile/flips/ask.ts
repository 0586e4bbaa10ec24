/**
 * Opens a data directory as a server does at its start, verifies it, and asks it everything its callers may ask: what
 * comes back is compared with the truth by whoever calls.
 */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { codeOf, KeystairError } from '#domain/errors.ts';
import type { MachineRouteName } from '#protocol/machine-routes.ts';
import { type AdministrationServer, createAdministrationServer } from '#server/administration-server.ts';
import { openRepository, type Repository } from '#server/start/create-repository.ts';
import type { MachineApi } from '#server/http/machines/machine-api.ts';
import { Signal } from '#server/environment/signal.ts';
import { applyPage } from '#server/transfer/apply-import.ts';
import { createCredentials, loadAuthority } from '#server/members/credentials.ts';
import { verify } from '#server/integrity/verify/verify.ts';
import type { Store } from '#store/store.ts';
import { structureProblems } from '#store/sqlite/structure.ts';
import { NO_SEAL_PLACES } from '#test/support/no-seal-places.ts';
import { clock, quiet, random, timers } from '../ports.ts';
import { type Asked, DATABASE, type FlipSite, openStoreIn, type Peer } from './data-directory.ts';
import { isWithin } from './people-rows.ts';
import { ADMINISTRATOR } from '#test/support/administrator.ts';

export interface Asking {
  /** What `server verify` lists. */
  readonly problems: readonly string[];
  /** Codes with which things failed that an unaltered server does. */
  readonly failures: readonly string[];
  /** What must never be, in a sentence each. */
  readonly wrongs: readonly string[];
}

const unreachable = (): never => {
  throw new KeystairError('server-unreachable', 'there is no network here', { nextStep: 'none' });
};

/** The same look at every page, without a thread of its own for each of thousands of rounds. */
function withQuickCheck(store: Store, directory: string): Store {
  return {
    ...store,
    checkStructure: async () => {
      const path = join(directory, DATABASE);
      const connection = new DatabaseSync(path, { readOnly: true, returnArrays: true });
      try {
        return structureProblems(connection, path);
      } finally {
        connection.close();
      }
    },
  };
}

/** Throws where the server does not start. */
export async function askAll(site: FlipSite, directory: string, sealKey = site.sealKey): Promise<Asking> {
  const opened = await openStoreIn(directory);
  try {
    const store = withQuickCheck(opened, directory);
    const repository = await openRepository({ store, clock, random, log: quiet }, sealKey, undefined);
    const server = await serverOf(repository, store);
    const { machines } = server;
    const failures: string[] = [];
    const wrongs: string[] = [];
    await carryOnImports(repository, store, failures);
    const { problems } = await verify({ store, ...repository });
    for (const key of [...site.keys, ...site.staged]) await askForKey(site, machines, key, failures, wrongs);
    await askForWhatIsRefused(site, machines, wrongs);
    await askAround(site, server, failures, wrongs);
    await askWaysIn(site, server, failures, wrongs);
    return { problems: problems.map(({ sentence }) => sentence), failures, wrongs };
  } finally {
    await opened.close();
  }
}

async function serverOf(repository: Repository, store: Store): Promise<AdministrationServer> {
  const authority = await loadAuthority(repository.rows, store);
  return createAdministrationServer({
    repository,
    store,
    clock,
    timers,
    random,
    log: quiet,
    credentials: createCredentials(authority, () => [], clock),
    dialler: { calls: async () => unreachable(), close: () => {} },
    askToJoin: async () => unreachable(),
    makePrivateKey: unreachable,
    sealPlaces: NO_SEAL_PLACES,
    facts: () => ({ listen: '', console: null, consoleFingerprint: null }),
  });
}

/** What a start does with imports that were confirmed and are not over. */
async function carryOnImports(repository: Repository, store: Store, failures: string[]): Promise<void> {
  const ports = { ...repository, store, clock, log: quiet, keysRecorded: new Signal() };
  for (const importId of await store.reader.stagedImports()) {
    for (;;) {
      const step = await applyPage(ports, importId);
      if (step === undefined) failures.push('import-dropped');
      if (step === undefined || step.over) break;
    }
  }
  const lines = await store.reader.auditAfter(0, 1000);
  if (lines.some(({ event }) => /"import-ended".*"data-damaged"/.test(event)))
    failures.push('import-damaged');
}

async function call(
  machines: MachineApi,
  peer: Peer,
  route: MachineRouteName,
  body: unknown,
): Promise<unknown> {
  return machines.run(route, await machines.admit(route, peer), body, () => {});
}

interface Found {
  readonly outcome: string;
  readonly reason?: string;
  readonly complete?: { readonly material: string };
}

function materialOf({ complete }: Found): string {
  return Buffer.from(complete?.material ?? '', 'base64').toString('hex');
}

/** The right claim brings the right material, to a device and to a secondary, or a failure with a code. */
async function askForKey(
  site: FlipSite,
  machines: MachineApi,
  { id, claim, material }: Asked,
  failures: string[],
  wrongs: string[],
): Promise<void> {
  const questions = [
    [site.device, 'deviceLookup', { id, claim }],
    [site.secondary, 'lookup', { id, claim, asked: [], remainingMs: 1000 }],
  ] as const;
  for (const [peer, route, body] of questions) {
    try {
      const answer = (await call(machines, peer, route, body)) as Found;
      if (answer.outcome !== 'found') failures.push(`${answer.outcome}: ${answer.reason}`);
      else if (materialOf(answer) !== material) wrongs.push(`${route} gave other material for key ${id}`);
    } catch (error) {
      failures.push(codeOf(error));
      if (!(error instanceof KeystairError)) wrongs.push(`${route} failed without a code: ${stackOf(error)}`);
    }
  }
}

/** Whatever the database says, these get nothing. */
async function askForWhatIsRefused(site: FlipSite, machines: MachineApi, wrongs: string[]): Promise<void> {
  const { id, claim } = site.keys[0]!;
  const other = `${claim[0] === 'A' ? 'B' : 'A'}${claim.slice(1)}`;
  const upward = { id, claim, asked: [], remainingMs: 1000 };
  const pair = { memberId: site.device.memberId, fingerprint: site.outpost.fingerprint };
  const refused: readonly (readonly [string, Peer, MachineRouteName, unknown])[] = [
    ['a wrong claim', site.device, 'deviceLookup', { id, claim: other }],
    ['a removed device', site.removed, 'deviceLookup', { id, claim }],
    ['another key pair under a device id', { ...site.device, ...pair }, 'deviceLookup', { id, claim }],
    ["a device on a secondary's route", site.device, 'lookup', upward],
    ["a secondary on a device's route", site.secondary, 'deviceLookup', { id, claim }],
    ['a secondary whose link is marked DMZ', site.outpost, 'lookup', upward],
    ...site.deadSecrets.map(
      (secret) =>
        [
          'an invitation that is over',
          site.outpost,
          'join',
          { secret, kind: 'device', id, name: 'x' },
        ] as const,
    ),
  ];
  for (const [who, peer, route, body] of refused) {
    try {
      const answer = (await call(machines, peer, route, body)) as Found;
      if (answer.outcome !== 'not-found') wrongs.push(`${who} was let in by ${route}`);
    } catch (error) {
      if (!(error instanceof KeystairError))
        wrongs.push(`${who}: ${route} failed without a code: ${stackOf(error)}`);
    }
  }
}

/** Heartbeats of both kinds, and what people are shown. */
async function askAround(
  site: FlipSite,
  { machines, people }: AdministrationServer,
  failures: string[],
  wrongs: string[],
): Promise<void> {
  const receipts = { count: site.keys.length, digest: '0'.repeat(64) };
  const stand = { epoch: site.epoch, seq: 1, chain: '0'.repeat(64), treeDigest: '' };
  const heartbeat = { name: 'Branch', useHierarchy: true, dmz: false, ...stand };
  const asked: readonly (readonly [string, () => Promise<unknown>])[] = [
    [
      "a device's heartbeat",
      () => call(machines, site.device, 'deviceHeartbeat', { name: 'laptop', receipts }),
    ],
    ["a secondary's heartbeat", () => call(machines, site.secondary, 'heartbeat', heartbeat)],
    ['the status', () => people.serverStatus(ADMINISTRATOR, {})],
    ['the hierarchy', () => people.showHierarchy(ADMINISTRATOR, {})],
    ['the devices', () => people.listDevices(ADMINISTRATOR, {})],
    ['the list of keys', () => people.listKeys(ADMINISTRATOR, {})],
    ['the people', () => people.listPeople(ADMINISTRATOR, {})],
    ['the roles', () => people.listRoles(ADMINISTRATOR, {})],
    ['the sessions', () => people.listSessions(ADMINISTRATOR, {})],
    ['the requests', () => people.listApprovals(ADMINISTRATOR, {})],
    ['the rules', () => people.listApprovalRules(ADMINISTRATOR, {})],
    ['a search for keys', () => people.listKeys(ADMINISTRATOR, { find: 'laptop' })],
  ];
  for (const [what, ask] of asked) {
    try {
      await ask();
    } catch (error) {
      failures.push(`${what}: ${codeOf(error)}`);
      if (!(error instanceof KeystairError)) wrongs.push(`${what} failed without a code: ${stackOf(error)}`);
    }
  }
}

/** Whatever the database says, nobody has a right that nobody gave them, and who is out stays out. */
async function askWaysIn(
  { ways }: FlipSite,
  { known }: AdministrationServer,
  failures: string[],
  wrongs: string[],
): Promise<void> {
  for (const [what, ask] of [
    ['a session', () => known.bySession(ways.session)],
    ['a key', () => known.byApiKey(ways.apiKey)],
  ] as const) {
    try {
      const { rights } = await ask();
      if (!isWithin(rights, ways.rights))
        wrongs.push(`${what} has rights that nobody gave: ${JSON.stringify(rights)}`);
      else if (rights.length < ways.rights.length) failures.push(`${what} has fewer rights`);
    } catch (error) {
      failures.push(`${what}: ${codeOf(error)}`);
      if (!(error instanceof KeystairError)) wrongs.push(`${what} failed without a code: ${stackOf(error)}`);
    }
  }
  const ended = await known.bySession(ways.endedSession).then(
    () => true,
    () => false,
  );
  if (ended) wrongs.push('a session that was ended is open');
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
