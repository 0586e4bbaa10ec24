/**
 * Records keys from any source: `recordKeys` for keys at hand, `recordRows` for keys that each came from elsewhere,
 * `recordPlaced` for rows that are already staged. All three number and chain alike. Invariants: every record was
 * checked against its id before; a known key changes nothing; another record under a known id is a conflict and
 * overwrites nothing; numbers and chain values follow one another without gaps.
 */
import type { Barrier } from '#crypto/barrier.ts';
import type { AuditEvent } from '#domain/audit-log.ts';
import {
  type CheckedKey,
  type CompleteKey,
  type EncryptionKey,
  keyFromCanonical,
} from '#domain/encryption-key.ts';
import { KeystairError } from '#domain/errors.ts';
import { KeyMaterial } from '#domain/key-material.ts';
import { BLIND_BYTES } from '#domain/limits.ts';
import { nextChainValue } from '#domain/sequence.ts';
import { step } from '#domain/step.ts';
import type { PlacedKey, StoredKey } from '#store/rows.ts';
import type { Transaction } from '#store/transaction.ts';
import type { ServerPorts } from '../repository/ports.ts';

export type RecordOutcome =
  | { readonly outcome: 'new' | 'known'; readonly seq: number }
  | { readonly outcome: 'conflict' };

const PURPOSE = 'keys';

/**
 * What a sealed record is bound to: every other field of its row except its place in the sequence, which the chain
 * binds.
 */
function associated(row: Pick<StoredKey, 'id' | 'receivedFrom' | 'recordedAt' | 'fields'>): string {
  return `${row.id}\n${row.receivedFrom}\n${row.recordedAt}\n${row.fields}`;
}

/** A row of the repository without its place in the sequence. */
export type UnnumberedKey = Omit<StoredKey, 'seq' | 'chain'>;

/** The row of a checked key, its secrets sealed. @param receivedFrom as for `recordKeys`. */
export function sealedRow(
  barrier: Barrier,
  { complete, fields, digest }: CheckedKey,
  receivedFrom: string,
  recordedAt: number,
): UnnumberedKey {
  const row = { id: complete.key.id, receivedFrom, recordedAt, fields };
  const sealed = sealSecrets(barrier, row, complete);
  return { ...row, digest, deviceId: complete.key.device.id, sealed };
}

/**
 * Records keys in the caller's transaction and returns the outcome of each, in order. The audit event for the new ones
 * is appended too.
 *
 * @param receivedFrom `device:ID`, `secondary:ID`, `primary:ID`, `receipt:ID` or `import:ID`.
 */
export async function recordKeys(
  ports: Pick<ServerPorts, 'barrier' | 'clock' | 'audit'> & Partial<Pick<ServerPorts, 'wanted'>>,
  transaction: Transaction,
  keys: readonly CheckedKey[],
  receivedFrom: string,
): Promise<readonly RecordOutcome[]> {
  // A key that belongs to a damaged row goes into that row, and is known from then on.
  if (ports.wanted?.none === false) await ports.wanted.mend(transaction, keys, receivedFrom);
  const recordedAt = ports.clock();
  const candidates = keys.map((checked) => candidateOf(ports.barrier, checked, receivedFrom, recordedAt));
  return recordRows(ports, transaction, candidates);
}

/** The parts of a key that decide its outcome. */
export type Judged = Pick<StoredKey, 'id' | 'digest' | 'receivedFrom'>;

/** A key that is recorded if it is new; only then is its row made. */
export interface Candidate extends Judged {
  readonly row: () => UnnumberedKey;
}

export function candidateOf(
  barrier: Barrier,
  checked: CheckedKey,
  receivedFrom: string,
  recordedAt: number,
): Candidate {
  return {
    id: checked.complete.key.id,
    digest: checked.digest,
    receivedFrom,
    row: () => sealedRow(barrier, checked, receivedFrom, recordedAt),
  };
}

/** The same for keys that were checked before, each with its own source. */
export async function recordRows(
  ports: Pick<ServerPorts, 'audit'>,
  transaction: Transaction,
  keys: readonly Candidate[],
): Promise<readonly RecordOutcome[]> {
  return recordPlaced(ports, transaction, keys, (placed) =>
    transaction.appendKeys(placed.map(({ key, seq, chain }) => ({ ...key.row(), seq, chain }))),
  );
}

/** A new key and its place in the sequence. */
export interface Placed<K extends Judged> extends PlacedKey {
  readonly key: K;
}

/** The same for rows that are stored elsewhere: `append` writes those of the new keys. */
export async function recordPlaced<K extends Judged>(
  ports: Pick<ServerPorts, 'audit'>,
  transaction: Transaction,
  keys: readonly K[],
  append: (placed: readonly Placed<K>[]) => Promise<void>,
): Promise<readonly RecordOutcome[]> {
  const known = new Map(await transaction.knownKeys(keys.map(({ id }) => id)));
  let { seq, chain } = await transaction.head();
  const placed: Placed<K>[] = [];
  const outcomes = keys.map((key): RecordOutcome => {
    const { id, digest } = key;
    const there = known.get(id);
    const present = there && outcomeAt(there, digest);
    if (present !== undefined) return present;
    seq += 1;
    chain = nextChainValue(chain, digest);
    known.set(id, { seq, digest });
    placed.push({ key, id, seq, chain });
    return { outcome: 'new', seq };
  });
  if (placed.length > 0) {
    await append(placed);
    await ports.audit.append(transaction, recordedEvents(placed));
  }
  return outcomes;
}

/** The outcome for a key under whose id a record is already here. */
function outcomeAt(
  there: { readonly seq: number; readonly digest: Uint8Array },
  digest: Uint8Array,
): RecordOutcome {
  return Buffer.compare(there.digest, digest) === 0
    ? { outcome: 'known', seq: there.seq }
    : { outcome: 'conflict' };
}

/** One event for each run of new keys from the same source. */
function recordedEvents(placed: readonly Placed<Judged>[]): AuditEvent[] {
  const events: AuditEvent[] = [];
  for (let at = 0; at < placed.length; ) {
    const { seq, id, key } = placed[at]!;
    const { receivedFrom } = key;
    while (at < placed.length && placed[at]!.key.receivedFrom === receivedFrom) at += 1;
    const to = placed[at - 1]!.seq;
    events.push({ event: 'keys-recorded', by: receivedFrom, from: seq, to, first: id, receivedFrom });
  }
  return events;
}

function sealSecrets(
  barrier: Barrier,
  row: Pick<StoredKey, 'id' | 'receivedFrom' | 'recordedAt' | 'fields'>,
  complete: CompleteKey,
): Uint8Array {
  const material = complete.material.expose();
  const secrets = Buffer.allocUnsafe(BLIND_BYTES + material.length);
  secrets.set(complete.blind, 0);
  secrets.set(material, BLIND_BYTES);
  const sealed = barrier.seal(PURPOSE, associated(row), secrets);
  secrets.fill(0);
  return sealed;
}

/**
 * The row's secrets, re-encrypted under the current data key; undefined if they are already under it. Throws
 * `record-unreadable`.
 */
export function resealed(
  barrier: Barrier,
  row: Pick<StoredKey, 'id' | 'receivedFrom' | 'recordedAt' | 'fields' | 'sealed'>,
): Uint8Array | undefined {
  if (barrier.dataKeyNumber(row.sealed) === barrier.currentDataKey) return undefined;
  const secrets = barrier.open(PURPOSE, associated(row), row.sealed);
  const sealed = barrier.seal(PURPOSE, associated(row), secrets);
  secrets.fill(0);
  return sealed;
}

/**
 * Material and blind of a row. That they open proves that every other field is as it was recorded. Throws
 * `record-unreadable` if the row was moved, edited or damaged.
 */
export function openSecrets(barrier: Barrier, row: StoredKey): Pick<CompleteKey, 'material' | 'blind'> {
  let secrets: Uint8Array;
  try {
    secrets = barrier.open(PURPOSE, associated(row), row.sealed);
  } catch (cause) {
    throw new KeystairError('record-unreadable', `the record of key ${row.id} does not open`, {
      nextStep: step('verify-key'),
      cause,
    });
  }
  return {
    material: new KeyMaterial(secrets.subarray(BLIND_BYTES)),
    blind: secrets.subarray(0, BLIND_BYTES),
  };
}

/** The whole key of a row. Throws `record-unreadable`. */
export function openStoredKey(barrier: Barrier, row: StoredKey): CompleteKey {
  const secrets = openSecrets(barrier, row);
  return { key: publicFields(row), ...secrets };
}

/** The public fields of a row, by the row's word: only opening the record proves them unaltered. */
export function publicFields(row: StoredKey): EncryptionKey {
  return keyFromCanonical(row.id, row.fields);
}
