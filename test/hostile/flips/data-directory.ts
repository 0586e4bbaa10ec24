/**
 * A small server's data directory with a row of every kind in every table, and what a caller can ask of it: the
 * material that the right claim must bring, and the calls that must be refused.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { copyFileSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { claimToText } from '#domain/claim.ts';
import { hashInvitationSecret } from '#domain/invitation.ts';
import type { Member } from '#domain/member.ts';
import { nextChainValue, SEQUENCE_START } from '#domain/sequence.ts';
import { Checkpoints } from '#server/checkpoints/checkpoints.ts';
import { openLogKeys } from '#server/checkpoints/log-keys.ts';
import { createRepository, type Repository } from '#server/start/create-repository.ts';
import { noteReceipts } from '#server/devices/receipts.ts';
import { MEMBER_KEY } from '#server/hierarchy/primary/primary-row.ts';
import { checkKey } from '#domain/encryption-key.ts';
import { recordKeys, sealedRow } from '#server/records/record-keys.ts';
import { NOTHING_WANTED } from '#test/support/nothing-wanted.ts';
import { OPTIONS_DEFAULT, writeOptions } from '#server/repository/settings.ts';
import { confirmImport } from '#server/transfer/apply-import.ts';
import { importedFrom } from '#server/transfer/stage-import.ts';
import { writeMember } from '#server/members/members.ts';
import { openSqliteStore } from '#store/sqlite/open-sqlite-store.ts';
import type { Store } from '#store/store.ts';
import type { PeerIdentity } from '#transport/peer-identity.ts';
import { fingerprintOf, makeKeyPair } from '#transport/key-pair.ts';
import { makePeople, type Ways } from './people-rows.ts';
import { makeSomeKey, type MadeKey } from '#test/support/some-key.ts';
import { someDevice } from '#test/support/some-member.ts';
import { clock, onFatal, quiet, random } from '../ports.ts';

export const DATABASE = 'keystair.db';
/** Small: it is made anew in every round. */
const RESERVE_BYTES = 4096;
const KEYS = 10;
const STAGED = 3;

export type Peer = Extract<PeerIdentity, { kind: 'member' }>;

export interface Asked {
  readonly id: string;
  readonly claim: string;
  /** Hexadecimal. */
  readonly material: string;
}

export interface FlipSite {
  /** As it lies after a clean stop, and as kill -9 leaves it, with its write-ahead log. */
  readonly stopped: string;
  readonly killed: string;
  readonly sealKey: Uint8Array;
  readonly keys: readonly Asked[];
  readonly staged: readonly Asked[];
  readonly device: Peer;
  readonly secondary: Peer;
  /** Peers and what they may not have. */
  readonly removed: Peer;
  readonly outpost: Peer;
  /** Secrets of invitations that nobody can use any more. */
  readonly deadSecrets: readonly string[];
  /** Of people, each with exactly the rights that they must have. */
  readonly ways: Ways;
  /** Of the secondary, with its cursor. */
  readonly epoch: string;
  /** Bytes of the killed directory's log before its last commit. */
  readonly lastCommitAt: number;
}

export function openStoreIn(directory: string): Promise<Store> {
  return openSqliteStore({ directory, onFatal, auditReserveBytes: RESERVE_BYTES, sync: 'off' });
}

/** The database with what lies beside it, as they are now. */
export function copyDatabase(from: string, to: string): void {
  mkdirSync(to, { recursive: true, mode: 0o700 });
  for (const name of [DATABASE, `${DATABASE}-wal`]) {
    if (statSync(join(from, name), { throwIfNoEntry: false }) !== undefined)
      copyFileSync(join(from, name), join(to, name));
  }
}

function makePeer(): { peer: Peer; publicKey: Buffer } {
  const { publicKey } = makeKeyPair();
  const fingerprint = fingerprintOf(publicKey);
  const dates = { dates: 'valid', notBefore: 0, notAfter: Number.MAX_SAFE_INTEGER } as const;
  const peer: Peer = { kind: 'member', memberId: randomUUID(), publicKey, fingerprint, ...dates };
  return { peer, publicKey };
}

function memberOf(peer: Peer, name: string, more: Partial<Member> = {}): Member {
  return someDevice(name, {
    id: peer.memberId,
    fingerprint: peer.fingerprint,
    publicKey: peer.publicKey.toString('base64'),
    ...more,
  });
}

function askedOf(key: MadeKey): Asked {
  return {
    id: key.key.id,
    claim: claimToText(key.claim),
    material: Buffer.from(key.material.expose()).toString('hex'),
  };
}

/** Makes the two directories below `folder`. */
export async function makeFlipSite(folder: string): Promise<FlipSite> {
  const killed = join(folder, 'killed');
  const stopped = join(folder, 'stopped');
  const living = join(folder, 'living');
  const sealKey = random(32);
  const store = await openStoreIn(living);
  const repository = await createRepository({ store, clock, random, log: quiet }, sealKey, 'Office');
  const [device, secondary, removed, outpost] = [makePeer(), makePeer(), makePeer(), makePeer()].map(
    ({ peer }) => peer,
  ) as [Peer, Peer, Peer, Peer];
  const ports = { store, clock, random, ...repository };
  await store.write(async (transaction) => {
    const { rows } = repository;
    await writeOptions(rows, transaction, { ...OPTIONS_DEFAULT, useHierarchy: true });
    await writeMember(rows, transaction, memberOf(device, 'laptop'));
    await writeMember(rows, transaction, memberOf(secondary, 'Branch', { kind: 'secondary' }));
    await writeMember(
      rows,
      transaction,
      memberOf(removed, 'gone', { removedAt: '2026-02-01T00:00:00.000Z' }),
    );
    await writeMember(rows, transaction, memberOf(outpost, 'Outpost', { kind: 'secondary', dmz: true }));
  });
  const deadSecrets = await makeInvitations(repository, store);
  const epoch = await makeNeighbours(repository, store, secondary);
  const ways = await makePeople(ports);
  await new Checkpoints(ports, await openLogKeys(ports)).sign();
  const keys = Array.from({ length: KEYS }, () =>
    makeSomeKey({ device: { id: device.memberId, name: 'laptop' }, origin: repository.server.id }),
  );
  const staged = Array.from({ length: STAGED }, () => makeSomeKey());
  await stageKeys(ports, staged);
  let lastCommitAt = 0;
  for (const key of keys) {
    lastCommitAt = statSync(join(living, `${DATABASE}-wal`)).size;
    await recordOne(ports, device, key);
  }
  copyDatabase(living, killed);
  await store.close();
  copyDatabase(living, stopped);
  return {
    stopped,
    killed,
    sealKey,
    keys: keys.map(askedOf),
    staged: staged.map(askedOf),
    device,
    secondary,
    removed,
    outpost,
    deadSecrets,
    ways,
    epoch,
    lastCommitAt,
  };
}

type SitePorts = Repository & { readonly store: Store; readonly clock: typeof clock };

/** One transaction each, as devices bring them: key, audit line, note of the receipt. */
async function recordOne(ports: SitePorts, device: Peer, key: MadeKey): Promise<void> {
  await ports.store.write(async (transaction) => {
    const [outcome] = await recordKeys(
      { ...ports, wanted: NOTHING_WANTED },
      transaction,
      [checkKey(key)],
      `device:${device.memberId}`,
    );
    if (outcome?.outcome !== 'new') throw new Error('a key of the site was not recorded');
    await noteReceipts(transaction, device.memberId, [{ id: key.key.id, seq: outcome.seq }]);
  });
}

/** One that is spent, one that is over, and one that is open. */
async function makeInvitations({ rows }: Repository, store: Store): Promise<readonly string[]> {
  const [spent, over, open] = Array.from({ length: 3 }, () => randomBytes(32).toString('base64url'));
  const row = { kind: 'device', dmz: false, expiresAt: '2999-01-01T00:00:00.000Z', usedBy: null };
  await store.write(async (transaction) => {
    const put = (secret: string, more: object) =>
      rows.put(transaction, 'invitation', hashInvitationSecret(secret), { ...row, ...more });
    await put(spent!, { usedBy: '0'.repeat(64) });
    await put(over!, { expiresAt: '2020-01-01T00:00:00.000Z' });
    await put(open!, {});
  });
  return [spent!, over!];
}

/** A primary, what was heard of both neighbours, and what was received and refused. */
async function makeNeighbours({ rows, audit }: Repository, store: Store, secondary: Peer): Promise<string> {
  const primaryId = randomUUID();
  const epoch = randomBytes(16).toString('hex');
  const chain = nextChainValue(SEQUENCE_START.chain, randomBytes(32));
  const refused = { epoch, seq: 1, keyId: randomUUID(), reason: 'it does not fit its id', at: clock() };
  await store.write(async (transaction) => {
    await rows.put(transaction, 'primary', 'current', {
      id: primaryId,
      name: 'Headquarters',
      addresses: ['192.0.2.1:8443'],
      authority: 'PEM',
      certificate: 'PEM',
      dmz: false,
    });
    await rows.putSecret(transaction, MEMBER_KEY, Buffer.from('PEM'));
    await transaction.putCursor({ memberId: secondary.memberId, epoch, rank: 1, seq: 1, chain });
    const by = `secondary:${secondary.memberId}`;
    // A full tile of the tree, and one above it.
    await audit.append(
      transaction,
      Array.from({ length: 256 }, () => ({ event: 'recovery-started' as const, by, primary: primaryId })),
    );
    await audit.append(transaction, [
      {
        event: 'transmission-received',
        by,
        secondary: secondary.memberId,
        epoch,
        to: 1,
        recorded: 0,
        refused: 1,
      },
    ]);
    await transaction.putRefusedKeys([
      { memberId: secondary.memberId, ...refused },
      { memberId: '', ...refused },
    ]);
    const heard = { useHierarchy: true, dmz: false, acknowledgedSeq: 0 };
    for (const id of [primaryId, secondary.memberId])
      await transaction.putContact({ id, lastHeartbeatAt: clock(), body: JSON.stringify(heard) });
  });
  return epoch;
}

/** An import that was confirmed, and that a restart carries on. */
async function stageKeys(ports: SitePorts, keys: readonly MadeKey[]): Promise<void> {
  const importId = randomUUID();
  const rows = keys.map((key) => {
    const row = sealedRow(ports.barrier, checkKey(key), importedFrom(importId), clock());
    const { receivedFrom: _, ...staged } = row;
    return staged;
  });
  await ports.store.write((transaction) => transaction.stageKeys(importId, rows));
  const signal = { raise: () => {}, listen: () => {} };
  await confirmImport(
    { ...ports, log: quiet, keysRecorded: signal as never },
    importId,
    'local administrator',
    {
      from: ports.server,
      new: keys.length,
      known: 0,
      conflicts: [],
    },
  );
}
