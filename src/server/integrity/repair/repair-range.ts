/**
 * Repairs a run of damaged numbers in one transaction: what is right in the rows is kept, and recovered records fill
 * the rest.
 *
 * Invariants: a record enters a row only if its own id fits its content and the chain proves that it was recorded at
 * that number; it is encrypted under the current data key; the audit event is durable with it.
 */
import type { Barrier } from '#crypto/barrier.ts';
import { KeystairError } from '#domain/errors.ts';
import type { StoredKey } from '#store/rows.ts';
import type { Transaction } from '#store/transaction.ts';
import { beginEpoch } from '../../hierarchy/primary/heartbeat.ts';
import { type CheckedKey, checkKey } from '#domain/encryption-key.ts';
import { openStoredKey, sealedRow, type UnnumberedKey } from '../../records/record-keys.ts';
import type { ServerPorts } from '../../repository/ports.ts';
import { type DamagedRange, GROUP_KEYS_MAX, type Hint } from './damaged-range.ts';
import { type Fitting, type Placed, placeRecords, type Slot } from './place-records.ts';

export type RepairRangePorts = Pick<ServerPorts, 'barrier' | 'audit' | 'clock' | 'rows' | 'random'>;

export interface RepairedKey {
  readonly seq: number;
  readonly id: string;
  /** `here`, or the source of the record: `primary:ID`, `secondary:ID`, `receipt:ID` or `import:ID`. */
  readonly from: string;
}

export interface RepairOutcome {
  readonly repaired: readonly RepairedKey[];
  /** Nothing in the run is damaged any more. */
  readonly whole: boolean;
}

/** A record that may belong in the run, and the row that it would have. */
interface Found extends Fitting {
  readonly from: string;
  readonly row: (hint: Hint | undefined) => UnnumberedKey;
}

const NOTHING_REPAIRED: RepairOutcome = { repaired: [], whole: false };
/** A key is recorded a moment before the audit log reports it. Times tried in one transaction, some 10 ms. */
const TIMES_TRIED_MAX = 1000;
/** Refused keys that are searched. */
const REFUSED_MAX = 10_000;

/**
 * @param records that may belong there, checked against their ids. @param from their source. @param by who repairs, for
 * the audit log.
 */
export async function repairRange(
  ports: RepairRangePorts,
  transaction: Transaction,
  group: DamagedRange,
  records: readonly CheckedKey[],
  { from, by }: { readonly from: string; readonly by: string },
): Promise<RepairOutcome> {
  const count = group.to - group.from + 1;
  const before = await transaction.chainAt(group.from - 1);
  if (count > GROUP_KEYS_MAX || before === undefined) return NOTHING_REPAIRED;
  const rows = new Map((await transaction.keysAfter(group.from - 1, count + 1)).map((row) => [row.seq, row]));
  const head = await transaction.head();
  const next = rows.get(group.to + 1);
  if (next === undefined && head.seq !== group.to) return NOTHING_REPAIRED;
  const brought = records.map((checked) => broughtRecord(ports, checked, from));
  const seqs = Array.from({ length: count }, (_, index) => group.from + index);
  const timesTried = Math.floor(TIMES_TRIED_MAX / count);
  const own = new Map(
    seqs.map((seq) => [seq, ownRecord(ports.barrier, rows.get(seq), group.hints.get(seq), timesTried)]),
  );
  const slots = seqs.map((seq): Slot<Found> => {
    const row = rows.get(seq);
    const mine = own.get(seq);
    const ids = [row?.id, group.hints.get(seq)?.id];
    const fitting = brought.filter(
      ({ id, digest }) => ids.includes(id) || (row !== undefined && same(row.digest, digest)),
    );
    return { seq, row, likely: mine === undefined ? fitting : [mine, ...fitting] };
  });
  // Includes records that changed places.
  const pool = [...[...own.values()].filter((one) => one !== undefined), ...brought];
  const placed = placeRecords({ before, next, pool, slots });
  if (placed === undefined) return NOTHING_REPAIRED;
  return write(ports, transaction, group, rows, placed, by);
}

async function write(
  ports: RepairRangePorts,
  transaction: Transaction,
  group: DamagedRange,
  rows: ReadonlyMap<number, StoredKey>,
  placed: readonly Placed<Found>[],
  by: string,
): Promise<RepairOutcome> {
  const whole = placed.every(({ record }) => record !== undefined);
  const fresh: StoredKey[] = [];
  const repaired: RepairedKey[] = [];
  for (const { seq, chain, record } of placed) {
    if (record === undefined) continue;
    const row: StoredKey = { ...record.row(group.hints.get(seq)), seq, chain };
    const there = rows.get(seq);
    if (there !== undefined && sameRow(there, row)) continue;
    fresh.push(row);
    repaired.push({ seq, id: row.id, from: record.from });
  }
  if (fresh.length === 0) return { repaired, whole };
  const known = await transaction.knownKeys(fresh.map(({ id }) => id));
  const written = new Set(fresh.map(({ seq }) => seq));
  // The key was recorded under another number meanwhile.
  if ([...known.values()].some(({ seq }) => !written.has(seq))) return NOTHING_REPAIRED;
  await transaction.repairKeys(fresh);
  await ports.audit.append(
    transaction,
    repaired.map(({ seq, id, from }) => ({ event: 'key-repaired', by, key: id, number: seq, from })),
  );
  // The primary's cursor has passed a key that it refused as damaged. Only sending everything again brings that key
  // there.
  const refused = (await transaction.refusedKeys('', REFUSED_MAX)).map(({ seq }) => seq);
  if (repaired.some(({ seq }) => refused.includes(seq))) {
    await beginEpoch(ports, transaction, 'a key was repaired that the primary had refused as damaged');
  }
  return { repaired, whole };
}

function broughtRecord(ports: RepairRangePorts, checked: CheckedKey, from: string): Found {
  return {
    id: checked.complete.key.id,
    digest: checked.digest,
    from,
    // What the damaged row says of the key's source and time is worth nothing.
    row: (hint) => sealedRow(ports.barrier, checked, hint?.receivedFrom ?? from, hint?.at ?? ports.clock()),
  };
}

/** The record in a row, if it opens, with the audit log's word in place of an altered column. */
function ownRecord(
  barrier: Barrier,
  row: StoredKey | undefined,
  hint: Hint | undefined,
  timesTried: number,
): Found | undefined {
  if (row === undefined || !isSealed(barrier, row.sealed)) return undefined;
  for (const attempt of attempts(row, hint, timesTried)) {
    const checked = openedOrNot(barrier, attempt);
    if (checked === undefined) continue;
    const { digest, complete } = checked;
    const right = { ...attempt, digest, deviceId: complete.key.device.id };
    return { id: attempt.id, digest, from: 'here', row: () => right };
  }
  return undefined;
}

/** Something without even the form of a seal cannot be opened. */
function isSealed(barrier: Barrier, sealed: Uint8Array): boolean {
  try {
    barrier.dataKeyNumber(sealed);
    return true;
  } catch (error) {
    if (error instanceof KeystairError) return false;
    throw error;
  }
}

function* attempts(row: StoredKey, hint: Hint | undefined, timesTried: number): Generator<StoredKey> {
  yield row;
  if (hint === undefined) return;
  const told = { ...row, id: hint.id ?? row.id, receivedFrom: hint.receivedFrom };
  if (told.id !== row.id || told.receivedFrom !== row.receivedFrom) yield told;
  for (let before = 0; before < timesTried; before += 1) {
    yield { ...told, recordedAt: hint.at - before };
  }
}

function openedOrNot(barrier: Barrier, row: StoredKey): CheckedKey | undefined {
  try {
    return checkKey(openStoredKey(barrier, row));
  } catch (error) {
    if (error instanceof KeystairError || error instanceof TypeError) return undefined;
    throw error;
  }
}

function sameRow(left: StoredKey, right: StoredKey): boolean {
  return (
    left.id === right.id &&
    left.deviceId === right.deviceId &&
    left.fields === right.fields &&
    left.receivedFrom === right.receivedFrom &&
    left.recordedAt === right.recordedAt &&
    same(left.digest, right.digest) &&
    same(left.chain, right.chain) &&
    same(left.sealed, right.sealed)
  );
}

function same(left: Uint8Array, right: Uint8Array): boolean {
  return Buffer.compare(left, right) === 0;
}
