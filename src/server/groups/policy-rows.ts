/**
 * The rows of policies, one for each group that has one, and the number of the last change.
 *
 * Invariant: whatever changes what some device must do takes the next number in its transaction and leaves it where the
 * change was made: on a policy, a group or a device. So the number of a device's policy, the greatest on the way down to
 * it, rises with every change to it, and with few others.
 */
import type { Changed } from '#domain/changed.ts';
import { toHex } from '#domain/hex.ts';
import type { PolicyDocument } from '#domain/policy/policy.ts';
import type { ServerName } from '#domain/server-name.ts';
import type { Reader, Transaction } from '#store/transaction.ts';
import type { ServerPorts } from '../repository/ports.ts';
import type { TrustedRows } from '../repository/trusted-rows.ts';

export interface PolicyRow {
  readonly document: PolicyDocument;
  /** Of the change that made it so. */
  readonly number: number;
  readonly changed?: Changed | undefined;
}

/** What the primary's root group says, as the primary told it last. */
export interface PrimaryPolicyRow extends PolicyRow {
  readonly from: ServerName;
  /** The number there, and the digest by which the primary knows whether it is still the one that holds. */
  readonly theirs: { readonly number: number; readonly digest: string };
}

/** How often anything changed that decides what a device must do. */
export interface PolicyCount {
  readonly number: number;
  /** Random: a number that was lost with its change and given again is known for another. */
  readonly mark: string;
  /** Of the last change of whether the primary's policy counts. It may change what every device must do. */
  readonly everywhere: number;
}

/** No group has this id. */
const PRIMARY = 'primary';
const COUNT = 'policy-count';
const MARK_BYTES = 8;
export const NO_COUNT: PolicyCount = { number: 0, mark: '', everywhere: 0 };

export function readPolicy(rows: TrustedRows, reader: Reader, group: string): Promise<PolicyRow | undefined> {
  return rows.get<PolicyRow>(reader, 'policy', group);
}

export function putPolicy(
  rows: TrustedRows,
  transaction: Transaction,
  group: string,
  policy: PolicyRow,
): Promise<void> {
  return rows.put(transaction, 'policy', group, policy);
}

export function readPrimaryPolicy(rows: TrustedRows, reader: Reader): Promise<PrimaryPolicyRow | undefined> {
  return rows.get<PrimaryPolicyRow>(reader, 'policy', PRIMARY);
}

export function putPrimaryPolicy(
  rows: TrustedRows,
  transaction: Transaction,
  policy: PrimaryPolicyRow,
): Promise<void> {
  return rows.put(transaction, 'policy', PRIMARY, policy);
}

export async function readPolicyCount(rows: TrustedRows, reader: Reader): Promise<PolicyCount> {
  return (await rows.get<PolicyCount>(reader, 'setting', COUNT)) ?? NO_COUNT;
}

/** The number of a change, in the transaction that makes it. */
export async function nextPolicyNumber(
  { rows, random }: Pick<ServerPorts, 'rows' | 'random'>,
  transaction: Transaction,
  where: 'everywhere' | 'somewhere' = 'somewhere',
): Promise<number> {
  const before = await readPolicyCount(rows, transaction);
  const number = before.number + 1;
  const everywhere = where === 'everywhere' ? number : before.everywhere;
  const next: PolicyCount = { number, mark: toHex(random(MARK_BYTES)), everywhere };
  await rows.put(transaction, 'setting', COUNT, next);
  return number;
}

/** When the primary is left. Its policy holds no more, under a new number. */
export async function forgetPrimaryPolicy(
  ports: Pick<ServerPorts, 'rows' | 'random'>,
  transaction: Transaction,
): Promise<void> {
  if ((await readPrimaryPolicy(ports.rows, transaction)) === undefined) return;
  await transaction.deleteRow('policy', PRIMARY);
  await nextPolicyNumber(ports, transaction, 'everywhere');
}
