/**
 * The keys with which this server signs checkpoints of its audit log and countersigns those of others. They are the
 * server's own secrets: sealed in the database, included in every backup, the same in every epoch.
 *
 * Invariant: each role has its own key pairs, since an Ed25519 cosignature does not name its signer.
 */
import { type NoteSigner, noteSigner, SEED_BYTES } from '#crypto/note-keys.ts';
import { witnessName } from '#domain/checkpoint.ts';
import { toHex } from '#domain/hex.ts';
import { sha256 } from '#domain/sha-256.ts';
import { verifierKeyText } from '#domain/signed-note.ts';
import type { Transaction } from '#store/transaction.ts';
import type { Random } from '../environment/environment.ts';
import type { ServerPorts } from '../repository/ports.ts';
import type { TrustedRows } from '../repository/trusted-rows.ts';

const LOG_KEYS = 'audit-log-keys';
const WITNESS_KEYS = 'audit-witness-keys';
const ROLES = [LOG_KEYS, WITNESS_KEYS];

export interface LogKeys {
  /** Signs the log with that origin: Ed25519 first, since every tool reads it, then ML-DSA-44. */
  readonly ofLog: (origin: string) => readonly NoteSigner[];
  /** Countersigns the logs of others. */
  readonly ofWitness: readonly NoteSigner[];
}

/** Two seeds for each role. */
export async function storeNewLogKeys(
  rows: TrustedRows,
  transaction: Transaction,
  random: Random,
  roles: readonly string[] = ROLES,
): Promise<void> {
  for (const role of roles) await rows.putSecret(transaction, role, random(2 * SEED_BYTES));
}

/**
 * Makes them if an earlier release created the server. Throws `record-unreadable` if they do not open.
 *
 * @param postQuantum without it, only Ed25519 signs. An ML-DSA signature takes a millisecond and is random, so a
 * simulation, which must repeat exactly, omits it.
 */
export async function openLogKeys(
  { server, rows, store, audit, random }: Pick<ServerPorts, 'server' | 'rows' | 'store' | 'audit' | 'random'>,
  postQuantum = true,
): Promise<LogKeys> {
  const lacking: string[] = [];
  for (const role of ROLES) {
    if ((await store.reader.row('secret', role)) === undefined) lacking.push(role);
  }
  if (lacking.length > 0) {
    await store.write(async (transaction) => {
      await storeNewLogKeys(rows, transaction, random, lacking);
      const { verifierKey } = noteSigner('', 'ed25519', await seedOf(rows, transaction, LOG_KEYS, 0));
      await audit.append(transaction, [
        { event: 'audit-keys-made', by: 'server', key: toHex(sha256(verifierKey.publicKey)) },
      ]);
    });
  }
  const { reader } = store;
  const seeds = [await seedOf(rows, reader, LOG_KEYS, 0), await seedOf(rows, reader, LOG_KEYS, 1)] as const;
  const witness = [
    await seedOf(rows, reader, WITNESS_KEYS, 0),
    await seedOf(rows, reader, WITNESS_KEYS, 1),
  ] as const;
  const lasting = (name: string, seed: Uint8Array): NoteSigner[] =>
    postQuantum ? [noteSigner(name, 'cosignature-ml-dsa-44', seed)] : [];
  const name = witnessName(server.id);
  return {
    ofLog: (origin) => [noteSigner(origin, 'ed25519', seeds[0]), ...lasting(origin, seeds[1])],
    ofWitness: [noteSigner(name, 'cosignature-ed25519', witness[0]), ...lasting(name, witness[1])],
  };
}

export function verifierKeys(signers: readonly NoteSigner[]): string[] {
  return signers.map(({ verifierKey }) => verifierKeyText(verifierKey));
}

async function seedOf(
  rows: TrustedRows,
  reader: Parameters<TrustedRows['getSecret']>[0],
  role: string,
  place: 0 | 1,
): Promise<Uint8Array> {
  const seeds = await rows.getSecret(reader, role);
  return (seeds ?? new Uint8Array(0)).subarray(place * SEED_BYTES, (place + 1) * SEED_BYTES);
}
