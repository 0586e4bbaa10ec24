/**
 * Recovers damaged keys from the primary. The primary gives them only while an administrator there allows it, as with
 * `recover-from-primary`: to the primary, all secondaries that ask without claims are alike, whatever reason they give.
 *
 * Invariant: what the primary sends counts for nothing by itself. It is stored only where the chain of this repository
 * proves it.
 */
import { UUID_PATTERN } from '#domain/uuid.ts';
import {
  type RequestRecoveryPorts,
  requireOpenLink,
  requireStillOpen,
  fetchKeys,
  listRecoverable,
} from '../../hierarchy/recovery/request-recovery.ts';
import type { PrimaryRow } from '../../hierarchy/primary/primary-row.ts';
import type { CheckedKey } from '#domain/encryption-key.ts';
import { type DamagedRange, GROUP_KEYS_MAX, mayBelong } from './damaged-range.ts';
import { repairRange, type RepairedKey } from './repair-range.ts';

/** Records that may fill gaps, held in memory at once: some megabytes. */
const LACKING_MAX = 4 * GROUP_KEYS_MAX;

/** Throws what is blocking. @param onRepaired is called as soon as a repair is durable. */
export async function repairFromPrimary(
  ports: RequestRecoveryPorts,
  groups: readonly DamagedRange[],
  by: string,
  onRepaired: (repaired: readonly RepairedKey[]) => void,
  requireWanted: () => void,
): Promise<readonly DamagedRange[]> {
  const primary = await requireOpenLink(ports);
  const repairWith = async (
    left: readonly DamagedRange[],
    keys: readonly CheckedKey[],
  ): Promise<DamagedRange[]> => {
    const still: DamagedRange[] = [];
    for (const group of left) {
      const { repaired, whole } = await ports.store.write(async (transaction) => {
        await requireStillOpen(ports, transaction, primary);
        const fitting = keys.filter((key) => mayBelong(group, key));
        return repairRange(ports, transaction, group, fitting, { from: `primary:${primary.id}`, by });
      });
      onRepaired(repaired);
      if (!whole) still.push(group);
      requireWanted();
    }
    return still;
  };
  const named = groups.flatMap(({ ids }) => [...ids]).filter((id) => UUID_PATTERN.test(id));
  const left = await repairWith(groups, await fetched(ports, primary, named, requireWanted));
  if (left.length === 0) return left;
  // Altered ids and missing rows are found by digest.
  const sought = await listed(ports, primary, left, new Set(named), requireWanted);
  return sought.length === 0 ? left : repairWith(left, await fetched(ports, primary, sought, requireWanted));
}

async function fetched(
  ports: RequestRecoveryPorts,
  primary: PrimaryRow,
  ids: readonly string[],
  requireWanted: () => void,
): Promise<CheckedKey[]> {
  const keys: CheckedKey[] = [];
  for await (const page of fetchKeys(ports, primary, ids)) {
    keys.push(...page.keys);
    requireWanted();
  }
  return keys;
}

/** The ids of what the primary has from here that may belong to one of the groups. */
async function listed(
  ports: RequestRecoveryPorts,
  primary: PrimaryRow,
  groups: readonly DamagedRange[],
  asked: ReadonlySet<string>,
  requireWanted: () => void,
): Promise<string[]> {
  const digests = new Set(groups.flatMap((group) => [...group.digests]));
  const gaps = groups.some((group) => group.gaps);
  const ids: string[] = [];
  for await (const page of listRecoverable(ports, primary)) {
    const known = await ports.store.reader.knownKeys(page.keys.map(({ id }) => id));
    for (const { id, digest } of page.keys) {
      if (known.has(id) || (!gaps && asked.has(id))) continue;
      if (digests.has(digest) || (gaps && ids.length < LACKING_MAX)) ids.push(id);
    }
    requireWanted();
  }
  return ids;
}
