/**
 * Records keys, from whatever source: the one way by which a key enters the repository. `recordKeys` takes keys in
 * memory; `recordStaged` takes the rows of a confirmed import, which went through the same checks when they were staged.
 *
 * Invariants: every record was checked against its id before, and was offered to the repairs that wait for one; a known
 * key changes nothing; another record under a known id is a conflict and overwrites nothing; numbers and chain values
 * follow one another without gaps.
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

export type RecordPorts = Pick<ServerPorts, 'barrier' | 'clock' | 'audit' | 'wanted'>;

/**
 * Records keys in the caller's transaction and returns the outcome of each, in order. The audit event for the new ones
 * is appended too.
 *
 * @param receivedFrom the source of all keys, or of each: `device:ID`, `secondary:ID`, `primary:ID`, `receipt:ID`.
 */
export async function recordKeys(
  ports: RecordPorts,
  transaction: Transaction,
  keys: readonly CheckedKey[],
  receivedFrom: string | readonly string[],
): Promise<readonly RecordOutcome[]> {
  const recordedAt = ports.clock();
  const arrived = keys.map((checked, at) => ({
    id: checked.complete.key.id,
    digest: checked.digest,
    receivedFrom: typeof receivedFrom === 'string' ? receivedFrom : receivedFrom[at]!,
    checked,
  }));
  // A key that belongs to a damaged row goes into that row, and is known from then on.
  if (!ports.wanted.none) {
    for (const [from, some] of Map.groupBy(arrived, (key) => key.receivedFrom))
      await ports.wanted.repair(
        transaction,
        some.map(({ checked }) => checked),
        from,
      );
  }
  return place(ports, transaction, arrived, (placed) =>
    transaction.appendKeys(rowsOf(ports.barrier, placed, recordedAt)),
  );
}

/** The same for keys staged by an import: the store moves their rows, which stay sealed. */
export function recordStaged(
  ports: Pick<ServerPorts, 'audit'>,
  transaction: Transaction,
  importId: string,
  keys: readonly Judged[],
  receivedFrom: string,
): Promise<readonly RecordOutcome[]> {
  return place(
    ports,
    transaction,
    keys.map(({ id, digest }) => ({ id, digest, receivedFrom })),
    (placed) => transaction.appendStaged(importId, placed, receivedFrom),
  );
}

/** What decides the outcome of a key. */
type Judged = Pick<StoredKey, 'id' | 'digest'>;

/** A key with its source. */
interface Arrived extends Judged {
  readonly receivedFrom: string;
}

/** Each is sealed when it is its turn: a whole batch of sealed records at once would be another batch in memory. */
function* rowsOf(
  barrier: Barrier,
  placed: readonly Placed<Arrived & { readonly checked: CheckedKey }>[],
  recordedAt: number,
): Generator<StoredKey> {
  for (const { key, seq, chain } of placed)
    yield { ...sealedRow(barrier, key.checked, key.receivedFrom, recordedAt), seq, chain };
}

/** A new key and its place in the sequence. */
interface Placed<K extends Arrived> extends PlacedKey {
  readonly key: K;
}

/** Numbers and chains the new ones, lets `append` write them, and tells of them in the audit log. */
async function place<K extends Arrived>(
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
function recordedEvents(placed: readonly Placed<Arrived>[]): AuditEvent[] {
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
