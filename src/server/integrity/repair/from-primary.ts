/**
 * Recovers damaged keys from the primary. The primary gives them only while an administrator there allows it, as with
 * `recover-from-primary`: to the primary, all secondaries that ask without claims are alike, whatever reason they give.
 *
 * Invariant: what the primary sends counts for nothing by itself. It is stored only where the chain of this repository
 * proves it.
 */
import { UUID_PATTERN } from '#domain/uuid.ts';
import {
  type AskBackPorts,
  demandOpenLink,
  demandStillOpen,
  fetchKeys,
  listedAbove,
} from '../../hierarchy/recovery/ask-back.ts';
import type { PrimaryRow } from '../../hierarchy/primary/primary-row.ts';
import type { CheckedKey } from '#domain/encryption-key.ts';
import { type DamagedGroup, GROUP_KEYS_MAX, mayBelong } from './damaged-group.ts';
import { mendGroup, type MendedKey } from './mend-group.ts';

/** Records that may fill gaps, held in memory at once: some megabytes. */
const LACKING_MAX = 4 * GROUP_KEYS_MAX;

/** Throws what is blocking. @param onMended is called as soon as a repair is durable. */
export async function mendFromPrimary(
  ports: AskBackPorts,
  groups: readonly DamagedGroup[],
  by: string,
  onMended: (mended: readonly MendedKey[]) => void,
  demandWanted: () => void,
): Promise<readonly DamagedGroup[]> {
  const primary = await demandOpenLink(ports);
  const mend = async (
    left: readonly DamagedGroup[],
    keys: readonly CheckedKey[],
  ): Promise<DamagedGroup[]> => {
    const still: DamagedGroup[] = [];
    for (const group of left) {
      const { mended, whole } = await ports.store.write(async (transaction) => {
        await demandStillOpen(ports, transaction, primary);
        const fitting = keys.filter((key) => mayBelong(group, key));
        return mendGroup(ports, transaction, group, fitting, { from: `primary:${primary.id}`, by });
      });
      onMended(mended);
      if (!whole) still.push(group);
      demandWanted();
    }
    return still;
  };
  const named = groups.flatMap(({ ids }) => [...ids]).filter((id) => UUID_PATTERN.test(id));
  const left = await mend(groups, await fetched(ports, primary, named, demandWanted));
  if (left.length === 0) return left;
  // Altered ids and missing rows are found by digest.
  const sought = await listed(ports, primary, left, new Set(named), demandWanted);
  return sought.length === 0 ? left : mend(left, await fetched(ports, primary, sought, demandWanted));
}

async function fetched(
  ports: AskBackPorts,
  primary: PrimaryRow,
  ids: readonly string[],
  demandWanted: () => void,
): Promise<CheckedKey[]> {
  const keys: CheckedKey[] = [];
  for await (const page of fetchKeys(ports, primary, ids)) {
    keys.push(...page.keys);
    demandWanted();
  }
  return keys;
}

/** The ids of what the primary has from here that may belong to one of the groups. */
async function listed(
  ports: AskBackPorts,
  primary: PrimaryRow,
  groups: readonly DamagedGroup[],
  asked: ReadonlySet<string>,
  demandWanted: () => void,
): Promise<string[]> {
  const digests = new Set(groups.flatMap((group) => [...group.digests]));
  const gaps = groups.some((group) => group.gaps);
  const ids: string[] = [];
  for await (const page of listedAbove(ports, primary)) {
    const known = await ports.store.reader.knownKeys(page.keys.map(({ id }) => id));
    for (const { id, digest } of page.keys) {
      if (known.has(id) || (!gaps && asked.has(id))) continue;
      if (digests.has(digest) || (gaps && ids.length < LACKING_MAX)) ids.push(id);
    }
    demandWanted();
  }
  return ids;
}
